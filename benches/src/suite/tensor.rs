//! Suite `tensor`: converting and filling large slices, as a share of memory bandwidth and beside others' loops.
//!
//! Every value is seconds per GiB moved, bytes read and written counted: a slice is converted a few times and the
//! quickest counts, which a neighbour on the machine disturbs least. The limit is `copy_from_slice` of as many bytes in
//! the same round. Memory is touched before the clock starts. ndarray's loop is its `Zip` over arrays that exist, which
//! is quicker than `mapv` by the memory that `mapv` asks for.

use super::{Scale, Suite, no_child};
use crate::contest::{Contender, Contest, Metric, Part, Runner};
use ndarray::{ArrayView1, ArrayViewMut1, Zip};
use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;
use std::time::Instant;
use stratal::runtime::number::Number;
use stratal::runtime::simd;
use stratal::{F4x2, F8E4M3, F8E5M2, I4x2, Result, U4x2, bf16, f16};

mod half_slices;

pub(crate) const SUITE: Suite = Suite {
    name: "tensor",
    about: "converting and filling slices against a copy, half and ndarray",
    contests,
    child: no_child,
};

/// Least share of a copy's bandwidth that is promised, as a bound on time.
const SHARE: f64 = 1.0 / 0.9;
/// Conversions of one run; the quickest counts.
const REPEATS: usize = 5;

/// How a contender converts.
type Convert<T, U> = fn(&[T], &mut [U]);

fn contests(scale: Scale) -> Result<Vec<Contest>> {
    // The wider side; both lie far beyond the caches.
    let bytes = if scale.quick { 64 << 20 } else { 128 << 20 };
    let mut contests = conversions(bytes);
    contests.extend(packed(bytes));
    contests.extend(fills(bytes));
    contests.retain(|contest| scale.chosen.point(&contest.point));
    Ok(contests)
}

