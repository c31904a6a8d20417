//! Promises of loading: one error with every difference, and nothing adopted before it.

use super::super::buffer::Alignment;
use super::super::dtype::{DType, bf16};
use super::super::shape::{C, Dim, Dyn, Named};
use super::*;
use crate::error::{Error, ErrorKind};
use std::cell::RefCell;
use std::error::Error as _;

struct Vocab;
impl Named for Vocab {
    const NAME: &str = "Vocab";
}

/// What the derive writes for `struct Layer<I, O> { weight: Tensor<f32, (O, I)>, bias: Option<Tensor<f32, (O,)>> }`.
struct Layer<I: Dim, O: Dim> {
    weight: Tensor<f32, (O, I)>,
    bias: Option<Tensor<f32, (O,)>>,
}

impl<I: Dim, O: Dim> Params for Layer<I, O> {
    fn each_field(step: Step<'_, '_, '_, Self>) -> Option<Self> {
        match step {
            Step::Load(load) => {
                let (weight, bias) = (load.field("weight"), load.field("bias"));
                load.same_size("O", &["weight", "bias"], &[0, 0]);
                Some(Self { weight: weight?, bias: bias? })
            }
            Step::Walk(params, walk) => {
                walk.field("weight", &params.weight);
                walk.field("bias", &params.bias);
                None
            }
        }
    }
}

/// Tensors of the given names, dtypes and shapes, all zero.
fn source(tensors: &[(&str, DType, &[usize])]) -> MemorySource {
    let zeros = |dtype, shape| AnyTensor::zeros(dtype, shape, Alignment::Simd).unwrap();
    tensors.iter().map(|&(name, dtype, shape)| (name, zeros(dtype, shape))).collect()
}

fn report<P: Params>(source: &MemorySource) -> LoadError {
    let error = P::from_source(source).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Params);
    error.source().and_then(|source| source.downcast_ref::<LoadError>()).unwrap().clone()
}

/// A tree loads by joined names, whichever containers its fields are in.
#[test]
fn containers_load() {
    type Tree = Vec<Box<[Layer<Dyn, C<2>>; 2]>>;
    let names: Vec<String> = (0..3).flat_map(|i| (0..2).map(move |j| format!("{i}.{j}.weight"))).collect();
    let tensors: Vec<(&str, DType, &[usize])> =
        names.iter().map(|name| (name.as_str(), DType::F32, &[2, 5][..])).collect();
    let tree = Tree::from_source(&source(&tensors)).unwrap();
    assert_eq!((tree.len(), tree[2][1].weight.name()), (3, "2.1.weight"));
    assert!(tree.iter().all(|pair| pair.iter().all(|layer| layer.bias.is_none())));
    assert_eq!(tree.num_bytes(), 6 * 40);
    let mut visited = Vec::new();
    tree.visit(&mut |tensor| visited.push(tensor.name().to_owned()));
    assert_eq!(visited, names);
}

/// Every sort of difference is in the one report, with a line each.
#[test]
fn every_difference_is_reported() {
    let source = source(&[
        ("0.weight", DType::F32, &[2, 6]),
        ("0.bias", DType::BF16, &[2]),
        ("1.weigth", DType::F32, &[2, 5]),
        ("4.weight", DType::F32, &[2, 5]),
        ("other", DType::U8, &[]),
    ]);
    let report = report::<Vec<Layer<C<5>, C<2>>>>(&source);
    let lines = "6 problems with memory
missing (2):
  2..=3: expected because `4` is there
  1.weight: f32 [2, 5]; did you mean `1.weigth`?
misshaped (1):
  0.weight: axis 1 is 6, declared 5 (found [2, 6], declared [2, 5])
mistyped (1):
  0.bias: bf16 found, f32 declared
unused (2):
  1.weigth
  other";
    assert_eq!(report.to_string(), lines);
    let error = Error::from(report);
    assert!(
        error
            .to_string()
            .starts_with("parameters do not match: 2 missing, 1 misshaped, 1 mistyped, 2 unused: 6")
    );
}

/// A dimension that run time decides is the same in every field that declares it.
#[test]
fn symbols_agree_within_a_struct() {
    let uneven = source(&[("weight", DType::F32, &[4, 5]), ("bias", DType::F32, &[3])]);
    let report = report::<Layer<Dyn, Dyn>>(&uneven);
    let expected = "dimension `O` is 4 in `weight` (axis 0) but 3 here (axis 0)";
    assert_eq!(report.misshaped(), [Misfit { tensor: "bias".into(), detail: expected.into() }]);
    let even = source(&[("weight", DType::F32, &[4, 5]), ("bias", DType::F32, &[4])]);
    assert!(Layer::<Dyn, Dyn>::from_source(&even).is_ok());
}

