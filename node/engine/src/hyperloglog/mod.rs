//! HyperLogLog: about how many different elements there have been, in little room.
//!
//! A HyperLogLog is a string in Redis's layout: `HYLL`, the form (0 dense, 1 sparse), three bytes unused, the number that
//! was last computed (eight bytes, little endian; the highest bit says that it is out of date), and 16 384 registers. A
//! register holds the longest run of zeros, plus one, that the hashes of its elements had.

mod dense;
mod estimate;
mod hash;
mod sparse;

const REGISTERS: usize = 1 << INDEX_BITS;
/// Bits of a hash that choose the register.
const INDEX_BITS: usize = 14;
/// Bits in which the run of zeros is looked for.
const HASH_BITS: usize = 64 - INDEX_BITS;
/// The highest value a register has room for.
const VALUE_MAX: u8 = 63;

const SEED: u64 = 0xadc8_3b19;
const MAGIC: &[u8] = b"HYLL";
const HEADER_BYTES: usize = 16;
const FORM_AT: usize = 4;
const COUNT_AT: usize = 8;
/// In the last byte of the header.
const STALE: u8 = 0x80;
const DENSE_BYTES: usize = HEADER_BYTES + dense::BYTES;

/// How the registers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Dense = 0,
    Sparse = 1,
}

/// The registers do not read as what the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt;

/// All registers, a byte each.
type Registers = [u8; REGISTERS];

/// The form of a string that is a HyperLogLog; `None` if it is none.
pub fn form(bytes: &[u8]) -> Option<Form> {
    if bytes.len() < HEADER_BYTES || !bytes.starts_with(MAGIC) {
        return None;
    }
    match bytes[FORM_AT] {
        0 if bytes.len() == DENSE_BYTES => Some(Form::Dense),
        1 => Some(Form::Sparse),
        _ => None,
    }
}

/// A HyperLogLog that has seen nothing.
pub fn empty() -> Vec<u8> {
    let mut bytes = header(Form::Sparse);
    bytes.extend(sparse::zeros());
    bytes
}

fn header(form: Form) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.push(form as u8);
    bytes.resize(HEADER_BYTES, 0);
    bytes
}

/// The number of elements that the header remembers, unless it is out of date.
pub fn remembered_count(bytes: &[u8]) -> Option<u64> {
    let count = bytes[COUNT_AT..HEADER_BYTES].try_into().expect("it has eight bytes");
    (bytes[HEADER_BYTES - 1] & STALE == 0).then(|| u64::from_le_bytes(count))
}

/// Let the header remember a number of elements.
pub fn remember_count(bytes: &mut [u8], count: u64) {
    bytes[COUNT_AT..HEADER_BYTES].copy_from_slice(&count.to_le_bytes());
}

/// Note that the number in the header is out of date.
pub fn forget_count(bytes: &mut [u8]) {
    bytes[HEADER_BYTES - 1] |= STALE;
}

/// About how many different elements a HyperLogLog has seen.
pub fn count(bytes: &[u8]) -> Result<u64, Corrupt> {
    let registers = &bytes[HEADER_BYTES..];
    let histogram = match bytes[FORM_AT] {
        0 => dense::histogram(registers),
        _ => sparse::histogram(registers)?,
    };
    Ok(estimate::estimate(&histogram))
}

/// The register an element belongs to, and the value it gives it.
fn register_of(element: &[u8]) -> (usize, u8) {
    let hash = hash::murmur64a(element, SEED);
    let rest = hash >> INDEX_BITS | 1 << HASH_BITS;
    (hash as usize % REGISTERS, rest.trailing_zeros() as u8 + 1)
}

/// Add an element to a dense HyperLogLog; true if a register has risen.
pub fn add_dense(bytes: &mut [u8], element: &[u8]) -> bool {
    let (index, value) = register_of(element);
    dense::raise(&mut bytes[HEADER_BYTES..], index, value)
}

/// Add an element to a HyperLogLog of any form; true if a register has risen. A sparse one becomes dense when it would
/// become longer than `sparse_bytes_max`.
pub fn add(bytes: &mut Vec<u8>, element: &[u8], sparse_bytes_max: usize) -> Result<bool, Corrupt> {
    let (index, value) = register_of(element);
    raise(bytes, index, value, sparse_bytes_max)
}

fn raise(bytes: &mut Vec<u8>, index: usize, value: u8, sparse_bytes_max: usize) -> Result<bool, Corrupt> {
    if bytes[FORM_AT] == Form::Dense as u8 {
        return Ok(dense::raise(&mut bytes[HEADER_BYTES..], index, value));
    }
    match sparse::raise(bytes, HEADER_BYTES, index, value, sparse_bytes_max)? {
        sparse::Raised::Yes => {
            forget_count(bytes);
            Ok(true)
        }
        sparse::Raised::No => Ok(false),
        sparse::Raised::NoRoom => {
            make_dense(bytes)?;
            Ok(dense::raise(&mut bytes[HEADER_BYTES..], index, value))
        }
    }
}

