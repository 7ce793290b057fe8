//! Size classes of the slab allocator.
//!
//! A class is the largest multiple of eight bytes of which a given number fits in a slab. So up to some 720 bytes
//! there is a class for every multiple of eight, and above that no two classes hold the same number of blocks: what
//! is left at a slab's end is given to its blocks, and a request wastes no more than the step to the next count.

use super::region::SLAB_BYTES;

/// The largest request that is served from slabs.
pub const BLOCK_BYTES_MAX: usize = 2_048;

/// Blocks are multiples of this, and so are their addresses.
pub const BLOCK_ALIGN_BYTES: usize = 8;

const fn class_bytes(size: usize) -> usize {
    let blocks = SLAB_BYTES / size;
    SLAB_BYTES / blocks / BLOCK_ALIGN_BYTES * BLOCK_ALIGN_BYTES
}

const fn count_classes() -> usize {
    let mut count = 0;
    let mut size = BLOCK_ALIGN_BYTES;
    while size <= BLOCK_BYTES_MAX {
        count += 1;
        size = class_bytes(size) + BLOCK_ALIGN_BYTES;
    }
    count
}

/// Number of size classes.
pub const CLASS_COUNT: usize = count_classes();

/// One size class: the bytes of a block, and how many of them a slab holds.
#[derive(Clone, Copy)]
pub struct SizeClass {
    pub block_bytes: u16,
    pub blocks: u16,
}

/// All size classes, smallest first.
pub static CLASSES: [SizeClass; CLASS_COUNT] = {
    let mut classes = [SizeClass { block_bytes: 0, blocks: 0 }; CLASS_COUNT];
    let mut class = 0;
    let mut size = BLOCK_ALIGN_BYTES;
    while class < CLASS_COUNT {
        let bytes = class_bytes(size);
        classes[class] = SizeClass { block_bytes: bytes as u16, blocks: (SLAB_BYTES / bytes) as u16 };
        size = bytes + BLOCK_ALIGN_BYTES;
        class += 1;
    }
    classes
};

static CLASS_BY_SIZE: [u8; BLOCK_BYTES_MAX / BLOCK_ALIGN_BYTES + 1] = {
    let mut table = [0u8; BLOCK_BYTES_MAX / BLOCK_ALIGN_BYTES + 1];
    let mut class = 0;
    let mut step = 1;
    while step < table.len() {
        if step * BLOCK_ALIGN_BYTES > CLASSES[class].block_bytes as usize {
            class += 1;
        }
        table[step] = class as u8;
        step += 1;
    }
    table
};

/// The class of the smallest blocks that hold `size` bytes; `size` is at most [`BLOCK_BYTES_MAX`].
#[inline]
pub fn class_of(size: usize) -> usize {
    usize::from(CLASS_BY_SIZE[size.div_ceil(BLOCK_ALIGN_BYTES)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_the_smallest_class_that_holds_it() {
        for size in 1..=BLOCK_BYTES_MAX {
            let class = class_of(size);
            assert!(usize::from(CLASSES[class].block_bytes) >= size, "size {size}");
            assert!(class == 0 || usize::from(CLASSES[class - 1].block_bytes) < size, "size {size}");
        }
    }

    #[test]
    fn blocks_of_a_slab_waste_under_a_thirtieth_of_it() {
        for class in &CLASSES {
            let used = usize::from(class.block_bytes) * usize::from(class.blocks);
            assert!(used <= SLAB_BYTES && SLAB_BYTES - used < SLAB_BYTES / 30, "{}", class.block_bytes);
        }
    }
}
