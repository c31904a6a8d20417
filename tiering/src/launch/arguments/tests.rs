//! Layout of parameters against what C says.

use super::*;
use stratal_runtime::kernel::{Count, Extent, ScalarParameter, Source, Term, Work};
use stratal_runtime::tensor::DType;

const ARGUMENTS: &[Argument] = &[
    Argument::Scalar(0),
    Argument::Written(0),
    Argument::Scalar(1),
    Argument::Count(Count(&[Term::Size(Extent::Fixed(3))]), DType::I32),
    Argument::Scalar(0),
    Argument::Faults,
];

#[test]
fn parameters_lie_as_c_lays_them() {
    let descriptor = Descriptor {
        name: "laid",
        symbols: &[],
        tensors: &[],
        scalars: &[
            ScalarParameter { name: "flag", dtype: DType::Bool },
            ScalarParameter { name: "wide", dtype: DType::F64 },
        ],
        buffers: &[],
        stages: &[],
        source: Source::Generated(""),
    };
    let stage = Stage { entry: "laid_0", work: Work::Elements(&[]), arguments: ARGUMENTS };
    let layout = Layout::of(&descriptor, &stage).unwrap();
    assert_eq!(layout.offsets, [0, 8, 16, 24, 28, 32]);
    assert_eq!((layout.bytes, layout.sizes_at()), (40, 40));
}

#[test]
fn many_parameters_and_few_are_packed_alike() {
    for len in [8, 192, 193, 1000] {
        let mut packed = Packed::zeros(len);
        packed.put(len - 8, &7_u64.to_le_bytes());
        assert_eq!(packed.bytes().len(), len);
        assert_eq!(packed.bytes()[len - 8..], 7_u64.to_le_bytes());
        assert!(packed.bytes()[..len - 8].iter().all(|byte| *byte == 0));
    }
}
