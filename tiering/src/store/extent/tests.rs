//! Promises of the extent allocator: no byte belongs to two, none is lost, and freed space joins again.

use super::*;
use proptest::prelude::*;

const BLOCK: u64 = 4096;

/// The naive truth: one flag per block.
#[derive(Default)]
struct Shadow {
    taken: Vec<bool>,
}

impl Shadow {
    fn blocks(extent: &Extent) -> Range<usize> {
        (extent.offset / BLOCK) as usize..((extent.offset + extent.len) / BLOCK) as usize
    }

    /// Whether a run of `blocks` free blocks exists.
    fn fits(&self, blocks: usize) -> bool {
        self.taken.windows(blocks).any(|run| run.iter().all(|taken| !taken))
    }

    fn set(&mut self, extent: &Extent, taken: bool) -> bool {
        self.taken[Self::blocks(extent)].iter_mut().all(|flag| std::mem::replace(flag, taken) != taken)
    }
}

fn assert_tiled(extents: &Extents, shadow: &Shadow) {
    let free: Vec<_> = extents.free.iter().map(|(&offset, &len)| offset..offset + len).collect();
    assert!(free.windows(2).all(|pair| pair[0].end < pair[1].start), "free runs touch or overlap");
    let flags: Vec<bool> = (0..extents.end / BLOCK)
        .map(|block| !free.iter().any(|run| run.contains(&(block * BLOCK))))
        .collect();
    assert_eq!(flags, shadow.taken);
    assert_eq!(extents.used, shadow.taken.iter().filter(|taken| **taken).count() as u64 * BLOCK);
    let by_len: BTreeSet<_> = extents.free.iter().map(|(&offset, &len)| (len, offset)).collect();
    assert_eq!(by_len, extents.by_len);
}

proptest! {
    /// Against a bitmap: extents never overlap, an extent is refused only when no free run fits it, and after all
    /// are released one free run remains.
    #[test]
    fn extents_tile_the_file(moves in proptest::collection::vec((0_u8..4, 1_u64..20 * BLOCK, any::<prop::sample::Index>()), 1..200)) {
        let (mut extents, mut shadow) = (Extents::new(BLOCK), Shadow::default());
        let mut held: Vec<Extent> = Vec::new();
        for (action, len, pick) in moves {
            match action {
                0 => {
                    let end = extents.end + extents.missing(len).unwrap();
                    extents.grow(end);
                    shadow.taken.resize((end / BLOCK) as usize, false);
                    prop_assert!(shadow.fits(len.div_ceil(BLOCK) as usize), "missing() was too little");
                }
                1 if !held.is_empty() => {
                    let extent = held.swap_remove(pick.index(held.len()));
                    prop_assert!(shadow.set(&extent, false));
                    extents.release(extent);
                }
                _ => match extents.reserve(len) {
                    Some(extent) => {
                        prop_assert!(extent.len() >= len && extent.len() < len + BLOCK);
                        prop_assert!(shadow.set(&extent, true), "bytes handed out twice");
                        held.push(extent);
                    }
                    None => prop_assert!(!shadow.fits(len.div_ceil(BLOCK) as usize), "refused what fits"),
                },
            }
            assert_tiled(&extents, &shadow);
        }
        let end = extents.end;
        held.into_iter().for_each(|extent| extents.release(extent));
        prop_assert_eq!(extents.used, 0);
        prop_assert_eq!(extents.free.into_iter().collect::<Vec<_>>(), if end > 0 { vec![(0, end)] } else { vec![] });
    }
}

/// The shortest run that fits is cut, so a small extent does not spoil the place of a large one.
#[test]
fn small_extents_fill_small_gaps() {
    let mut extents = Extents::new(BLOCK);
    extents.grow(100 * BLOCK);
    let large = extents.reserve(50 * BLOCK).unwrap();
    let small = extents.reserve(1).unwrap();
    let _guard = extents.reserve(40 * BLOCK).unwrap();
    let place = small.offset();
    extents.release(small);
    extents.release(large);
    let _large = extents.reserve(51 * BLOCK).unwrap();
    assert_eq!(extents.reserve(BLOCK).unwrap().offset(), 91 * BLOCK);
    assert_eq!(place, 50 * BLOCK);
}

/// Sizes at the edge of the number space are refused, not wrapped.
#[test]
fn impossible_sizes_are_refused() {
    let mut extents = Extents::new(BLOCK);
    extents.grow(10 * BLOCK);
    assert!(extents.reserve(u64::MAX).is_none() && extents.missing(u64::MAX).is_none());
    assert!(extents.reserve(11 * BLOCK).is_none());
    assert_eq!(extents.reserve(0).unwrap().len(), BLOCK);
}
