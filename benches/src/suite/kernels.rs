//! Suite `kernels`: what `#[kernel]` makes of elementwise bodies and of products, beside loops by hand and ndarray.
//!
//! Elementwise values are seconds per GiB moved, bytes read and written counted; the quickest of a few calls counts. The
//! limit is `copy_from_slice` of as many bytes in the same round, on one thread, while kernels take as many as there are.
//! A call takes its leases and compares its sizes each time, as users' calls do. Products are seconds for one.

use super::{Scale, Suite, no_child};
use crate::contest::{Contender, Contest, Metric, Part, Runner};
use ndarray::{Array2, ArrayView1, ArrayViewMut1, Zip};
use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;
use std::time::Instant;
use stratal::{Result, Shape, Tensor, kernel};

pub(crate) const SUITE: Suite = Suite {
    name: "kernels",
    about: "elementwise kernels and products on the host against loops by hand and ndarray",
    contests,
    child: no_child,
};

/// Least share of a copy's bandwidth that is promised, as a bound on time.
const SHARE: f64 = 1.0 / 0.9;
/// Calls of one run; the quickest counts.
const REPEATS: usize = 5;

#[kernel]
fn scale(x: &Tensor<f32, { [N] }>, out: &mut Tensor<f32, { [N] }>, k: f32) {
    out.assign(x.map(|x| x * k + 1.0));
}

#[kernel]
fn blend(a: &Tensor<f32, { [N] }>, b: &Tensor<f32, { [N] }>, out: &mut Tensor<f32, { [N] }>, k: f32) {
    out.assign(zip(a, b, |a, b| if a < b { a + k * (b - a) } else { a.max(0.5) }));
}

#[kernel]
fn product(a: &Tensor<f32, { [N, K] }>, b: &Tensor<f32, { [K, M] }>) -> Tensor<f32, { [N, M] }> {
    matmul(a, b)
}

type Row = Tensor<f32, Shape![_]>;

/// What the contenders of a point share.
struct Rows {
    a: Row,
    b: Row,
    out: Row,
}

impl Rows {
    fn new(elements: usize) -> Result<Self> {
        let row = |salt: usize| Row::from_fn([elements], |[i]| ((i * 7 + salt) % 1000) as f32 * 0.01);
        Ok(Self { a: row(1)?, b: row(500)?, out: Row::full([elements], 1.0)? })
    }
}

/// A loop over two slices into a third.
type Loop<'a> = dyn Fn(&[f32], &[f32], &mut [f32]) + 'a;
type Shared = Rc<RefCell<Option<Rows>>>;

fn contests(options: Scale) -> Result<Vec<Contest>> {
    let elements = if options.quick { 4 << 20 } else { 16 << 20 };
    let mut contests = elementwise(
        "scale",
        elements,
        2,
        |rows| scale(&rows.a, &mut rows.out, 1.5).run(),
        |a, _, out| out.iter_mut().zip(a).for_each(|(out, a)| *out = a * 1.5 + 1.0),
        |a, _, out| Zip::from(out).and(a).for_each(|out, a| *out = a * 1.5 + 1.0),
    );
    let one = |a: f32, b: f32| if a < b { a + 0.25 * (b - a) } else { a.max(0.5) };
    contests.extend(elementwise(
        "blend",
        elements,
        3,
        |rows| blend(&rows.a, &rows.b, &mut rows.out, 0.25).run(),
        move |a, b, out| out.iter_mut().zip(a).zip(b).for_each(|((out, a), b)| *out = one(*a, *b)),
        move |a, b, out| Zip::from(out).and(a).and(b).for_each(|out, a, b| *out = one(*a, *b)),
    ));
    contests.push(products(if options.quick { 256 } else { 768 })?);
    contests.retain(|contest| options.chosen.point(&contest.point));
    Ok(contests)
}

