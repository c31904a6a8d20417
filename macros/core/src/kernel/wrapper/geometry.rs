//! How a kernel of a file is launched: blocks, threads of a block, and what they may not exceed.

use super::count::{Term, constant, count};
use crate::kernel::ir::Size;
use crate::kernel::item::{Dim, KernelItem, ParamKind, TensorType};
use crate::kernel::native;
use crate::kernel::options::Options;
use crate::valid::native::{self as valid, Place};
use quote::{ToTokens, quote};
use syn::{Error, Expr};

/// Most threads of a block, in all and in x, y and z (CUDA C++ Programming Guide, compute capabilities).
pub(crate) const THREADS_MAX: u64 = 1024;
const BLOCK_MAX: [u64; 3] = [1024, 1024, 64];
/// Most blocks in x, y and z.
const GRID_MAX: [u64; 3] = [(1 << 31) - 1, 65_535, 65_535];
/// Most shared memory that every device gives a block unasked.
pub(crate) const SHARED_MAX: u64 = 48 << 10;
/// The grid and the block.
pub(super) fn geometry(
    item: &KernelItem,
    options: &Options,
    native: &native::Signature,
    place: &Place<'_>,
) -> Result<([Vec<Term>; 3], [u64; 3]), Error> {
    if let (Some((threads, _)), Some((grid, _))) = (&options.threads, &options.grid) {
        return Err(crate::valid::excluding_options(grid, threads));
    }
    let (axes, blocks, written): (Vec<Vec<Term>>, bool, &[Expr]) = match (&options.threads, &options.grid) {
        (None, None) => (vec![elements(item)?], false, &[]),
        (_, Some((_, grid))) => (counts(item, grid)?, true, grid),
        (Some((_, threads)), None) => (counts(item, threads)?, false, threads),
    };
    let block = block(options, axes.len(), native, place, item)?;
    let mut grid = [const { Vec::new() }; 3];
    for (axis, terms) in grid.iter_mut().enumerate() {
        *terms = axes.get(axis).cloned().unwrap_or_else(|| vec![Term::Size(Size::Fixed(1))]);
        if !blocks && block[axis] > 1 {
            terms.extend([Term::Size(Size::Fixed(block[axis])), Term::Quotient]);
        }
        if let (Some(blocks), Some(written)) = (constant(terms), written.get(axis))
            && blocks > GRID_MAX[axis]
        {
            return Err(valid::too_many_blocks(written, axis, blocks, GRID_MAX[axis]));
        }
    }
    Ok((grid, block))
}

fn counts(item: &KernelItem, written: &[Expr]) -> Result<Vec<Vec<Term>>, Error> {
    written.iter().map(|one| count(item, one)).collect()
}

/// The number of elements of what is written.
fn elements(item: &KernelItem) -> Result<Vec<Term>, Error> {
    let params = item.params.iter().filter_map(|param| match &param.kind {
        ParamKind::Tensor { ty, mutable: true, .. } => Some(ty),
        _ => None,
    });
    let written: Vec<&TensorType> = item.results.iter().chain(params).collect();
    let sizes = |ty: &TensorType| -> Vec<Size> { ty.dims.iter().map(|dim: &Dim| dim.size).collect() };
    let Some((first, rest)) = written.split_first() else {
        return Err(valid::which_threads(&item.name, true));
    };
    if rest.iter().any(|other| sizes(other) != sizes(first)) {
        return Err(valid::which_threads(&item.name, false));
    }
    let mut terms = vec![Term::Size(Size::Fixed(1))];
    for (at, size) in sizes(first).into_iter().enumerate() {
        if at == 0 {
            terms.clear();
        }
        terms.push(Term::Size(size));
        if at > 0 {
            terms.push(Term::Product);
        }
    }
    Ok(terms)
}

/// Threads of a block: those that are given, or 256 in as many axes as there are.
fn block(
    options: &Options,
    axes: usize,
    native: &native::Signature,
    place: &Place<'_>,
    item: &KernelItem,
) -> Result<[u64; 3], Error> {
    let at = options.block.as_ref().map_or(quote!(), |(word, written)| match &written[..] {
        [] => word.to_token_stream(),
        written => quote!(#(#written),*),
    });
    let at = if at.is_empty() { item.name.to_token_stream() } else { at };
    let mut block = [1; 3];
    match &options.block {
        Some((_, written)) => {
            for (axis, one) in written.iter().enumerate() {
                let threads = constant(&count(item, one)?).ok_or_else(|| valid::not_a_constant(one))?;
                if !(1..=BLOCK_MAX[axis]).contains(&threads) {
                    return Err(valid::block_axis(one, axis, threads, BLOCK_MAX[axis]));
                }
                block[axis] = threads;
            }
        }
        None => {
            let most = native.threads_max.unwrap_or(256).clamp(1, 256);
            block = match (native.block, axes) {
                (Some(required), _) => required,
                (None, 2) => [16, 16, 1],
                (None, 3) => [8, 8, 4],
                (None, _) => [most, 1, 1],
            };
        }
    }
    let threads = block.iter().fold(1, |product: u64, axis| product.saturating_mul(*axis));
    if let Some(required) = native.block.filter(|required| *required != block) {
        return Err(valid::block_required(&at, place, required));
    }
    match native.threads_max {
        _ if threads > THREADS_MAX => Err(valid::block_too_large(&at, threads)),
        Some(most) if threads > most => Err(valid::block_over_bounds(&at, place, threads, most)),
        _ => Ok(block),
    }
}
