//! The sparse form: runs of equal registers.
//!
//! `00nnnnnn` is a run of n+1 zeros; `01nnnnnn nnnnnnnn` one of up to 16 384; `1vvvvvnn` n+1 registers of value v+1. The
//! bytes of values must be Redis's, so runs are split and joined just as there, though shorter forms exist.

use super::estimate::Histogram;
use super::{Corrupt, REGISTERS, Registers};

/// The highest value that the form has room for.
pub(super) const VALUE_MAX: u8 = 32;

const ZEROS_MAX: usize = 64;
const VALUES_MAX: usize = 4;

/// How many runs Redis looks at to join neighbours after a change.
const JOINED_RUNS_MAX: usize = 5;

/// A run of registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// 0 for zeros.
    value: u8,
    registers: usize,
    /// Bytes that the run takes.
    bytes: usize,
}

impl Run {
    /// The run at the beginning of some bytes, if there is a whole one.
    #[inline]
    fn first(bytes: &[u8]) -> Option<Self> {
        let byte = *bytes.first()?;
        let low = usize::from(byte & 0x3f);
        Some(match byte >> 6 {
            0 => Self { value: 0, registers: low + 1, bytes: 1 },
            1 => {
                let next = usize::from(*bytes.get(1)?);
                Self { value: 0, registers: (low << 8 | next) + 1, bytes: 2 }
            }
            _ => Self { value: (byte >> 2 & 0x1f) + 1, registers: low % VALUES_MAX + 1, bytes: 1 },
        })
    }

    fn is_single_byte(self) -> bool {
        self.bytes == 1
    }
}

/// A few runs as bytes.
#[derive(Default)]
struct Written {
    bytes: [u8; 5],
    len: usize,
}

impl Written {
    fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    /// Write a run of zeros, or of up to four registers of a value; nothing if it has no registers.
    fn run(&mut self, value: u8, registers: usize) {
        let Some(length) = registers.checked_sub(1) else { return };
        if value > 0 {
            self.push(0x80 | (value - 1) << 2 | length as u8);
        } else if registers <= ZEROS_MAX {
            self.push(length as u8);
        } else {
            self.push(0x40 | (length >> 8) as u8);
            self.push(length as u8);
        }
    }
}

/// A form with all registers zero.
pub(super) fn zeros() -> Vec<u8> {
    let mut written = Written::default();
    written.run(0, REGISTERS);
    written.bytes[..written.len].to_vec()
}

/// What became of an attempt to set a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Raised {
    Yes,
    No,
    /// The form has no room, for the value or for the bytes that it would take.
    NoRoom,
}

/// Set a register to a value, if that is higher than its own. The form starts at `start` in `bytes`, which are not to
/// become more than `bytes_max`.
pub(super) fn raise(
    bytes: &mut Vec<u8>,
    start: usize,
    index: usize,
    value: u8,
    bytes_max: usize,
) -> Result<Raised, Corrupt> {
    if value > VALUE_MAX {
        return Ok(Raised::NoRoom);
    }
    let Found { run, at, before, first } = find(bytes, start, index)?;
    if run.value >= value {
        return Ok(Raised::No);
    }
    let mut written = Written::default();
    written.run(run.value, index - first);
    written.run(value, 1);
    written.run(run.value, first + run.registers - 1 - index);
    if written.len > run.bytes && bytes.len() + written.len - run.bytes > bytes_max {
        return Ok(Raised::NoRoom);
    }
    bytes.splice(at..at + run.bytes, written.bytes[..written.len].iter().copied());
    join(bytes, before);
    Ok(Raised::Yes)
}

/// The run that a register is in.
struct Found {
    run: Run,
    /// Where it is, and where the one before it is, or itself if it is the first.
    at: usize,
    before: usize,
    /// Its first register.
    first: usize,
}

#[inline]
fn find(bytes: &[u8], start: usize, index: usize) -> Result<Found, Corrupt> {
    let (mut at, mut before, mut first) = (start, start, 0);
    loop {
        let run = Run::first(&bytes[at..]).ok_or(Corrupt)?;
        if index < first + run.registers {
            return Ok(Found { run, at, before, first });
        }
        (before, at, first) = (at, at + run.bytes, first + run.registers);
    }
}

/// Join neighbours of equal values among the first runs from `at` on.
fn join(bytes: &mut Vec<u8>, mut at: usize) {
    for _ in 0..JOINED_RUNS_MAX {
        let Some(run) = bytes.get(at..).and_then(Run::first) else { return };
        let next = bytes.get(at + 1..).and_then(Run::first).filter(|next| {
            run.value > 0 && next.value == run.value && next.registers + run.registers <= VALUES_MAX
        });
        match next {
            Some(next) if run.is_single_byte() => {
                let mut written = Written::default();
                written.run(run.value, run.registers + next.registers);
                bytes[at] = written.bytes[0];
                bytes.remove(at + 1);
            }
            _ => at += run.bytes,
        }
    }
}

/// Count how many registers have each value.
pub(super) fn histogram(bytes: &[u8]) -> Result<Histogram, Corrupt> {
    let mut histogram = [0; _];
    each(bytes, |run, _| histogram[usize::from(run.value)] += run.registers as u32)?;
    Ok(histogram)
}

/// Raise registers to those of a sparse form.
pub(super) fn merge_into(target: &mut Registers, bytes: &[u8]) -> Result<(), Corrupt> {
    each(bytes, |run, first| {
        if run.value > 0 {
            for register in &mut target[first..first + run.registers] {
                *register = run.value.max(*register);
            }
        }
    })
}

/// Call `visit` with each run and its first register, as long as they are within bounds.
fn each(bytes: &[u8], mut visit: impl FnMut(Run, usize)) -> Result<(), Corrupt> {
    let (mut at, mut first) = (0, 0);
    while at < bytes.len() {
        let run = Run::first(&bytes[at..]).ok_or(Corrupt)?;
        if first + run.registers > REGISTERS {
            return Err(Corrupt);
        }
        visit(run, first);
        (at, first) = (at + run.bytes, first + run.registers);
    }
    if first == REGISTERS { Ok(()) } else { Err(Corrupt) }
}
