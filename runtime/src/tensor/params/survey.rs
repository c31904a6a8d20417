//! The first phase of loading: every field looks its tensor up, and every difference is noted.

use super::super::dtype::DType;
use super::super::shape::{Axis, AxisList, ShapeError};
use super::Params;
use super::catalogue::{Catalogue, descend, join};
use super::nearest::nearest;
use super::report::{LoadError, Misfit, Missing};
use super::source::ParamSource;
use std::fmt;

/// Missing names that get a hint; a source where more are missing is another model's.
const HINTS_MAX: usize = 32;

/// Where in the tree of names the first phase stands, and what it has found to differ.
pub struct Survey<'a> {
    source: &'a dyn ParamSource,
    catalogue: &'a Catalogue<'a>,
    path: String,
    /// Of each name of the catalogue: whether a field asked for it, or its struct allows it to be unused.
    used: Vec<bool>,
    /// The first use of each named dimension.
    named: Vec<FirstUse>,
    report: LoadError,
}

/// The size that the first use of a dimension gave it, and where that was.
struct FirstUse {
    dimension: &'static str,
    size: usize,
    tensor: String,
    axis: usize,
}

impl<'a> Survey<'a> {
    pub(super) fn new(source: &'a dyn ParamSource, catalogue: &'a Catalogue<'a>) -> Self {
        let used = vec![false; catalogue.names().len()];
        let report = LoadError::of(source.title());
        Self { source, catalogue, path: String::new(), used, named: Vec::new(), report }
    }

    /// Surveys the parameter `name` below the present place.
    pub fn field<P: Params>(&mut self, name: &str) {
        self.below(name, P::survey);
    }

    /// Moves to `name` below the present place for the time of `survey`.
    pub fn below(&mut self, name: &str, survey: impl FnOnce(&mut Self)) {
        let parent = descend(&mut self.path, name);
        survey(self);
        self.path.truncate(parent);
    }

    /// Expects a tensor at the present place, of this dtype and with sizes that pass `check`.
    pub fn tensor(
        &mut self,
        dtype: DType,
        axes: &'static [Axis],
        check: impl FnOnce(&[usize]) -> Result<(), ShapeError>,
    ) {
        let tensor = &self.path;
        let Some(info) = self.source.find(tensor) else {
            let expected = format!("{dtype} {}", AxisList(axes));
            self.report.missing.push(Missing { tensor: tensor.clone(), expected, similar: None });
            return;
        };
        if let Some(position) = self.catalogue.position(tensor) {
            self.used[position] = true;
        }
        if info.dtype != dtype {
            let detail = format!("{} found, {dtype} declared", info.dtype);
            self.report.mistyped.push(Misfit { tensor: tensor.clone(), detail });
        }
        match check(&info.shape) {
            Ok(()) => self.hold_names(axes, &info.shape),
            Err(error) => {
                self.report.misshaped.push(Misfit { tensor: tensor.clone(), detail: error.to_string() });
            }
        }
    }

    /// Holds every named dimension to one size in the whole tree.
    fn hold_names(&mut self, axes: &[Axis], shape: &[usize]) {
        for (axis, (declared, &size)) in axes.iter().zip(shape).enumerate() {
            let Axis::Named(dimension) = *declared else { continue };
            match self.named.iter().find(|first| first.dimension == dimension) {
                None => self.named.push(FirstUse { dimension, size, tensor: self.path.clone(), axis }),
                Some(first) => self.report.misshaped.extend(first.differs(&self.path, axis, size)),
            }
        }
    }

    /// Holds the axes in `uses`, each a field and an axis of it, to one size: the struct calls them all
    /// `dimension`. Fields that are absent or misshaped are left to their own report.
    pub fn same_size(&mut self, dimension: &'static str, uses: &[(&str, usize)]) {
        let mut first: Option<FirstUse> = None;
        for &(field, axis) in uses {
            let tensor = join(&self.path, field);
            if self.report.misshaped.iter().any(|misfit| misfit.tensor == tensor) {
                continue;
            }
            let Some(&size) = self.source.find(&tensor).as_ref().and_then(|info| info.shape.get(axis)) else {
                continue;
            };
            match &first {
                None => first = Some(FirstUse { dimension, size, tensor, axis }),
                Some(first) => self.report.misshaped.extend(first.differs(&tensor, axis, size)),
            }
        }
    }

    /// Lets tensors at and below the present place go unused.
    pub fn allow_unused(&mut self) {
        let below = join(&self.path, "");
        for (used, name) in self.used.iter_mut().zip(self.catalogue.names()) {
            *used |= *name == self.path || name.starts_with(&below);
        }
    }

    /// Whether the source has a tensor at the present place, or below it.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.catalogue.has(&self.path)
    }

    /// The numbers below the present place, ascending; a gap between them, or none at all, is noted as missing.
    #[must_use]
    pub fn indexes(&mut self) -> Vec<usize> {
        let indexes = self.catalogue.indexes(&self.path);
        let mut next = 0;
        for &index in &indexes {
            if index > next {
                let beyond = join(&self.path, &index.to_string());
                self.note_gap(next, index - 1, format!("expected because `{beyond}` is there"));
            }
            next = index.saturating_add(1);
        }
        if indexes.is_empty() {
            self.note_gap(0, 0, "expected at least this element".to_owned());
        }
        indexes
    }

    fn note_gap(&mut self, first: usize, last: usize, expected: String) {
        let range = if first == last { first.to_string() } else { format!("{first}..={last}") };
        let tensor = join(&self.path, &range);
        self.report.missing.push(Missing { tensor, expected, similar: None });
    }

    /// Closes the report: missing names get the most similar unused one, and what nobody asked for is listed.
    ///
    /// # Errors
    /// The report, unless it is empty.
    pub(super) fn finish(mut self) -> Result<(), LoadError> {
        let names = self.catalogue.names().iter().zip(&self.used);
        let unused: Vec<&str> = names.filter(|(_, used)| !**used).map(|(name, _)| *name).collect();
        for missing in self.report.missing.iter_mut().take(HINTS_MAX) {
            missing.similar = nearest(&missing.tensor, &unused).map(str::to_owned);
        }
        self.report.unused = unused.into_iter().map(str::to_owned).collect();
        if self.report.num_problems() == 0 { Ok(()) } else { Err(self.report) }
    }
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

impl fmt::Debug for Survey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Survey(`{}`, {} problems)", self.path, self.report.num_problems())
    }
}