/// Change a HyperLogLog into the dense form.
fn make_dense(bytes: &mut Vec<u8>) -> Result<(), Corrupt> {
    if bytes[FORM_AT] == Form::Dense as u8 {
        return Ok(());
    }
    let mut registers = [0; REGISTERS];
    sparse::merge_into(&mut registers, &bytes[HEADER_BYTES..])?;
    bytes.truncate(HEADER_BYTES);
    bytes[FORM_AT] = Form::Dense as u8;
    bytes.extend(dense::pack(&registers));
    Ok(())
}

/// Several HyperLogLogs as one that has seen all their elements.
pub struct Union {
    registers: Box<Registers>,
    /// Whether one of them is dense.
    dense: bool,
}

impl Default for Union {
    fn default() -> Self {
        Self { registers: Box::new([0; REGISTERS]), dense: false }
    }
}

impl Union {
    /// Take in what a HyperLogLog has seen.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), Corrupt> {
        let registers = &bytes[HEADER_BYTES..];
        if bytes[FORM_AT] == Form::Dense as u8 {
            self.dense = true;
            dense::merge_into(&mut self.registers, registers);
            return Ok(());
        }
        sparse::merge_into(&mut self.registers, registers)
    }

    /// About how many different elements they have seen.
    pub fn count(&self) -> u64 {
        let mut histogram = [0; _];
        for value in self.registers.iter() {
            histogram[usize::from(*value)] += 1;
        }
        estimate::estimate(&histogram)
    }

    /// Write the union over a HyperLogLog, which is one of those that were added, or empty.
    pub fn write_to(&self, bytes: &mut Vec<u8>, sparse_bytes_max: usize) -> Result<(), Corrupt> {
        if self.dense {
            make_dense(bytes)?;
            bytes.truncate(HEADER_BYTES);
            bytes.extend(dense::pack(&self.registers));
        } else {
            // The bytes of the sparse form depend on the order: this is Redis's.
            for (index, value) in self.registers.iter().enumerate().filter(|(_, value)| **value > 0) {
                raise(bytes, index, *value, sparse_bytes_max)?;
            }
        }
        forget_count(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registers(bytes: &[u8]) -> Box<Registers> {
        let mut union = Union::default();
        union.add(bytes).unwrap();
        union.registers
    }

    #[test]
    fn elements_count_within_the_errors_that_are_promised() {
        let mut log = empty();
        for number in 1..=100_000u64 {
            add(&mut log, &number.to_le_bytes(), 3_000).unwrap();
            if number.is_power_of_two() || number == 100_000 {
                let counted = count(&log).unwrap();
                assert!(counted.abs_diff(number) <= 1 + number * 3 / 100, "{number}: {counted}");
            }
        }
        assert_eq!(form(&log), Some(Form::Dense));
        assert_eq!(count(&empty()), Ok(0));
    }

    #[test]
    fn sparse_and_dense_hold_the_same_registers() {
        let (mut sparse, mut dense) = (empty(), empty());
        for number in 0..2_000u32 {
            let element = number.to_string();
            let raised = add(&mut sparse, element.as_bytes(), usize::MAX).unwrap();
            assert_eq!(add(&mut dense, element.as_bytes(), 0), Ok(raised));
            assert_eq!(add(&mut dense, element.as_bytes(), 0), Ok(false));
        }
        assert_eq!((form(&sparse), form(&dense)), (Some(Form::Sparse), Some(Form::Dense)));
        assert!(registers(&sparse) == registers(&dense));
        assert_eq!(count(&sparse), count(&dense));
        let mut union = Union::default();
        union.add(&sparse).unwrap();
        union.add(&dense).unwrap();
        assert_eq!(Ok(union.count()), count(&dense));
        union.write_to(&mut sparse, 0).unwrap();
        assert_eq!(sparse[HEADER_BYTES..], dense[HEADER_BYTES..]);
        assert_eq!(remembered_count(&sparse), None);
    }

    #[test]
    fn registers_that_do_not_add_up_are_corrupt() {
        let whole = empty();
        for registers in [
            &[][..],
            &[0x7f],
            &[0x7f, 0xfe],
            &[0x7f, 0xff, 0x00],
            &[0x7f, 0xff, 0x78],
            &[0x00; 255],
            &[0x00, 0x7f, 0xff],
        ] {
            let bytes = [&whole[..HEADER_BYTES], registers].concat();
            assert_eq!(count(&bytes), Err(Corrupt), "{registers:x?}");
            assert_eq!(Union::default().add(&bytes), Err(Corrupt), "{registers:x?}");
        }
        let cut = [&whole[..HEADER_BYTES], &[0x00]].concat();
        assert_eq!(add(&mut cut.clone(), b"x", 3_000), Err(Corrupt));
        let none: Vec<u8> = whole[..HEADER_BYTES - 1].to_vec();
        assert_eq!((form(&none), form(b"HYLLO"), form(&[0; 40])), (None, None, None));
    }
}
