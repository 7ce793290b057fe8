//! Entries: a key with its value and expiry in one block.
//!
//! An entry is a [`Header`], then the expiry (eight bytes) if it has one, the key's length (four bytes) if that is
//! over 255, the key, and the value as its [`Encoding`] says. An entry does not know its block's size; it follows
//! from the header.

use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::Arc;

use super::header::{Encoding, HEADER_BYTES, Header};
use super::value::{Collection, Value, ValueType};
use crate::collections::Object;

pub(super) const EXPIRY_BYTES: usize = 8;
pub(super) const LONG_KEY_LENGTH_BYTES: usize = 4;
pub(super) const INT_BYTES: usize = 8;
pub(super) const POINTER_BYTES: usize = size_of::<usize>();
const _: () =
    assert!(size_of::<Arc<Vec<u8>>>() == POINTER_BYTES && size_of::<Box<Object>>() == POINTER_BYTES);

/// Where the parts of an entry are, in bytes from its start.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub key_start: usize,
    pub key_bytes: usize,
    pub value_start: usize,
    pub value_bytes: usize,
}

impl Layout {
    /// `value_bytes` is what the value takes in the entry; the header says where the rest is.
    #[inline]
    pub fn new(header: Header, key_bytes: usize, value_bytes: usize) -> Self {
        let key_start = HEADER_BYTES
            + usize::from(header.has_expiry()) * EXPIRY_BYTES
            + usize::from(header.has_long_key()) * LONG_KEY_LENGTH_BYTES;
        let key_end = key_start + key_bytes;
        // A pointer is aligned, so that it can be referred to where it lies.
        let pointer = matches!(header.encoding(), Encoding::Large | Encoding::Object);
        let value_start = if pointer { key_end.next_multiple_of(POINTER_BYTES) } else { key_end };
        Self { key_start, key_bytes, value_start, value_bytes }
    }

    /// Bytes of the whole entry.
    #[inline]
    pub fn size(self) -> usize {
        self.value_start + self.value_bytes
    }
}

/// An entry as it lies in the keyspace.
#[derive(Clone, Copy)]
pub struct EntryRef<'a> {
    pointer: NonNull<u8>,
    lifetime: PhantomData<&'a [u8]>,
}

impl<'a> EntryRef<'a> {
    /// # Safety
    /// `pointer` is a live entry's, which is neither changed nor freed during `'a`.
    #[inline]
    pub(super) unsafe fn from_pointer(pointer: NonNull<u8>) -> Self {
        Self { pointer, lifetime: PhantomData }
    }

    #[inline]
    pub(super) fn pointer(self) -> NonNull<u8> {
        self.pointer
    }

    #[inline]
    pub(super) fn header(self) -> Header {
        // SAFETY: an entry starts with an aligned header.
        unsafe { self.pointer.cast::<Header>().read() }
    }

    #[inline]
    pub(super) fn layout(self) -> Layout {
        let header = self.header();
        let value_bytes = match header.encoding() {
            Encoding::Bytes => usize::from(header.value_length()),
            Encoding::ShortInt => 0,
            Encoding::Int => INT_BYTES,
            Encoding::Large | Encoding::Object => POINTER_BYTES,
        };
        Layout::new(header, self.key_bytes(), value_bytes)
    }

    #[inline]
    fn key_bytes(self) -> usize {
        let header = self.header();
        if header.has_long_key() {
            let start = HEADER_BYTES + usize::from(header.has_expiry()) * EXPIRY_BYTES;
            // SAFETY: a long key's length follows header and expiry, aligned to four.
            unsafe { self.pointer.add(start).cast::<u32>().read() as usize }
        } else {
            header.short_key_bytes()
        }
    }

    /// The key.
    #[inline]
    pub fn key(self) -> &'a [u8] {
        let Layout { key_start, key_bytes, .. } = self.layout();
        // SAFETY: the key's bytes lie there, and live as long as the entry.
        unsafe { std::slice::from_raw_parts(self.pointer.as_ptr().add(key_start), key_bytes) }
    }

    /// What TYPE says.
    #[inline]
    pub fn value_type(self) -> ValueType {
        self.header().value_type()
    }

    /// Unix time in milliseconds at which the key expires.
    #[inline]
    pub fn expiry_ms(self) -> Option<i64> {
        // SAFETY: the expiry follows the header, aligned.
        self.header().has_expiry().then(|| unsafe { self.pointer.add(HEADER_BYTES).cast::<i64>().read() })
    }

    /// Whether the key's time is over.
    #[inline]
    pub fn is_expired(self, now_ms: i64) -> bool {
        self.expiry_ms().is_some_and(|expiry_ms| expiry_ms <= now_ms)
    }

    /// The 24 bits that tell when or how often the key was used.
    #[inline]
    pub fn access(self) -> u32 {
        self.header().access()
    }

    /// The value of a string. (Of a packed collection, its bytes; of an object, nothing: see [`Self::collection`].)
    #[inline]
    pub fn value(self) -> Value<'a> {
        let header = self.header();
        let Layout { value_start, value_bytes, .. } = self.layout();
        // SAFETY: the value lies there, in the form the encoding says, and lives as long as the entry.
        unsafe {
            let at = self.pointer.add(value_start);
            match header.encoding() {
                Encoding::ShortInt => Value::Int(i64::from(header.value_length())),
                Encoding::Int => Value::Int(at.cast::<i64>().read_unaligned()),
                Encoding::Bytes => Value::Bytes {
                    bytes: std::slice::from_raw_parts(at.as_ptr(), value_bytes),
                    raw: header.is_raw(),
                },
                Encoding::Large => Value::Large(at.cast::<Arc<Vec<u8>>>().as_ref()),
                Encoding::Object => Value::Bytes { bytes: &[], raw: false },
            }
        }
    }

    /// The value of what is no string.
    #[inline]
    pub fn collection(self) -> Collection<'a> {
        if let Some(object) = self.object() {
            return Collection::Object(object);
        }
        match self.value() {
            Value::Bytes { bytes, raw } => Collection::Packed { bytes, flag: raw },
            Value::Int(_) | Value::Large(_) => Collection::Packed { bytes: &[], flag: false },
        }
    }

    /// The structure that the value is, if it is one.
    #[inline]
    pub(super) fn object(self) -> Option<&'a Object> {
        if self.header().encoding() != Encoding::Object {
            return None;
        }
        let Layout { value_start, .. } = self.layout();
        // SAFETY: that is where the aligned `Box` is, and it lives as long as the entry.
        Some(unsafe { self.pointer.add(value_start).cast::<Box<Object>>().as_ref() })
    }
}
