//! What the first phase of loading finds: who asks for which tensor, and everything that differs.
//!
//! Invariant: `claimed` and `claims` say the same; a trial that is taken back leaves no trace.

use super::super::dtype::DType;
use super::super::shape::{Axis, AxisList, ShapeError};
use super::catalogue::{Catalogue, below};
use super::nearest::nearest;
use super::place::Place;
use super::report::{LoadError, Misfit, Missing};
use super::source::ParamSource;
use crate::error::Result;
use std::collections::VecDeque;

/// Missing names that get a hint; a source where more are missing is another model's.
const HINTS_MAX: usize = 32;

/// Compares sizes with a declared shape.
pub(super) type Check = fn(&[usize]) -> Result<(), ShapeError>;

/// What was found so far.
pub(super) struct Findings {
    /// Of each name of the catalogue: 1 + the number of the claim on it, or 0.
    claimed: Vec<usize>,
    /// Claims in order: the position of the name, and where the field that made it ends in `fields`.
    claims: Vec<(usize, usize)>,
    /// The fields of all claims, one after the other.
    fields: String,
    /// Of each name of the catalogue: the sizes that a field found there; empty before.
    sizes: Vec<Vec<usize>>,
    /// Of each name of the catalogue: whether it may go unused.
    excused: Vec<bool>,
    /// The first use of each named dimension.
    named: Vec<FirstUse>,
    /// The variants that were chosen, in the order in which they are met.
    choices: VecDeque<usize>,
    report: LoadError,
}

/// The size that the first use of a dimension gave it, and where that was.
struct FirstUse {
    dimension: &'static str,
    size: usize,
    tensor: String,
    axis: usize,
}

/// How much was found before a trial.
struct Snapshot {
    claims: usize,
    named: usize,
    choices: usize,
    report: LoadError,
}

/// What one variant would find.
pub(super) struct Trial {
    /// Names that it asks for and the source has not.
    pub(super) lacks: Vec<String>,
    /// Positions of the names that it claims, ascending.
    pub(super) claims: Vec<usize>,
}

impl Findings {
    pub(super) fn new(title: String, names: usize) -> Self {
        Self {
            claimed: vec![0; names],
            claims: Vec::with_capacity(names),
            fields: String::new(),
            sizes: vec![Vec::new(); names],
            excused: vec![false; names],
            named: Vec::new(),
            choices: VecDeque::new(),
            report: LoadError::of(title),
        }
    }

    /// The field that made claim `number`.
    fn claimant(&self, number: usize) -> &str {
        let start = number.checked_sub(1).map_or(0, |before| self.claims[before].1);
        &self.fields[start..self.claims[number].1]
    }

    /// The field at `place` asks for the tensor at `position`, which nobody else may have.
    fn claim(&mut self, position: usize, place: &Place) {
        if let Some(first) = self.claimed[position].checked_sub(1) {
            let detail = clash(self.claimant(first), &place.fields, &place.path);
            self.report.claimed_twice.push(Misfit { tensor: place.path.clone(), detail });
            return;
        }
        self.fields.push_str(&place.fields);
        self.claims.push((position, self.fields.len()));
        self.claimed[position] = self.claims.len();
    }

