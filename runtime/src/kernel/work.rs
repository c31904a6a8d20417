//! How much a launch does: numbers that sizes decide, and blocks and threads from them. Nothing here allocates, except
//! for messages.

/// How the work of a stage is shared out among blocks: of [`Work::THREADS`] threads, unless the kernel itself says.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    /// A thread per element of this shape.
    Elements(&'static [Extent]),
    /// A warp per element of this shape.
    Rows(&'static [Extent]),
    /// A block per 16 by 16 elements of this matrix.
    Tiles(&'static [Extent]),
    /// Blocks as the kernel itself says.
    Given {
        /// Blocks in x, y and z.
        grid: [Count; 3],
        /// Threads of a block in x, y and z.
        block: [u32; 3],
        /// Dynamic shared memory of a block, in bytes.
        shared_bytes: Count,
    },
}

impl Work {
    /// Threads of a block.
    pub const THREADS: usize = 256;

    /// Blocks that it takes, if the dimensions of the call have these sizes; more than can be counted are
    /// [`usize::MAX`].
    #[must_use]
    pub fn blocks(&self, sizes: &[usize]) -> usize {
        let one = |extent: &Extent| extent.size(sizes);
        let many = |factors: &mut dyn Iterator<Item = usize>| factors.fold(1, usize::saturating_mul);
        let elements = |extents: &[Extent]| many(&mut extents.iter().map(one));
        match self {
            Self::Elements(extents) => elements(extents).div_ceil(Self::THREADS),
            Self::Rows(extents) => elements(extents).div_ceil(Self::THREADS / 32),
            Self::Tiles(extents) => many(&mut extents.iter().map(|extent| one(extent).div_ceil(16))),
            Self::Given { grid, .. } => {
                many(&mut grid.iter().map(|axis| axis.value(sizes).unwrap_or(usize::MAX)))
            }
        }
    }

    /// The launch, if the dimensions of the call have these sizes.
    pub(super) fn geometry(&self, sizes: &[usize]) -> Result<Geometry, Limit> {
        let Self::Given { grid, block, shared_bytes } = self else {
            let blocks = self.blocks(sizes);
            let fits = u32::try_from(blocks).ok().filter(|blocks| *blocks <= Geometry::BLOCKS_MAX[0]);
            let too_many = Limit { what: "the grid", count: None, most: Geometry::BLOCKS_MAX[0] };
            let grid = [fits.ok_or(too_many)?, 1, 1];
            return Ok(Geometry { grid, block: [256, 1, 1], shared_bytes: 0 });
        };
        let within = |what, count: Count, most: u32| {
            let value = count.value(sizes).and_then(|value| u32::try_from(value).ok());
            value.filter(|value| *value <= most).ok_or(Limit { what, count: Some(count), most })
        };
        let [x, y, z] = Geometry::BLOCKS_MAX;
        Ok(Geometry {
            grid: [
                within("axis x of the grid", grid[0], x)?,
                within("axis y of the grid", grid[1], y)?,
                within("axis z of the grid", grid[2], z)?,
            ],
            block: *block,
            shared_bytes: within("shared memory in bytes", *shared_bytes, Geometry::SHARED_BYTES_MAX)?,
        })
    }
}

/// How a stage is launched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Blocks in x, y and z.
    pub grid: [u32; 3],
    /// Threads of a block in x, y and z.
    pub block: [u32; 3],
    /// Dynamic shared memory of a block, in bytes.
    pub shared_bytes: u32,
}

impl Geometry {
    /// Most blocks in x, y and z (CUDA C++ Programming Guide, table of compute capabilities).
    pub const BLOCKS_MAX: [u32; 3] = [(1 << 31) - 1, 65_535, 65_535];

    /// Most dynamic shared memory that every device gives a block unasked.
    pub const SHARED_BYTES_MAX: u32 = 48 << 10;
}

/// What a launch asks too much of.
pub(super) struct Limit {
    pub(super) what: &'static str,
    /// None where the work is a number of elements.
    pub(super) count: Option<Count>,
    pub(super) most: u32,
}

/// The size of an axis as it is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// That of a dimension, by its place in [`Descriptor::symbols`](super::Descriptor::symbols).
    Symbol(usize),
    /// This many.
    Fixed(usize),
}

impl Extent {
    /// The size, if the dimensions of the call have these.
    #[must_use]
    pub fn size(self, sizes: &[usize]) -> usize {
        match self {
            Self::Symbol(symbol) => sizes.get(symbol).copied().unwrap_or(0),
            Self::Fixed(size) => size,
        }
    }
}

/// A number that sizes decide, in postfix order: `[N, M, Product]` is N times M.
///
/// ```
/// use stratal_runtime::kernel::{Count, Extent, Term};
/// let tiles = Count(&[Term::Size(Extent::Symbol(0)), Term::Size(Extent::Fixed(16)), Term::Quotient]);
/// assert_eq!(tiles.value(&[33]), Some(3));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count(pub &'static [Term]);

/// A step of a [`Count`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// A size.
    Size(Extent),
    /// The last two numbers added.
    Sum,
    /// The last two numbers multiplied.
    Product,
    /// The last number but one divided by the last, rounded up.
    Quotient,
}

impl Count {
    /// Most numbers that wait for an operation; the macro writes no deeper ones.
    pub const DEPTH_MAX: usize = 8;

    /// Its value, if the dimensions of the call have these sizes. None if that is more than can be counted, a
    /// division by 0, or if the terms are no postfix order.
    #[must_use]
    pub fn value(&self, sizes: &[usize]) -> Option<usize> {
        let (mut waiting, mut depth) = ([0_usize; Self::DEPTH_MAX], 0_usize);
        for term in self.0 {
            let value = if let Term::Size(extent) = term {
                extent.size(sizes)
            } else {
                depth = depth.checked_sub(2)?;
                let (a, b) = (waiting[depth], waiting[depth + 1]);
                match term {
                    Term::Sum => a.checked_add(b)?,
                    Term::Product => a.checked_mul(b)?,
                    _ => (b != 0).then(|| a.div_ceil(b))?,
                }
            };
            *waiting.get_mut(depth)? = value;
            depth += 1;
        }
        (depth == 1).then_some(waiting[0])
    }

    /// It as it is written, and its value.
    pub(super) fn told(&self, symbols: &[&str], sizes: &[usize]) -> String {
        let mut waiting: Vec<String> = Vec::new();
        for term in self.0 {
            let told = match term {
                Term::Size(Extent::Fixed(size)) => size.to_string(),
                Term::Size(Extent::Symbol(symbol)) => symbols.get(*symbol).copied().unwrap_or("_").to_owned(),
                operation => {
                    let (b, a) = (waiting.pop().unwrap_or_default(), waiting.pop().unwrap_or_default());
                    match operation {
                        Term::Sum => format!("({a} + {b})"),
                        Term::Product => format!("{a} * {b}"),
                        _ => format!("{a}.div_ceil({b})"),
                    }
                }
            };
            waiting.push(told);
        }
        match self.value(sizes) {
            Some(value) => format!("{} = {value}", waiting.concat()),
            None => format!("{}, more than can be counted", waiting.concat()),
        }
    }
}

#[cfg(test)]
mod tests;
