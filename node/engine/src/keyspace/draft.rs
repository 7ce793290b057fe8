//! Drafts: what is to become an entry, and the writing of it.

use std::ptr::NonNull;
use std::sync::Arc;

use super::entry::{EntryRef, INT_BYTES, LONG_KEY_LENGTH_BYTES, Layout, POINTER_BYTES};
use super::header::{Encoding, HEADER_BYTES, Header};
use super::value::{NewValue, Value, ValueType};
use crate::collections::Object;

/// The longest value that is stored in its entry; longer ones get an allocation of their own, which replies share.
pub const EMBEDDED_VALUE_BYTES_MAX: usize = 16 << 10;

/// A value in the form in which an entry holds it.
pub(super) enum Payload<'a> {
    ShortInt(u16),
    Int(i64),
    Bytes(&'a [u8]),
    Large(Arc<Vec<u8>>),
    /// A long value that came in one piece but is short enough to be embedded.
    Copied(Arc<Vec<u8>>),
    Object(Box<Object>),
}

/// All that makes an entry.
pub(super) struct EntryDraft<'a> {
    key: &'a [u8],
    payload: Payload<'a>,
    expiry_ms: Option<i64>,
    header: Header,
}

impl<'a> EntryDraft<'a> {
    /// A key with a value.
    #[inline]
    pub fn new(key: &'a [u8], value: NewValue<'a>, expiry_ms: Option<i64>, access: u32) -> Self {
        let mut value_type = ValueType::String;
        let mut raw = matches!(value, NewValue::Raw(_));
        let payload = match value {
            NewValue::Int(value) => u16::try_from(value).map_or(Payload::Int(value), Payload::ShortInt),
            NewValue::Bytes(bytes) | NewValue::Raw(bytes) if bytes.len() <= EMBEDDED_VALUE_BYTES_MAX => {
                Payload::Bytes(bytes)
            }
            NewValue::Bytes(bytes) | NewValue::Raw(bytes) => Payload::Large(Arc::new(bytes.to_vec())),
            NewValue::Large(bytes) if bytes.len() <= EMBEDDED_VALUE_BYTES_MAX => Payload::Copied(bytes),
            NewValue::Large(bytes) => Payload::Large(bytes),
            NewValue::Packed { value_type: packed_type, bytes, flag } => {
                (value_type, raw) = (packed_type, flag);
                Payload::Bytes(bytes)
            }
            NewValue::Object(object) => {
                value_type = object.value_type();
                Payload::Object(object)
            }
        };
        Self::with_payload(value_type, key, payload, expiry_ms, raw, access)
    }

    /// What `entry` holds, under a key and with an expiry of its own. A large string is shared; an object is not
    /// looked at, and `object` is what takes its place.
    pub fn of(
        entry: EntryRef<'a>,
        object: Option<Box<Object>>,
        key: &'a [u8],
        expiry_ms: Option<i64>,
    ) -> Self {
        let header = entry.header();
        let payload = match (object, entry.value()) {
            (Some(object), _) => Payload::Object(object),
            (None, Value::Int(value)) => u16::try_from(value).map_or(Payload::Int(value), Payload::ShortInt),
            (None, Value::Bytes { bytes, .. }) => Payload::Bytes(bytes),
            (None, Value::Large(bytes)) => Payload::Large(Arc::clone(bytes)),
        };
        // As in Valkey, a string that was too long beside its old key stays "raw" beside a shorter one.
        let raw = header.is_raw()
            || header.value_type() == ValueType::String
                && entry.encoding_name() == "raw"
                && key != entry.key();
        Self::with_payload(header.value_type(), key, payload, expiry_ms, raw, header.access())
    }

    #[inline]
    fn with_payload(
        value_type: ValueType,
        key: &'a [u8],
        payload: Payload<'a>,
        expiry_ms: Option<i64>,
        raw: bool,
        access: u32,
    ) -> Self {
        let (encoding, length) = match &payload {
            Payload::ShortInt(value) => (Encoding::ShortInt, *value),
            Payload::Int(_) => (Encoding::Int, 0),
            // Embedded values are under 64 KiB.
            Payload::Bytes(bytes) => (Encoding::Bytes, bytes.len() as u16),
            Payload::Copied(bytes) => (Encoding::Bytes, bytes.len() as u16),
            Payload::Large(_) => (Encoding::Large, 0),
            Payload::Object(_) => (Encoding::Object, 0),
        };
        let header = Header::new(value_type, encoding, key.len(), length)
            .with_expiry(expiry_ms.is_some())
            .with_raw(raw)
            .with_access(access);
        Self { key, payload, expiry_ms, header }
    }

    #[inline]
    fn layout(&self) -> Layout {
        let value_bytes = match &self.payload {
            Payload::ShortInt(_) => 0,
            Payload::Int(_) => INT_BYTES,
            Payload::Bytes(bytes) => bytes.len(),
            Payload::Copied(bytes) => bytes.len(),
            Payload::Large(_) | Payload::Object(_) => POINTER_BYTES,
        };
        Layout::new(self.header, self.key.len(), value_bytes)
    }

    /// Bytes of the entry.
    #[inline]
    pub fn size(&self) -> usize {
        self.layout().size()
    }

    /// Write the entry.
    ///
    /// # Safety
    /// `block` has room for `size()` bytes and is aligned to eight, and neither key nor value lies in it.
    #[inline]
    pub unsafe fn write(self, block: NonNull<u8>) {
        let Layout { key_start, key_bytes, value_start, .. } = self.layout();
        // SAFETY: all of it lies within `size()` bytes; the header is aligned, the expiry behind it too, and a long
        // key's length is at a multiple of four.
        unsafe {
            block.cast::<Header>().write(self.header);
            if let Some(expiry_ms) = self.expiry_ms {
                block.add(HEADER_BYTES).cast::<i64>().write(expiry_ms);
            }
            if self.header.has_long_key() {
                let length = u32::try_from(key_bytes).expect("a key is at most 512 MB long");
                block.add(key_start - LONG_KEY_LENGTH_BYTES).cast::<u32>().write(length);
            }
            copy_into(self.key, block.add(key_start));
            let at = block.add(value_start);
            match self.payload {
                Payload::ShortInt(_) => {}
                Payload::Int(value) => at.cast::<i64>().write_unaligned(value),
                Payload::Bytes(bytes) => copy_into(bytes, at),
                Payload::Copied(bytes) => copy_into(&bytes, at),
                Payload::Large(bytes) => at.cast::<Arc<Vec<u8>>>().write(bytes),
                Payload::Object(object) => at.cast::<Box<Object>>().write(object),
            }
        }
    }
}

/// # Safety
/// There is room for the bytes at `target`, and they do not lie there.
#[inline]
unsafe fn copy_into(bytes: &[u8], target: NonNull<u8>) {
    // SAFETY: the caller's promise.
    unsafe { target.copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len()) };
}