    /// Expects a tensor at `place`, of this dtype and with sizes that pass `check`.
    pub(super) fn tensor(
        &mut self,
        (source, catalogue): (&dyn ParamSource, &Catalogue<'_>),
        place: &Place,
        dtype: DType,
        axes: &'static [Axis],
        check: Check,
    ) {
        let tensor = &place.path;
        let position = catalogue.position(tensor);
        let found = match position {
            Some(position) => source.find_at(catalogue.place(position), tensor),
            None => source.find(tensor),
        };
        let Some(info) = found else {
            let expected = format!("{dtype} {}", AxisList(axes));
            self.report.missing.push(Missing { tensor: tensor.clone(), expected, similar: None });
            return;
        };
        if let Some(position) = position {
            self.claim(position, place);
        }
        if info.dtype != dtype {
            let detail = format!("{} found, {dtype} declared", info.dtype);
            self.report.mistyped.push(Misfit { tensor: tensor.clone(), detail });
        }
        match check(&info.shape) {
            Ok(()) => self.hold_names(place, axes, &info.shape),
            Err(error) => self.misshaped(tensor, error.to_string()),
        }
        if let Some(sizes) = position.and_then(|position| self.sizes.get_mut(position)) {
            *sizes = info.shape;
        }
    }

    /// Holds every named dimension to one size in the whole tree.
    fn hold_names(&mut self, place: &Place, axes: &[Axis], shape: &[usize]) {
        for (axis, (declared, &size)) in axes.iter().zip(shape).enumerate() {
            let Axis::Named(dimension) = *declared else { continue };
            match self.named.iter().find(|first| first.dimension == dimension) {
                None => self.named.push(FirstUse { dimension, size, tensor: place.path.clone(), axis }),
                Some(first) => self.report.misshaped.extend(first.differs(&place.path, axis, size)),
            }
        }
    }

    /// Holds the axes in `uses`, each a tensor below `place` and an axis of it, to one size: the struct calls them
    /// all `dimension`. Tensors that are absent or misshaped are left to their own report.
    pub(super) fn same_size<'u>(
        &mut self,
        catalogue: &Catalogue<'_>,
        place: &mut Place,
        dimension: &'static str,
        uses: impl Iterator<Item = (&'u str, usize)>,
    ) {
        let mut first: Option<(usize, &str, usize)> = None;
        for (field, axis) in uses {
            let mark = place.enter(field, "");
            let size = self.well_shaped(catalogue, &place.path, axis);
            place.leave(mark);
            match (size, first) {
                (None, _) => {}
                (Some(size), None) => first = Some((size, field, axis)),
                (Some(size), Some((expected, _, _))) if size == expected => {}
                (Some(size), Some((expected, earlier, at))) => {
                    let tensor = place.join(earlier);
                    let first = FirstUse { dimension, size: expected, tensor, axis: at };
                    self.report.misshaped.extend(first.differs(&place.join(field), axis, size));
                }
            }
        }
    }

    /// The size of an axis of `tensor`, if a field found it there and its shape is as declared.
    fn well_shaped(&self, catalogue: &Catalogue<'_>, tensor: &str, axis: usize) -> Option<usize> {
        if self.report.misshaped.iter().any(|misfit| misfit.tensor == tensor) {
            return None;
        }
        self.sizes.get(catalogue.position(tensor)?)?.get(axis).copied()
    }

    /// A tied parameter at `place` needs no tensor of its own. Where the source has one all the same, it is a copy of
    /// `target`, or the tie is wrong.
    pub(super) fn tied(
        &mut self,
        (source, catalogue): (&dyn ParamSource, &Catalogue<'_>),
        place: &Place,
        target: &str,
    ) {
        let Some(own) = source.find(&place.path) else { return };
        if let Some(position) = catalogue.position(&place.path) {
            self.claim(position, place);
        }
        if let Some(other) = source.find(target).filter(|other| *other != own) {
            let (dtype, shape) = (other.dtype, other.shape);
            let detail = format!(
                "{} {:?} found, but it is tied to `{target}`, {dtype} {shape:?}",
                own.dtype, own.shape
            );
            self.misshaped(&place.path, detail);
        }
    }

    /// Lets tensors at and below `place` go unused.
    pub(super) fn excuse(&mut self, catalogue: &Catalogue<'_>, place: &Place) {
        let below = below(&place.path);
        for (excused, name) in self.excused.iter_mut().zip(catalogue.names()) {
            *excused |= *name == place.path || name.starts_with(&below);
        }
    }

    /// Notes numbers that are missing before the highest of `indexes`, or that there are none.
    pub(super) fn gaps(&mut self, indexes: &[usize], name: impl Fn(&str) -> String) {
        let mut next = 0;
        for &index in indexes {
            if index > next {
                let beyond = name(&index.to_string());
                let last = index - 1;
                let range = if next == last { next.to_string() } else { format!("{next}..={last}") };
                self.missing(name(&range), format!("expected because `{beyond}` is there"));
            }
            next = index.saturating_add(1);
        }
        if indexes.is_empty() {
            self.missing(name("0"), "expected at least this element".to_owned());
        }
    }

    pub(super) fn missing(&mut self, tensor: String, expected: String) {
        self.report.missing.push(Missing { tensor, expected, similar: None });
    }

    fn misshaped(&mut self, tensor: &str, detail: String) {
        self.report.misshaped.push(Misfit { tensor: tensor.to_owned(), detail });
    }

    /// Tensors at `tensor` cannot be in the tier that their field asks for.
    pub(super) fn misplaced(&mut self, tensor: &str, detail: String) {
        self.report.misplaced.push(Misfit { tensor: tensor.to_owned(), detail });
    }

    /// No variant of the enum at `tensor` fits, or several do.
    pub(super) fn undecided(&mut self, tensor: &str, detail: String) {
        self.report.undecided.push(Misfit { tensor: tensor.to_owned(), detail });
    }

    pub(super) fn choose(&mut self, variant: usize) {
        self.choices.push_back(variant);
    }

    /// Begins a trial: what is found until [`Self::take_back`] leaves no trace.
    pub(super) fn begin_trial(&mut self) -> impl FnOnce(&mut Self) -> Trial + use<> {
        let title = self.report.origin.clone();
        let snapshot = Snapshot {
            claims: self.claims.len(),
            named: self.named.len(),
            choices: self.choices.len(),
            report: std::mem::replace(&mut self.report, LoadError::of(title)),
        };
        move |findings| findings.take_back(snapshot)
    }

    fn take_back(&mut self, before: Snapshot) -> Trial {
        let found = std::mem::replace(&mut self.report, before.report);
        let claims = self.claims.split_off(before.claims);
        let mut claims: Vec<usize> = claims.into_iter().map(|(position, _)| position).collect();
        claims.iter().for_each(|position| self.claimed[*position] = 0);
        claims.sort_unstable();
        self.fields.truncate(self.claims.last().map_or(0, |(_, end)| *end));
        self.named.truncate(before.named);
        self.choices.truncate(before.choices);
        let missing = found.missing.into_iter().map(|missing| missing.tensor);
        let lacks = missing.chain(found.undecided.into_iter().map(|misfit| misfit.tensor)).collect();
        Trial { lacks, claims }
    }

    /// Closes the report: missing names get the most similar unused one, and what nobody asked for is listed. Gives
    /// the variants that were chosen.
    ///
    /// # Errors
    /// The report, unless it is empty.
    pub(super) fn finish(mut self, catalogue: &Catalogue<'_>) -> Result<VecDeque<usize>> {
        let names = catalogue.names().iter().zip(self.claimed.iter().zip(&self.excused));
        let unused: Vec<&str> =
            names.filter(|(_, (claim, excused))| **claim == 0 && !**excused).map(|(name, _)| *name).collect();
        for missing in self.report.missing.iter_mut().take(HINTS_MAX) {
            missing.similar = nearest(&missing.tensor, &unused).map(str::to_owned);
        }
        self.report.unused = unused.into_iter().map(str::to_owned).collect();
        if self.report.num_problems() == 0 { Ok(self.choices) } else { Err(self.report.into()) }
    }

    pub(super) fn num_problems(&self) -> usize {
        self.report.num_problems()
    }
}

/// In the words of the macro, where it can see both fields.
pub(super) fn clash(first: &str, second: &str, name: &str) -> String {
    format!("`{first}` and `{second}` both load from \"{name}\"")
}

impl FirstUse {
    /// What to report of `axis` of `tensor`, if its size is another.
    fn differs(&self, tensor: &str, axis: usize, size: usize) -> Option<Misfit> {
        if size == self.size {
            return None;
        }
        let Self { dimension, size: first, tensor: earlier, axis: at } = self;
        let detail = format!(
            "dimension `{dimension}` is {first} in `{earlier}` (axis {at}) but {size} here (axis {axis})"
        );
        Some(Misfit { tensor: tensor.to_owned(), detail })
    }
}