/// A named dimension has one size in the whole tree.
#[test]
fn names_agree_across_the_tree() {
    let uneven = source(&[("0", DType::BF16, &[7, 2]), ("1", DType::BF16, &[8, 2])]);
    let report = report::<Vec<Tensor<bf16, (Vocab, Dyn)>>>(&uneven);
    let expected = "dimension `Vocab` is 7 in `0` (axis 0) but 8 here (axis 0)";
    assert_eq!(report.misshaped(), [Misfit { tensor: "1".into(), detail: expected.into() }]);
}

/// A list without elements is missing its first one; an optional list is absent.
#[test]
fn an_empty_list_is_missing() {
    let none = MemorySource::default();
    assert_eq!(report::<Vec<Layer<Dyn, Dyn>>>(&none).missing()[0].tensor, "0");
    assert!(Option::<Vec<Layer<Dyn, Dyn>>>::from_source(&none).is_ok_and(|list| list.is_none()));
}

/// Tensors that nobody asks for are an error unless the struct allows it.
#[test]
fn unused_can_be_allowed() {
    struct Lenient;
    impl Params for Lenient {
        const PREFIX: &'static str = "a";
        const ALLOW_UNUSED: bool = true;
        fn each_field(step: Step<'_, '_, '_, Self>) -> Option<Self> {
            match step {
                Step::Load(_) => Some(Self),
                Step::Walk(_, _) => None,
            }
        }
    }
    let source = source(&[("a", DType::U8, &[]), ("a.b", DType::U8, &[]), ("ab", DType::U8, &[])]);
    assert_eq!(report::<Lenient>(&source).unused(), ["ab"]);
}

/// A source that counts adoptions and may fail them.
struct Counting {
    inner: MemorySource,
    fail: &'static str,
    adopted: RefCell<Vec<String>>,
}

impl ParamSource for Counting {
    fn title(&self) -> String {
        self.inner.title()
    }

    fn names(&self) -> Vec<&str> {
        self.inner.names()
    }

    fn find(&self, name: &str) -> Option<ParamInfo> {
        self.inner.find(name)
    }

    fn adopt(&self, name: &str, tier: Option<&str>) -> Result<AnyTensor> {
        self.adopted.borrow_mut().push(name.to_owned());
        if name == self.fail {
            return Err(Error::new(ErrorKind::Closed, "the engine has been closed"));
        }
        self.inner.adopt(name, tier)
    }
}

/// Nothing is adopted when anything differs; a failing adoption names its tensor.
#[test]
fn nothing_is_adopted_before_all_fits() {
    type Pair = [Tensor<u8, (Dyn,)>; 2];
    let inner = source(&[("0", DType::U8, &[1]), ("1", DType::U8, &[1])]);
    let counting = |inner, fail| Counting { inner, fail, adopted: RefCell::default() };

    let short = counting(source(&[("0", DType::U8, &[1])]), "");
    assert!(Pair::from_source(&short).is_err() && short.adopted.borrow().is_empty());

    let failing = counting(inner.share(), "1");
    let error = Pair::from_source(&failing).err().unwrap();
    assert_eq!(error.to_string(), "closed: the engine has been closed (tensor `1`)");

    let fitting = counting(inner, "");
    assert!(Pair::from_source(&fitting).is_ok());
    assert_eq!(*fitting.adopted.borrow(), ["0", "1"]);
}

/// A source that says one thing and adopts another is found out.
#[test]
fn adopted_tensors_are_checked_again() {
    struct Lying(MemorySource);
    impl ParamSource for Lying {
        fn title(&self) -> String {
            "lies".into()
        }
        fn names(&self) -> Vec<&str> {
            self.0.names()
        }
        fn find(&self, _: &str) -> Option<ParamInfo> {
            Some(ParamInfo { dtype: DType::F32, shape: vec![2] })
        }
        fn adopt(&self, name: &str, tier: Option<&str>) -> Result<AnyTensor> {
            self.0.adopt(name, tier)
        }
    }
    let lying = Lying(source(&[("0", DType::F32, &[3])]));
    let error = <[Tensor<f32, (C<2>,)>; 1]>::from_source(&lying).err().unwrap();
    assert_eq!((error.kind(), error.fact("tensor")), (ErrorKind::Shape, Some("0")));
}