fn conversions(bytes: usize) -> Vec<Contest> {
    let mut found = Vec::new();
    macro_rules! point {
        ($($from:ident to $to:ident by $one:expr $(, $half:expr)?;)*) => {
            $(
                let ndarray: Convert<$from, $to> = |from, to| {
                    let to = ArrayViewMut1::from(to);
                    Zip::from(to).and(ArrayView1::from(from)).for_each(|to, from| *to = $one(*from));
                };
                let rivals: &[(&'static str, Convert<$from, $to>)] = &[$(("half", $half),)? ("ndarray", ndarray)];
                found.extend(conversion::<$from, $to>(stringify!($from to $to), bytes, rivals));
            )*
        };
    }
    point! {
        f32 to f16 by f16::from_f32, half_slices::narrow;
        f16 to f32 by f16::to_f32, half_slices::widen;
        f32 to bf16 by bf16::from_f32, half_slices::narrow;
        bf16 to f32 by bf16::to_f32, half_slices::widen;
        f64 to f16 by f16::from_f64, half_slices::narrow_wide;
        f64 to bf16 by bf16::from_f64, half_slices::narrow_wide;
        f64 to f32 by |x: f64| x as f32;
        f32 to f64 by f64::from;
        bf16 to f16 by |x: bf16| f16::from_f32(x.to_f32());
        f32 to F8E4M3 by F8E4M3::from_f32;
        F8E4M3 to f32 by F8E4M3::to_f32;
        bf16 to F8E4M3 by |x: bf16| F8E4M3::from_f32(x.to_f32());
        F8E4M3 to bf16 by |x: F8E4M3| bf16::from_f32(x.to_f32());
        F8E4M3 to f16 by |x: F8E4M3| f16::from_f32(x.to_f32());
        F8E5M2 to bf16 by |x: F8E5M2| bf16::from_f32(x.to_f32());
        F8E5M2 to f16 by |x: F8E5M2| f16::from_f32(x.to_f32());
        f32 to F8E5M2 by F8E5M2::from_f32;
        F8E5M2 to f32 by F8E5M2::to_f32;
        f32 to i8 by |x: f32| x as i8;
        i8 to f32 by f32::from;
        f32 to i32 by |x: f32| x as i32;
        i32 to f32 by |x: i32| x as f32;
        i64 to i32 by |x: i64| x as i32;
        i64 to F8E4M3 by |x: i64| F8E4M3::from_f32(x as f32);
        i32 to F8E5M2 by |x: i32| F8E5M2::from_f32(x as f32);
        f16 to F8E4M3 by |x: f16| F8E4M3::from_f32(x.to_f32());
        u8 to bf16 by |x: u8| bf16::from_f32(x.into());
        f32 to bool by |x: f32| x != 0.0;
    }
    found
}

/// Packed pairs, which nobody else converts.
fn packed(bytes: usize) -> Vec<Contest> {
    let mut found = Vec::new();
    found.extend(conversion::<I4x2, f32>("I4x2 to f32", bytes, &[]));
    found.extend(conversion::<f32, I4x2>("f32 to I4x2", bytes, &[]));
    found.extend(conversion::<I4x2, bf16>("I4x2 to bf16", bytes, &[]));
    found.extend(conversion::<U4x2, bf16>("U4x2 to bf16", bytes, &[]));
    found.extend(conversion::<F4x2, bf16>("F4x2 to bf16", bytes, &[]));
    found.extend(conversion::<f32, F4x2>("f32 to F4x2", bytes, &[]));
    found.extend(conversion::<bf16, F4x2>("bf16 to F4x2", bytes, &[]));
    found.extend(conversion::<f64, I4x2>("f64 to I4x2", bytes, &[]));
    found
}

/// The slices that the contenders of a point share, made when the first of them runs.
struct Slices<T, U> {
    from: Vec<T>,
    to: Vec<U>,
    /// A copy of as many bytes: half of them are read, half written.
    copied: Vec<u8>,
    copy: Vec<u8>,
}

impl<T: Number, U: Number> Slices<T, U> {
    /// So many values that the wider side has `bytes`.
    fn new(bytes: usize) -> Self {
        let per_value = (size_of::<T>() / T::VALUES).max(size_of::<U>() / U::VALUES);
        let values = bytes / per_value;
        let noise: Vec<i32> = (0..values as i32).map(|i| i.wrapping_mul(-1_640_531_527) >> 20).collect();
        let mut from = vec![T::default(); values / T::VALUES];
        // Lengths are equal by construction, so that nothing is refused.
        let _ = simd::convert(&noise, &mut from);
        let to = vec![U::default(); values / U::VALUES];
        let moved = size_of_val(&*from) + size_of_val(&*to);
        let mut slices = Self { from, to, copied: vec![1; moved / 2], copy: vec![2; moved / 2] };
        let _ = simd::convert(&slices.from, &mut slices.to);
        slices
    }

    fn moved_gib(&self) -> f64 {
        (2 * self.copy.len()) as f64 / (1_u64 << 30) as f64
    }
}

/// Two contests: the share of a copy's bandwidth, and the loops of others.
fn conversion<T: Number, U: Number>(
    point: &str,
    bytes: usize,
    rivals: &[(&'static str, Convert<T, U>)],
) -> Vec<Contest> {
    let slices = Rc::new(RefCell::new(None::<Slices<T, U>>));
    let run = |convert: Convert<T, U>| {
        timed(&slices, bytes, move |slices| {
            convert(&slices.from, &mut slices.to);
            black_box(&mut slices.to);
        })
    };
    let ours = || Contender { name: "stratal", part: Part::Ours, run: run(by_us) };
    let copy = |part| copying(&slices, bytes, part);
    let mut contests = vec![contest(format!("{point}.share"), SHARE, vec![ours(), copy(Part::Rival)])];
    if !rivals.is_empty() {
        let others =
            rivals.iter().map(|(name, convert)| Contender { name, part: Part::Rival, run: run(*convert) });
        let contenders = [ours(), copy(Part::Limit)].into_iter().chain(others).collect();
        contests.push(contest(point.to_owned(), 1.0, contenders));
    }
    contests
}

fn fills(bytes: usize) -> Vec<Contest> {
    let mut found = fill("fill f32", bytes, 1.5_f32);
    found.extend(fill("fill bf16", bytes, bf16::ONE));
    found.extend(fill("fill u8", bytes, 7_u8));
    // The least that "long" means: here a fill that went past the cache too early would lose.
    found.extend(fill("fill f32 16 MiB", 16 << 20, 1.5_f32));
    found
}

/// Two contests: the share of a copy's bandwidth (a fill only writes), and the loops of others.
fn fill<T: Number>(point: &str, bytes: usize, value: T) -> Vec<Contest> {
    let slices = Rc::new(RefCell::new(None::<Slices<T, T>>));
    // A copy moves twice the bytes that are filled: the sizes in `Slices` are those of both sides.
    let run = |fill: fn(&mut [T], T)| {
        let mut run = timed(&slices, bytes, move |slices| {
            fill(&mut slices.to, value);
            black_box(&mut slices.to);
        });
        Box::new(move || Ok(run()?.into_iter().map(|seconds| 2.0 * seconds).collect())) as Runner
    };
    let ours = || Contender { name: "stratal", part: Part::Ours, run: run(simd::fill) };
    let copy = |part| copying(&slices, bytes, part);
    let rival = |name, fill| Contender { name, part: Part::Rival, run: run(fill) };
    let others = vec![
        ours(),
        copy(Part::Limit),
        rival("slice::fill", |to, value| to.fill(value)),
        rival("ndarray", |to, value| ArrayViewMut1::from(to).fill(value)),
    ];
    vec![
        contest(format!("{point}.share"), SHARE, vec![ours(), copy(Part::Rival)]),
        contest(point.to_owned(), 1.0, others),
    ]
}

/// The plain copy of as many bytes.
fn copying<T: Number, U: Number>(
    slices: &Rc<RefCell<Option<Slices<T, U>>>>,
    bytes: usize,
    part: Part,
) -> Contender {
    let run = timed(slices, bytes, |slices| {
        slices.copy.copy_from_slice(&slices.copied);
        black_box(&mut slices.copy);
    });
    Contender { name: "copy", part, run }
}

fn contest(point: String, goal: f64, contenders: Vec<Contender>) -> Contest {
    let metrics = vec![Metric { name: "", unit: "s/GiB", goal: Some(goal) }];
    Contest { suite: "tensor", point, metrics, contenders }
}

/// A run: the quickest of a few, in seconds per GiB moved.
fn timed<T: Number, U: Number>(
    slices: &Rc<RefCell<Option<Slices<T, U>>>>,
    bytes: usize,
    mut work: impl FnMut(&mut Slices<T, U>) + 'static,
) -> Runner {
    let slices = Rc::clone(slices);
    Box::new(move || {
        let mut slices = slices.borrow_mut();
        let slices = slices.get_or_insert_with(|| Slices::new(bytes));
        let mut quickest = f64::INFINITY;
        for _ in 0..REPEATS {
            let start = Instant::now();
            work(slices);
            quickest = quickest.min(start.elapsed().as_secs_f64());
        }
        Ok(vec![quickest / slices.moved_gib()])
    })
}

fn by_us<T: Number, U: Number>(from: &[T], to: &mut [U]) {
    // Lengths are equal by construction, so that nothing is refused.
    let _ = simd::convert(from, to);
}
