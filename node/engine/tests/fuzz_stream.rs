//! Streams of requests, well-formed and not, in pieces of any size.

use std::fmt;

use proptest::prelude::*;

#[path = "fuzz/stream.rs"]
mod stream;

/// Bytes that show themselves with their runs cut short.
#[derive(Clone)]
struct Fragment(Vec<u8>);

impl fmt::Debug for Fragment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for run in self.0.chunk_by(|one, other| one == other) {
            let shown = run[..1].escape_ascii();
            if run.len() < 8 {
                write!(f, "{}", run.escape_ascii())?
            } else {
                write!(f, "{shown}..({})", run.len())?
            }
        }
        Ok(())
    }
}

/// Pieces of requests: put together at random they are mostly nearly right.
fn fragment() -> impl Strategy<Value = Fragment> {
    let count = prop_oneof![
        4 => (0i64..4).prop_map(|count| count.to_string()),
        1 => any::<i64>().prop_map(|count| count.to_string()),
        1 => prop::sample::select(vec!["", "-1", "+1", "01", " 1", "1048576", "2147483648", "9999999999"])
            .prop_map(str::to_owned),
        1 => (60_000usize..70_000).prop_map(|digits| "1".repeat(digits)),
    ];
    let bulk_bytes = prop_oneof![8 => 0usize..20, 2 => 32_760usize..32_780, 1 => 1_048_000usize..1_049_000];
    let line_end = prop::sample::select(vec!["\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "", "\r\r\n"]);
    prop_oneof![
        4 => (count.clone(), line_end.clone()).prop_map(|(count, end)| format!("*{count}{end}").into_bytes()),
        4 => (count, line_end.clone()).prop_map(|(count, end)| format!("${count}{end}").into_bytes()),
        6 => (bulk_bytes, any::<u8>(), line_end).prop_map(|(length, byte, end)| {
            [format!("${length}\r\n").as_bytes(), &vec![byte; length], end.as_bytes()].concat()
        }),
        2 => (0usize..70_000, any::<u8>()).prop_map(|(length, byte)| vec![byte; length]),
        2 => prop::collection::vec(any::<u8>(), 0..30),
        2 => "(PING|GET \"a\\\\x41\"|SET 'k'|ECHO \"|\u{0}| |\t){0,4}(\r?\n)?".prop_map(String::into_bytes),
    ]
    .prop_map(Fragment)
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 10_000, ..ProptestConfig::default() })]
    #[test]
    fn any_bytes_mean_the_same_in_any_pieces_and_cost_what_came(
        fragments in prop::collection::vec(fragment(), 1..12),
        pieces in prop::collection::vec(prop_oneof![4 => 1usize..8, 2 => 1usize..40_000], 1..8),
    ) {
        let stream: Vec<u8> = fragments.into_iter().flat_map(|fragment| fragment.0).collect();
        stream::check(&stream, &pieces);
    }
}
