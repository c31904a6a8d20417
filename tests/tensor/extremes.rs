//! What a tensor says to sizes, ranges and bytes that make no sense, and that those which are only small do work.

use stratal::runtime::tensor::{as_bytes, as_elements};
use stratal::{ColumnMajor, ErrorKind, Shape, Tensor, bf16, tensor};

/// Tensors without elements have every operation, and as many rows as they say.
#[test]
fn axes_of_size_0_work() {
    for shape in [[0, 3], [3, 0], [0, 0]] {
        let mut tensor = Tensor::<f32, Shape![_, _]>::zeros(shape).unwrap();
        assert_eq!((tensor.rank(), tensor.num_elements(), tensor.num_bytes()), (2, 0, 0));
        let lease = tensor.read().unwrap();
        let view = lease.view();
        assert_eq!((view.rows().count(), view.iter().count(), view.to_vec()), (shape[0], 0, vec![]));
        assert_eq!(view.transpose().shape(), [shape[1], shape[0]]);
        assert_eq!(view.slice([0..0, 0..shape[1]]).unwrap().num_elements(), 0);
        assert_eq!(view.reshape::<Shape![_, _]>([7, 0]).unwrap().fold(1.0, |sum, x| sum + x), 1.0);
        assert_eq!(view.unsqueeze::<0>().squeeze::<0>().unwrap().num_elements(), 0);
        drop(lease);
        let mut view = tensor.get_mut().unwrap();
        assert_eq!((view.rows_mut().count(), view.iter_mut().count()), (shape[0], 0));
        view.for_each(|_, _| panic!("there is no element"));
        view.fill(1.0);
        let half = tensor.to_dtype::<bf16>().unwrap().to_layout::<ColumnMajor>().unwrap();
        assert_eq!(half.shape(), shape);
        assert!(tensor.equals(&tensor.duplicate().unwrap()).unwrap());
    }
    let scalar = Tensor::<i64, Shape![]>::full([], 7).unwrap();
    assert_eq!((scalar.rank(), scalar.to_vec().unwrap(), scalar.to_string()), (0, vec![7], "7".to_owned()));
    assert_eq!(scalar.read().unwrap().view()[[]], 7);
    let empty: Tensor<u8, Shape![0]> = tensor![].unwrap();
    assert_eq!((empty.shape(), empty.to_string()), (&[0][..], "[]".to_owned()));
}

/// Sizes that nothing can hold, of another rank, or of another product: the axis and the sizes are told.
#[test]
fn impossible_sizes_are_told() {
    let told = |error: stratal::Error, words: &str| {
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.kind(), ErrorKind::Shape, "{error}");
    };
    type Open = Tensor<f32, Shape![_, _]>;
    told(Open::zeros([1 << 40, 1 << 40]).unwrap_err(), "exceeds the address space");
    told(Open::deferred([usize::MAX, 2]).unwrap_err(), "exceeds the address space");
    told(Open::zeros([4]).unwrap_err(), "rank 1 found, rank 2 declared (found [4], declared [_, _])");
    told(Open::from_vec([2, 2], vec![0.0; 3]).unwrap_err(), "3 elements given for shape [2, 2]");
    let table = Open::zeros([2, 3]).unwrap().named("table");
    told(table.reshape::<Shape![_]>([5]).unwrap_err(), "[2, 3] has 6 elements, [5] has 5");
    told(table.bind::<Shape![2, 4]>().unwrap_err(), "axis 1 is 3, declared 4");
    told(table.squeeze::<1>().unwrap_err(), "axis 1 is 3, squeezing needs 1");
    told(table.read_rows(1..3).unwrap_err(), "rows 1..3 of shape [2, 3]");
    let lease = table.read().unwrap();
    told(lease.view().slice([0..2, 2..4]).err().unwrap(), "2..4 is out of range for axis 1 of size 3");
    told(lease.view().broadcast_to::<Shape![_, _]>([4, 3]).err().unwrap(), "axis 0 is 2, declared 4");
    let mut room = Open::uninit([1, 2]).unwrap();
    told(room.extend_from_slice(&[0.0; 3]).unwrap_err(), "3 elements given, room for 2 (shape [1, 2])");
    assert_eq!(room.remaining(), 2);
}

/// Bytes that are no elements: where they lie, how many they are, or what they hold is told.
#[test]
fn bytes_that_are_no_elements_are_told() {
    let bytes = as_bytes(&[1.0f64, 2.0]);
    assert!(as_elements::<f64>(&bytes[4..12]).unwrap_err().to_string().contains("multiple of 8"));
    assert_eq!(
        as_elements::<f64>(&bytes[..12]).unwrap_err().to_string(),
        "12 bytes are no whole number of f64"
    );
    assert_eq!(as_elements::<bool>(&[1, 9]).unwrap_err().to_string(), "element 1 is byte 0x09, no bool");
}
