//! Promise: what tensors say about memory is so. Every block is counted, so tests take turns.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use stratal::{C, Dyn, Shape, Shared, StackTensor, Tensor, tensor};
use stratal_support::peak::PeakAllocator;

#[global_allocator]
static ALLOCATOR: PeakAllocator = PeakAllocator::new();

const MIB: usize = 1 << 20;

/// Held by the test whose turn it is.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes that are live after `make` beyond those before, and what it made.
fn kept_bytes<T>(make: impl FnOnce() -> T) -> (usize, T) {
    let mut made = None;
    let (peak, ()) = ALLOCATOR.peak_bytes_of(|| made = Some(make()));
    (peak, made.expect("it was made"))
}

/// A literal of 64 MiB needs neither stack nor a second copy: not as repeated constants, not as repeated variables.
#[test]
fn literals_of_64_mib_need_no_stack() {
    let _turn = turn();
    let small = thread::Builder::new().stack_size(128 << 10);
    let literals = || {
        let (peak, constants) = kept_bytes(|| tensor![[0.5f32; 4096]; 4096].unwrap());
        assert!(peak < 65 * MIB, "{peak} bytes");
        assert_eq!((constants.shape(), constants.read().unwrap()[4096 * 4096 - 1]), (&[4096, 4096][..], 0.5));
        let variable = std::hint::black_box(7u64);
        let (peak, variables) = kept_bytes(|| tensor![[variable; 2048]; 4096].unwrap());
        assert!(peak < 129 * MIB, "{peak} bytes");
        assert_eq!(variables.read().unwrap()[2048 * 4096 - 1], 7);
        let rows: Tensor<f32, Shape![4096, 4, 2]> = tensor![[[1.0, 2.0]; 4]; 4096].unwrap();
        assert_eq!(rows.read().unwrap().view()[[4095, 3, 1]], 2.0);
    };
    small.spawn(literals).unwrap().join().unwrap();
}

/// A deferred tensor has a handle of a few words until it is written; its zeros can be read before.
#[test]
fn deferred_tensors_have_no_memory_before_the_first_write() {
    let _turn = turn();
    let (peak, tensor) = kept_bytes(|| Tensor::<f32, Shape![_]>::deferred([10_000]).unwrap());
    assert!(peak < 512, "{peak} bytes");
    let (peak, sum) = kept_bytes(|| tensor.read().unwrap().iter().sum::<f32>());
    assert!(peak < 512 && sum == 0.0, "{peak} bytes");
    let (peak, ()) = kept_bytes(|| tensor.write().unwrap().fill(1.0));
    assert!((40_000..41_000).contains(&peak), "{peak} bytes");
    assert_eq!(tensor.read().unwrap()[9_999], 1.0);
}

/// A vector whose block is aligned becomes the tensor: same address, nothing allocated but the handle.
#[test]
fn vectors_are_taken_over() {
    let _turn = turn();
    let vectors = (0..64).map(|_| vec![2.5f32; 100_000]).collect::<Vec<_>>();
    let mut taken = 0;
    for vector in vectors {
        let address = vector.as_ptr();
        let aligned = address.addr().is_multiple_of(64);
        let (peak, tensor) = kept_bytes(|| Tensor::<f32, Shape![_]>::from_vec([100_000], vector).unwrap());
        assert_eq!(tensor.read().unwrap().as_ptr() == address, aligned);
        assert_eq!(peak < 512, aligned, "{peak} bytes");
        assert!(tensor.read().unwrap().iter().all(|x| *x == 2.5));
        taken += usize::from(aligned);
    }
    println!("{taken} of 64 vectors of the system's allocator were aligned to 64 bytes");
}

/// A tensor on the stack allocates nothing, whatever is done with its views.
#[test]
fn stack_tensors_allocate_nothing() {
    let _turn = turn();
    let (peak, sum) = kept_bytes(|| {
        let mut tensor = StackTensor::<f32, Shape![8, 8]>::from_fn(|[i, j]| (i * j) as f32);
        tensor.view_mut().transpose().map_in_place(|x| x + 1.0);
        let diagonal = (0..8).map(|i| tensor.view()[[i, i]]).sum::<f32>();
        diagonal + tensor.view().slice([0..2, 6..8]).unwrap().fold(0.0, |sum, x| sum + x)
    });
    assert_eq!((peak, sum), (0, 148.0 + 17.0));
}

/// Sharing a tensor costs 16 bytes beside it, and a handle one pointer.
#[test]
fn sharing_costs_sixteen_bytes() {
    let _turn = turn();
    let first = Shared::new(Tensor::<f32, (Dyn, C<4>)>::zeros([1, 4]).unwrap()); // the list of live values exists now
    let tensor = Tensor::<f32, (Dyn, C<4>)>::zeros([8, 4]).unwrap();
    let bytes = size_of_val(&tensor);
    let (peak, shared) = kept_bytes(|| Shared::new(tensor));
    assert!(peak <= bytes + 16, "{peak} bytes for a handle of {bytes}");
    let (peak, handles) = kept_bytes(|| [shared.clone(), shared.clone(), shared.clone()]);
    assert_eq!((peak, size_of_val(&handles)), (0, 3 * size_of::<usize>()));
    drop(first);
}

/// Mapping a tensor that nobody else has, and binding, viewing or transposing any, allocates no elements.
#[test]
fn what_can_stay_in_place_does() {
    let _turn = turn();
    let tensor = Tensor::<f32, Shape![_, 1000]>::full([1000, 1000], 1.0).unwrap();
    let address = tensor.read().unwrap().as_ptr();
    // The test runner's own threads may ask for something meanwhile: the least of a few counts.
    let (peak, tensor) = (0..5).fold((usize::MAX, tensor), |(least, tensor), _| {
        let (peak, tensor) = kept_bytes(|| tensor.map(|x| x + 1.0).unwrap());
        (least.min(peak), tensor)
    });
    assert!(peak < 512 && tensor.read().unwrap().as_ptr() == address, "{peak} bytes");
    let transposed = |_| kept_bytes(|| tensor.bind::<Shape![1000, 1000]>().unwrap().transpose());
    let (peak, columns) = (0..5).map(transposed).min_by_key(|(peak, _)| *peak).unwrap();
    assert!(peak < 512 && columns.read().unwrap().as_ptr() == address, "{peak} bytes");
    let (peak, mapped) = kept_bytes(|| tensor.map(|x| x * 2.0).unwrap());
    assert!(peak >= 4_000_000, "`columns` has the old elements: {peak} bytes");
    assert_eq!((columns.read().unwrap()[0], mapped.read().unwrap()[0]), (6.0, 12.0));
}
