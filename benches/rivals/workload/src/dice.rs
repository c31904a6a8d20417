//! A small fixed generator (xorshift): the same requests for everybody.

/// Its state; never zero.
pub(crate) struct Dice(u64);

impl Dice {
    /// A sequence of its own for every thread.
    pub(crate) fn new(thread: usize) -> Self {
        Self(0x9e37_79b9_7f4a_7c15 ^ ((thread as u64 + 1) << 32))
    }

    /// The next number: 40 good bits.
    pub(crate) fn roll(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 24) as usize
    }

    /// A number below `end`, which is far below 2³².
    pub(crate) fn below(&mut self, end: usize) -> usize {
        ((self.roll() & 0xffff_ffff) * end) >> 32
    }
}

/// Sizes to draw from by the bits of a roll: cheap beside an allocation, whatever their distribution.
pub(crate) struct Sizes(Box<[u32; 4096]>);

impl Sizes {
    /// Any size in the range, all alike.
    pub(crate) fn even(low: usize, high: usize) -> Self {
        Self::draw(|dice| low + dice.below(high - low + 1))
    }

    /// Small ones more often: every doubling in the range alike.
    pub(crate) fn skewed(low: usize, high: usize) -> Self {
        let doublings = (high as f64 / low as f64).log2();
        Self::draw(|dice| {
            let exponent = dice.below(1 << 20) as f64 / f64::from(1 << 20) * doublings;
            (low as f64 * exponent.exp2()) as usize
        })
    }

    fn draw(mut size: impl FnMut(&mut Dice) -> usize) -> Self {
        let mut dice = Dice::new(0);
        Self(Box::new(std::array::from_fn(|_| size(&mut dice) as u32)))
    }

    /// The size for a roll.
    #[inline]
    pub(crate) fn of(&self, roll: usize) -> usize {
        self.0[(roll >> 20) & 4095] as usize
    }
}