/// Two contests: the share of a copy's bandwidth, and the loops of others. `moved` slices are read or written.
fn elementwise(
    point: &str,
    elements: usize,
    moved: usize,
    ours: fn(&mut Rows) -> Result<()>,
    by_hand: impl Fn(&[f32], &[f32], &mut [f32]) + Copy + 'static,
    ndarray: impl Fn(ArrayView1<'_, f32>, ArrayView1<'_, f32>, ArrayViewMut1<'_, f32>) + Copy + 'static,
) -> Vec<Contest> {
    let shared: Shared = Rc::default();
    let gib = (moved * elements * size_of::<f32>()) as f64 / (1_u64 << 30) as f64;
    let us = || Contender { name: "stratal", part: Part::Ours, run: timed(&shared, elements, gib, ours) };
    let slices = move |rows: &mut Rows, work: &Loop<'_>| -> Result<()> {
        let (a, b) = (rows.a.read()?, rows.b.read()?);
        work(&a, &b, &mut rows.out.write()?);
        Ok(())
    };
    let hand = timed(&shared, elements, gib, move |rows| slices(rows, &by_hand));
    let others = timed(&shared, elements, gib, move |rows| {
        slices(rows, &|a, b, out| ndarray(a.into(), b.into(), out.into()))
    });
    // A copy moves two slices.
    let copy = |part| {
        let copy = timed(&shared, elements, gib * 2.0 / moved as f64, move |rows| {
            slices(rows, &|a, _, out| out.copy_from_slice(a))
        });
        Contender { name: "copy", part, run: copy }
    };
    vec![
        contest(format!("{point}.share"), "s/GiB", SHARE, vec![us(), copy(Part::Rival)]),
        contest(
            point.to_owned(),
            "s/GiB",
            1.05,
            vec![
                us(),
                copy(Part::Limit),
                Contender { name: "by hand", part: Part::Rival, run: hand },
                Contender { name: "ndarray", part: Part::Rival, run: others },
            ],
        ),
    ]
}

/// A run: the quickest of a few, in seconds per GiB moved.
fn timed(
    shared: &Shared,
    elements: usize,
    gib: f64,
    mut work: impl FnMut(&mut Rows) -> Result<()> + 'static,
) -> Runner {
    let shared = Rc::clone(shared);
    Box::new(move || {
        let mut shared = shared.borrow_mut();
        let rows = match &mut *shared {
            Some(rows) => rows,
            none => none.insert(Rows::new(elements)?),
        };
        let mut quickest = f64::INFINITY;
        for _ in 0..REPEATS {
            let start = Instant::now();
            work(rows)?;
            quickest = quickest.min(start.elapsed().as_secs_f64());
            black_box(&mut rows.out);
        }
        Ok(vec![quickest / gib])
    })
}

/// One product of square matrices.
fn products(side: usize) -> Result<Contest> {
    let a = Tensor::<f32, Shape![_, _]>::from_fn([side, side], |[i, j]| ((i + 3 * j) % 17) as f32 * 0.1)?;
    let b = Tensor::<f32, Shape![_, _]>::from_fn([side, side], |[i, j]| ((5 * i + j) % 13) as f32 * 0.1)?;
    let array = |x: &Tensor<f32, Shape![_, _]>| -> Result<Array2<f32>> {
        let x = x.read()?;
        Ok(Array2::from_shape_fn((side, side), |(i, j)| x[i * side + j]))
    };
    let (left, right) = (array(&a)?, array(&b)?);
    let ours: Runner = Box::new(move || {
        let start = Instant::now();
        black_box(product(&a, &b).run()?);
        Ok(vec![start.elapsed().as_secs_f64()])
    });
    let theirs: Runner = Box::new(move || {
        let start = Instant::now();
        black_box(left.dot(&right));
        Ok(vec![start.elapsed().as_secs_f64()])
    });
    let contenders = vec![
        Contender { name: "stratal", part: Part::Ours, run: ours },
        Contender { name: "ndarray", part: Part::Rival, run: theirs },
    ];
    Ok(contest(format!("matmul/{side}"), "s", 1.0, contenders))
}

fn contest(point: String, unit: &'static str, goal: f64, contenders: Vec<Contender>) -> Contest {
    let metrics = vec![Metric { name: "", unit, goal: Some(goal) }];
    Contest { suite: "kernels", point, metrics, contenders }
}
