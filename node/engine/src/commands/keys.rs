//! Finding the keys among a command's arguments.

use super::spec::{BeginSearch, CommandSpec, FindKeys, KeyFlags, KeySpec};
use crate::resp::{Args, parse_i64};

/// The arguments of a command do not tell where its keys are: a count is no number or larger than the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidKeys;

/// Call `visit` with the position of every key of a command, specification by specification.
///
/// # Errors
/// [`InvalidKeys`] when a key count in the arguments is wrong.
#[inline]
pub fn for_each_key(
    spec: &CommandSpec,
    args: Args<'_>,
    mut visit: impl FnMut(KeyFlags, usize),
) -> Result<(), InvalidKeys> {
    for key_spec in spec.key_specs {
        match (key_spec.begin, key_spec.find) {
            // Nearly all commands: one key at a fixed place.
            (BeginSearch::Index(index), FindKeys::Range { last: 0, .. }) => {
                if index < args.len() {
                    visit(key_spec.flags, index);
                }
            }
            (BeginSearch::Unknown, _) | (_, FindKeys::Unknown) => {
                for (index, flags) in spec.key_finder.map_or(Ok(Vec::new()), |find| find(args))? {
                    visit(flags, index);
                }
            }
            _ => {
                for index in positions(key_spec, args)? {
                    visit(key_spec.flags, index);
                }
            }
        }
    }
    Ok(())
}

/// Every key of a command with what becomes of it, as COMMAND GETKEYSANDFLAGS tells it.
///
/// # Errors
/// [`InvalidKeys`] when a key count in the arguments is wrong.
pub fn keys_and_flags(spec: &CommandSpec, args: Args<'_>) -> Result<Vec<(usize, KeyFlags)>, InvalidKeys> {
    if let Some(find) = spec.key_finder {
        return find(args);
    }
    let mut found = Vec::new();
    for_each_key(spec, args, |flags, index| {
        if !flags.contains(KeyFlags::NOT_KEY) {
            found.push((index, flags));
        }
    })?;
    Ok(found)
}

/// Positions of the keys that a specification finds.
fn positions(spec: &KeySpec, args: Args<'_>) -> Result<Vec<usize>, InvalidKeys> {
    let Some(begin) = begin_of(spec.begin, args) else {
        return Ok(Vec::new());
    };
    let count = args.len();
    Ok(match spec.find {
        FindKeys::Range { last, step, limit } => {
            let end = if last >= 0 {
                begin + last as usize
            } else if limit > 1 {
                begin + ((count - begin) / limit).saturating_sub(1)
            } else {
                count.saturating_sub(last.unsigned_abs() as usize)
            };
            (begin..=end.min(count.saturating_sub(1))).step_by(step.max(1)).collect()
        }
        FindKeys::Count { count: at, first, step } => {
            let keys = parse_i64(args.get(begin + at))
                .and_then(|keys| usize::try_from(keys).ok())
                .ok_or(InvalidKeys)?;
            let start = begin + first;
            let last = keys.checked_sub(1).and_then(|keys| keys.checked_mul(step)).map(|span| start + span);
            match last {
                None => Vec::new(),
                Some(last) if last < count => (start..=last).step_by(step).collect(),
                Some(_) => return Err(InvalidKeys),
            }
        }
        FindKeys::Unknown => Vec::new(),
    })
}

fn begin_of(begin: BeginSearch, args: Args<'_>) -> Option<usize> {
    let count = args.len();
    match begin {
        BeginSearch::Index(index) => (index < count).then_some(index),
        BeginSearch::Keyword(word, from) => {
            let is_word = |index: &usize| args.get(*index).eq_ignore_ascii_case(word.as_bytes());
            let found = if from >= 0 {
                (from as usize..count).find(is_word)
            } else {
                (2..=count.saturating_sub(from.unsigned_abs() as usize)).rev().find(is_word)
            };
            found.map(|index| index + 1).filter(|index| *index < count)
        }
        BeginSearch::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::spec::{CommandSpec, Group};
    use super::*;
    use crate::resp::Arg;

    fn keys(specs: &'static [KeySpec], words: &str) -> Result<Vec<usize>, InvalidKeys> {
        let args: Vec<Arg> = words.split(' ').map(|word| Arg::from(word.as_bytes().to_vec())).collect();
        let spec = CommandSpec::new("x", -1, Group::Generic, |_| Ok(())).keys(specs);
        let mut found = Vec::new();
        for_each_key(&spec, Args::owned(&args), |_, index| found.push(index))?;
        Ok(found)
    }

    #[test]
    fn ranges_count_from_both_ends_and_by_steps() {
        const ALL: &[KeySpec] = &[KeySpec::range(1, -1, 1, KeyFlags::RO)];
        const PAIRS: &[KeySpec] = &[KeySpec::range(1, -1, 2, KeyFlags::OW)];
        assert_eq!(keys(ALL, "MGET a b c"), Ok(vec![1, 2, 3]));
        assert_eq!(keys(PAIRS, "MSET a 1 b 2"), Ok(vec![1, 3]));
    }

    #[test]
    fn a_key_count_larger_than_the_command_is_invalid() {
        const COUNTED: &[KeySpec] = &[KeySpec::counted(1, 2, KeyFlags::OW)];
        assert_eq!(keys(COUNTED, "MSETEX 2 a 1 b 2 EX 5"), Ok(vec![2, 4]));
        for words in ["MSETEX 9 a 1", "MSETEX x a 1", "MSETEX -1 a 1", "MSETEX 9223372036854775807 a 1"] {
            assert_eq!(keys(COUNTED, words), Err(InvalidKeys), "{words}");
        }
    }
}
