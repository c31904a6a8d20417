//! Axes that can never match are refused in `cargo check`, by number, where the shape or the operand is written.

use stratal::{Dim, Shape, Strided, Tensor, View, ViewMut, dims, tensor};

dims! { Batch, Seq }

fn views(table: Tensor<f32, Shape![Batch, 784]>) {
    let other_constant = table.view::<Shape![Batch, 768]>();
//                                    ^^^^^^^^^^^^^^^^^^ axis 1 is `C<784>`, declared `C<768>`
    let other_name = table.view::<Shape![Seq, 784]>();
//                                ^^^^^^^^^^^^^^^^ axis 0 is `Batch`, declared `Seq`
    let narrower = table.view::<Shape![3, _]>();
//                              ^^^^^^^^^^^^ axis 0 is `Batch`, declared `C<3>`
    let flat = table.view::<Shape![_]>();
//                          ^^^^^^^^^ rank mismatch: `(Batch, C<784>)` cannot be viewed as `(Dyn,)`
    let bound = table.bind::<Shape![_, _, _]>();
//                           ^^^^^^^^^^^^^^^ rank mismatch: `(Batch, C<784>)` cannot be bound to `(Dyn, Dyn, Dyn)`
}

fn generic<D: Dim>(rows: View<'_, f32, Shape![D, 4]>) {
    let fixed = rows.view::<Shape![8, 4]>();
//                          ^^^^^^^^^^^^ axis 0 is `D`, declared `C<8>`
    let free = rows.view::<Shape![_, 4]>();
}

fn combined(mut out: ViewMut<'_, f32, Shape![Batch, 784]>, a: View<'_, f32, Shape![Batch, 768]>) {
    let _ = out.assign(a);
//                     ^ axis 1 is `C<768>` here but `C<784>` in the tensor it is combined with
    let _ = out.zip_from(a.transpose(), |out, a| *out += a);
//                       ^^^^^^^^^^^^^ axis 0 is `C<768>` here but `Batch` in the tensor it is combined with
//                       ^^^^^^^^^^^^^ axis 1 is `Batch` here but `C<784>` in the tensor it is combined with
}

fn ranks(mut out: ViewMut<'_, f32, Shape![4, 4]>, row: View<'_, f32, Shape![4]>, rows: View<'_, f32, Shape![Seq, 4]>) {
    let _ = out.assign(row);
//                     ^^^ rank mismatch: `(C<4>,)` is combined with `(C<4>, C<4>)`
    let _ = out.assign(rows);
//                     ^^^^ axis 0 is `Seq` here but `C<4>` in the tensor it is combined with
}

fn axes(cube: View<'_, f32, Shape![2, _, 4]>) {
    let beyond = cube.slice_axis::<3>(0..1);
//                    ^^^^^^^^^^ `(C<2>, Dyn, C<4>)` has no axis 3
    let gone = cube.squeeze::<7>();
//                  ^^^^^^^ `(C<2>, Dyn, C<4>)` has no axis 7
    let grown = cube.unsqueeze::<5>();
//                   ^^^^^^^^^ `(C<2>, Dyn, C<4>)` cannot get one more axis at 5
    let twice = cube.permute::<Shape![0, 1]>();
//                   ^^^^^^^ `(C<0>, C<1>)` is not an order of the axes of `(C<2>, Dyn, C<4>)`
    let ranges = cube.slice([0..1, 0..1]);
//                          ^^^^^^^^^^^^ mismatched types
    let index = cube[[0, 0]];
//                   ^^^^^^ mismatched types
}

fn squeezed(cube: Tensor<f32, Shape![2, Batch, 1, _]>) -> stratal::Result<()> {
    let constant = cube.squeeze::<0>()?;
//                 ^^^^ axis 0 is `C<2>`, squeezing needs 1
    let named = cube.read()?.view().squeeze::<1>()?;
//              ^^^^^^^^^^^^^^^^^^^ axis 1 is `Batch`, squeezing needs 1
    let (one, free) = (cube.squeeze::<2>()?, cube.squeeze::<3>()?);
    Ok(())
}

fn orders(strided: View<'_, f32, Shape![2, 3], Strided>) {
    let slice = strided.as_slice();
//                      ^^^^^^^^ a `Strided` view is no slice: its elements may have gaps between them
    let flat = strided.reshape::<Shape![6]>([6]);
//                     ^^^^^^^ a `Strided` view is no slice: its elements may have gaps between them
    let copy = strided.to_layout::<Strided>();
//                                 ^^^^^^^ a `Strided` view is no slice: its elements may have gaps between them
}

fn unwritten() -> stratal::Result<()> {
    let room = Tensor::<f32, Shape![4]>::uninit([4])?;
    let early = room.read()?;
//                   ^^^^ no method named `read` found for struct `Uninit<T, S>` in the current scope
    Ok(())
}

fn literals() {
    let ragged = tensor![[1.0, 2.0], [3.0]];
//                                   ^^^^^ mismatched types
    let typed: stratal::Result<Tensor<f32, Shape![2, 2]>> = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
//                                                                  ^^^^^^^^^^^^^^^ mismatched types
    let text = tensor!["a"];
//                     ^^^ `[&str; 1]` cannot stand in `tensor![…]`
    let nothing: stratal::Result<Tensor<f32, Shape![1, 0]>> = tensor![[], []];
//                                                                    ^^ mismatched types
    let texts = tensor![["b"; 2]; 3];
//                      ^^^^^^^^ `Repeat<Repeat<&str, 2>, 3>` cannot stand in `tensor![…]`
}

fn pooled(pool: &stratal::runtime::pool::Pool) {
    let open = pool.allocate_tensor::<f32, Shape![Batch, 4]>();
//                                         ^^^^^^^^^^^^^^^^ `(Batch, C<4>)` has sizes that only run time knows
}
