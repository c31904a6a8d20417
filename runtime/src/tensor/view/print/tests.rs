//! Promise: a view prints as NumPy prints the array. `tests/expectations.py` wrote the expectations with NumPy 2.4.

use super::super::super::dtype::{Element, f16};
use super::super::super::layout::Order;
use super::super::super::shape::{Dyn, Shape};
use super::super::super::typed::Tensor;
use super::super::View;
use std::collections::BTreeMap;

type Vector<T> = Tensor<T, (Dyn,)>;
type Matrix<T> = Tensor<T, (Dyn, Dyn)>;
type Cube<T> = Tensor<T, (Dyn, Dyn, Dyn)>;

/// Prints tensors and compares them with what NumPy printed.
struct Page {
    expected: BTreeMap<&'static str, &'static str>,
    wrong: Vec<String>,
}

impl Page {
    fn new() -> Self {
        let parts = include_str!("tests/expectations.txt").split("=== ").skip(1);
        let expected =
            parts.filter_map(|part| part.split_once('\n')).map(|(name, text)| (name, text.trim_end()));
        Self { expected: expected.collect(), wrong: Vec::new() }
    }

    fn compare(&mut self, name: &str, printed: &str) {
        match self.expected.remove(name) {
            Some(expected) if expected == printed => {}
            expected => {
                self.wrong.push(format!("{name}: NumPy\n{}\nhere\n{printed}", expected.unwrap_or("-")))
            }
        }
    }

    fn view<T: Element, S: Shape, L: Order>(&mut self, name: &str, view: View<'_, T, S, L>) {
        self.compare(name, &view.to_string());
        let debug = format!("{view:?}");
        let end = debug.rfind(&format!(", {} ", T::DTYPE)).unwrap();
        self.compare(&format!("{name}, with commas"), &debug["View(".len()..end]);
    }

    fn tensor<T: Element, S: Shape>(&mut self, name: &str, tensor: &Tensor<T, S>) {
        self.view(name, tensor.read().unwrap().view());
    }

    fn list<T: Element>(&mut self, name: &str, elements: &[T]) {
        self.tensor(name, &Vector::from_slice([elements.len()], elements).unwrap());
    }

    /// A table of 0, 1, 2, … in row-major order.
    fn counting<T: Element>(&mut self, name: &str, sizes: &[usize], element: impl Fn(usize) -> T) {
        let elements: Vec<T> = (0..sizes.iter().product()).map(element).collect();
        match *sizes {
            [_] => self.list(name, &elements),
            [m, n] => self.tensor(name, &Matrix::from_slice([m, n], &elements).unwrap()),
            [m, n, o] => self.tensor(name, &Cube::from_slice([m, n, o], &elements).unwrap()),
            _ => self.tensor(
                name,
                &Tensor::<T, (Dyn, Dyn, Dyn, Dyn)>::from_slice([2, 2, 2, 2], &elements).unwrap(),
            ),
        }
    }
}

/// Numbers are as wide, as precise and as exponential as NumPy's, lines as long, and as much is left out.
#[test]
#[cfg_attr(miri, ignore = "slow there, and about text")]
fn views_print_as_numpy_prints() {
    let mut page = Page::new();
    numbers(&mut page);
    layouts(&mut page);
    let rounded = Vector::from_fn([3], |[i]| i as f64 / 7.0).unwrap();
    page.compare("rounded to three", &format!("{:.3}", rounded.read().unwrap().view()));
    assert!(page.wrong.is_empty(), "{}", page.wrong.join("\n\n"));
    assert!(page.expected.is_empty(), "not printed: {:?}", page.expected.keys());
}

