//! The dense form: all registers in six bits each, the lowest bits first.

use super::estimate::Histogram;
use super::{REGISTERS, Registers, VALUE_MAX};

/// Bytes of the registers.
pub(super) const BYTES: usize = REGISTERS * 6 / 8;

/// Four registers lie in three bytes.
const GROUP: usize = 4;

fn place(index: usize) -> (usize, u32) {
    (index / GROUP * 3, (index % GROUP * 6) as u32)
}

fn word(group: &[u8]) -> u32 {
    u32::from_le_bytes([group[0], group[1], group[2], 0])
}

fn values(group: &[u8]) -> [u8; GROUP] {
    let word = word(group);
    [0, 6, 12, 18].map(|shift| (word >> shift) as u8 & VALUE_MAX)
}

/// Set a register to a value, if that is higher than its own; true if it is.
pub(super) fn raise(registers: &mut [u8], index: usize, value: u8) -> bool {
    let (start, shift) = place(index);
    let group = &mut registers[start..start + 3];
    let old = word(group);
    let mask = u32::from(VALUE_MAX) << shift;
    let new = u32::from(value) << shift;
    if old & mask >= new {
        return false;
    }
    group.copy_from_slice(&(old & !mask | new).to_le_bytes()[..3]);
    true
}

/// Count how many registers have each value.
pub(super) fn histogram(registers: &[u8]) -> Histogram {
    // Neighbours often have the same value: counted apart, they do not wait for each other.
    let mut counts: [Histogram; GROUP] = [[0; _]; GROUP];
    for group in registers.chunks_exact(3) {
        for (count, value) in counts.iter_mut().zip(values(group)) {
            count[usize::from(value)] += 1;
        }
    }
    std::array::from_fn(|value| counts.iter().map(|count| count[value]).sum())
}

/// Raise registers to those of a dense form.
pub(super) fn merge_into(target: &mut Registers, registers: &[u8]) {
    for (target, group) in target.chunks_exact_mut(GROUP).zip(registers.chunks_exact(3)) {
        for (target, value) in target.iter_mut().zip(values(group)) {
            *target = value.max(*target);
        }
    }
}

/// The dense form of registers.
pub(super) fn pack(registers: &Registers) -> Vec<u8> {
    let mut packed = Vec::with_capacity(BYTES);
    for group in registers.chunks_exact(GROUP) {
        let word = group.iter().rev().fold(0u32, |word, value| word << 6 | u32::from(*value));
        packed.extend_from_slice(&word.to_le_bytes()[..3]);
    }
    packed
}