fn numbers(page: &mut Page) {
    page.counting("integers", &[2, 3], |i| (i as i32 - 3) * 100);
    page.tensor("truth", &Matrix::from_slice([2, 2], &[true, false, true, true]).unwrap());
    page.list("fractions", &[0.1f32, 0.25, -1.5, 100.0]);
    page.list("thirds", &[1.0f64 / 3.0, 2.0 / 3.0, 10.0 / 3.0]);
    page.list("thirds_f32", &[1.0f32 / 3.0, 2.0 / 3.0, 10.0 / 3.0]);
    page.list("tiny", &[1e-5f32, 1.0]);
    page.list("huge", &[1e8f64, 2.5, -1.0]);
    page.list("apart", &[0.5f64, 1234.5]);
    page.list("exponents", &[1e-300f64, 1.5e300]);
    page.list("f32_cutoff", &[999_999.0f32, 1.0e3]);
    page.list("f32_beyond", &[1_000_000.0f32, 1.0e4]);
    page.list("unusual", &[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.5]);
    page.list("unusual_only", &[f32::NAN, f32::INFINITY]);
    page.tensor("nan_wide", &Matrix::from_slice([2, 2], &[f64::NAN, 12345.678, -0.0, 99.5]).unwrap());
    page.counting("zeros", &[2, 2], |_| 0f32);
    page.list("negative_zero", &[-0.0f32, 0.0]);
    page.list("halves", &[0.1, 1.5, 65.5, -2.0].map(f16::from_f32));
    page.list("halves_beyond", &[0.1, 1000.0].map(f16::from_f32));
    page.list("one", &[7i8]);
    page.list("large_integers", &[i64::MAX, i64::MIN]);
    page.list("rounded", &[0.123_456_789_012f64, 1.0]);
    page.list("half_to_even", &[0.5 + 2f64.powi(-27), 1.0]);
}

fn layouts(page: &mut Page) {
    page.counting("counting", &[2, 3], |i| i as f32);
    page.counting("bytes", &[3, 4], |i| i as u8);
    page.counting("cube", &[2, 3, 4], |i| i as i64);
    page.counting("rank_four", &[2, 2, 2, 2], |i| i as i64);
    page.counting("wrapped", &[100], |i| i as i64);
    page.counting("wrapped_floats", &[40], |i| i as f64 / 8.0);
    page.counting("at_threshold", &[10, 100], |i| i as i64);
    page.counting("long", &[1001], |i| i as i64);
    page.counting("table", &[50, 50], |i| i as f64);
    page.counting("narrow", &[300, 4], |i| i as i64);
    page.counting("flat", &[4, 300], |i| i as i64);
    page.counting("blocks", &[20, 20, 20], |i| i as f32);
    page.counting("empty", &[2, 0], |i| i as f32);
    let tensor = Matrix::from_fn([2, 3], |[i, j]| (3 * i + j) as f32).unwrap();
    page.view("transposed", tensor.read().unwrap().view().transpose());
    let tensor = Vector::from_fn([20], |[i]| i as i32).unwrap();
    page.view("every_other", tensor.read().unwrap().view().step::<0>(2).unwrap());
}

/// A view without axes prints its number, and a tensor that cannot be read at once its name, dtype and sizes.
#[test]
fn scalars_and_leased_tensors_print() {
    let scalar = Tensor::<f32, ()>::full([], 1.0 / 3.0).unwrap();
    assert_eq!(scalar.to_string(), "0.33333334");
    assert_eq!(Tensor::<f64, ()>::full([], 1e20).unwrap().to_string(), "1e+20");
    assert_eq!(Tensor::<f64, ()>::full([], -2.0).unwrap().to_string(), "-2.0");
    let tensor = Vector::from_slice([2], &[1u8, 2]).unwrap().named("pair");
    assert_eq!(tensor.to_string(), "[1 2]");
    let lease = tensor.write().unwrap();
    assert_eq!((lease.to_string(), tensor.to_string()), ("[1 2]".to_owned(), "pair u8 [2]".to_owned()));
    assert_eq!(format!("{:?}", lease.view()), "View([1, 2], u8 [2] row-major)");
}
