//! Loading: one walk over the tree that is made twice, first to look and then to take.
//!
//! ```text
//! survey   every field looks its tensor up and notes what differs; nothing has a value
//! intake   every field adopts its tensor; the first failure ends it
//! ```
//!
//! Both phases run the same code, so what was looked at is what is taken.

use super::super::any::AnyTensor;
use super::super::dtype::DType;
use super::super::shape::Axis;
use super::catalogue::{Catalogue, below};
use super::each::{Absent, Each};
use super::findings::{Check, Findings, Trial};
use super::place::{Mark, Place, Spec};
use super::source::ParamSource;
use super::{Params, Step};
use crate::error::{Error, ErrorKind, Result};
use std::collections::VecDeque;
use std::fmt;

/// Where in the tree of names loading stands, and what it is there for.
pub struct Load<'a> {
    source: &'a dyn ParamSource,
    catalogue: &'a Catalogue<'a>,
    place: Place,
    phase: Phase,
}

enum Phase {
    Survey(Box<Findings>),
    Intake {
        /// The variants that the survey chose and that are still to be met.
        choices: VecDeque<usize>,
        failure: Option<Error>,
    },
}

/// One variant of an enum of parameters.
#[derive(Debug)]
pub struct Variant<P> {
    /// Its name.
    pub name: &'static str,
    /// How it is loaded.
    pub load: fn(&mut Load<'_>) -> Option<P>,
}

impl<'a> Load<'a> {
    fn new(source: &'a dyn ParamSource, catalogue: &'a Catalogue<'a>, phase: Phase) -> Self {
        Self { source, catalogue, place: Place::default(), phase }
    }

    /// Both phases.
    pub(super) fn run<P: Params>(source: &'a dyn ParamSource, catalogue: &'a Catalogue<'a>) -> Result<P> {
        let findings = Findings::new(source.title(), catalogue.names().len());
        let mut survey = Self::new(source, catalogue, Phase::Survey(Box::new(findings)));
        let early: Option<P> = survey.here();
        drop(early);
        let choices = survey.surveyed()?;
        let mut intake = Self::new(source, catalogue, Phase::Intake { choices, failure: None });
        let params = intake.here();
        match (intake.phase, params) {
            (Phase::Intake { failure: Some(failure), .. }, _) => Err(failure),
            (_, Some(params)) => Ok(params),
            (_, None) => Err(Error::new(ErrorKind::Missing, "a `Params` gave no value and no reason")
                .with("origin", source.title())),
        }
    }

    fn surveyed(self) -> Result<VecDeque<usize>> {
        match self.phase {
            Phase::Survey(findings) => findings.finish(self.catalogue),
            Phase::Intake { choices, .. } => Ok(choices),
        }
    }

    /// Loads the field `name` below the present place.
    pub fn field<P: Params>(&mut self, name: &str) -> Option<P> {
        let mark = self.place.enter(name, name);
        self.here_from(mark)
    }

    /// Loads a field that has options.
    pub fn given<P: Params>(&mut self, spec: &Spec) -> Option<P> {
        let mark = self.enter(spec);
        self.here_from(mark)
    }

    /// Loads a field whose type has a value for being absent.
    pub fn optional<P: Params + Absent>(&mut self, spec: &Spec) -> Option<P> {
        let mark = self.enter(spec);
        if self.is_present() {
            return self.here_from(mark);
        }
        self.place.leave(mark);
        Some(P::absent())
    }

    /// Loads a field of elements whose names are those of `spec` with a number for `{i}`: `len` of them, or as many
    /// as the source has.
    pub fn each<E: Each>(&mut self, spec: &Spec, len: Option<usize>) -> Option<E> {
        E::load_each(self, spec, len)
    }

    /// As [`Load::each`], and none of them is no problem.
    pub fn each_optional<E: Each + Absent>(&mut self, spec: &Spec, len: Option<usize>) -> Option<E> {
        if self.indexes(spec.name).is_empty() { Some(E::absent()) } else { E::load_each(self, spec, len) }
    }

    /// Looks at a field that is tied to the tensor called `target` at the present place, and is not loaded itself.
    pub fn tied(&mut self, spec: &Spec, target: &str) {
        let target = self.place.join(target);
        let mark = self.enter(spec);
        if let Phase::Survey(findings) = &mut self.phase {
            findings.tied((self.source, self.catalogue), &self.place, &target);
        }
        self.place.leave(mark);
    }

    /// Loads a `P` at the present place, below its own prefix.
    pub fn here<P: Params>(&mut self) -> Option<P> {
        let mark = self.place.enter("", "");
        self.here_from(mark)
    }

    /// As [`Load::here`], then goes back to where `mark` was made.
    fn here_from<P: Params>(&mut self, mark: Mark) -> Option<P> {
        self.place.enter(P::PREFIX, "");
        if P::ALLOW_UNUSED
            && let Phase::Survey(findings) = &mut self.phase
        {
            findings.excuse(self.catalogue, &self.place);
        }
        let params = P::each_field(Step::Load(self));
        self.place.leave(mark);
        params
    }

    /// Moves to `name` below the present place for the time of `load`.
    pub fn below<P>(&mut self, name: &str, load: impl FnOnce(&mut Self) -> P) -> P {
        let mark = self.place.enter(name, "");
        let loaded = load(self);
        self.place.leave(mark);
        loaded
    }

    /// Steps to a field, whose tier the source must have.
    fn enter(&mut self, spec: &Spec) -> Mark {
        let mark = self.place.enter_spec(spec);
        if !spec.tier.is_empty()
            && let Phase::Survey(findings) = &mut self.phase
            && let Err(error) = self.source.check_tier(spec.tier)
        {
            findings.misplaced(&self.place.path, error.to_string());
        }
        mark
    }

    /// The tensor at the present place, of this dtype and with sizes that pass `check`.
    pub fn tensor(&mut self, dtype: DType, axes: &'static [Axis], check: Check) -> Option<AnyTensor> {
        match &mut self.phase {
            Phase::Survey(findings) => {
                findings.tensor((self.source, self.catalogue), &self.place, dtype, axes, check);
                None
            }
            Phase::Intake { failure: Some(_), .. } => None,
            Phase::Intake { .. } => {
                let tier = Some(self.place.tier).filter(|tier| !tier.is_empty());
                let path = &self.place.path;
                let adopted = match self.catalogue.position(path) {
                    Some(position) => self.source.adopt_at(self.catalogue.place(position), path, tier),
                    None => self.source.adopt(path, tier),
                };
                self.keep(adopted.map_err(|error| error.with("tensor", &self.place.path)))
            }
        }
    }

    /// The value, or none and its error noted: the first one ends the loading.
    pub fn keep<T>(&mut self, result: Result<T, impl Into<Error>>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                if let Phase::Intake { failure, .. } = &mut self.phase {
                    failure.get_or_insert_with(|| error.into());
                }
                None
            }
        }
    }

    /// Holds axes to one size, of each of `fields` the one in `axes`: the struct calls them all `dimension`.
    pub fn same_size(&mut self, dimension: &'static str, fields: &[&str], axes: &[u8]) {
        if let Phase::Survey(findings) = &mut self.phase {
            let uses = fields.iter().zip(axes).map(|(field, axis)| (*field, usize::from(*axis)));
            findings.same_size(self.catalogue, &mut self.place, dimension, uses);
        }
    }

    /// Loads the variant of `name` whose tensors are there: of those that lack nothing, the one that asks for all that
    /// the others ask for and more.
    pub fn variant<P>(&mut self, name: &str, variants: &[Variant<P>]) -> Option<P> {
        if matches!(self.phase, Phase::Survey(_)) {
            let trials: Vec<Trial> = variants.iter().map(|variant| self.attempt(variant.load)).collect();
            let names: Vec<&str> = variants.iter().map(|variant| variant.name).collect();
            let chosen = decide(name, &names, &trials, self.catalogue.names());
            let Phase::Survey(findings) = &mut self.phase else { return None };
            return match chosen {
                Decision::For(chosen) => {
                    findings.choose(chosen);
                    (variants[chosen].load)(self)
                }
                Decision::Against(detail) => {
                    findings.undecided(&self.place.path, detail);
                    None
                }
            };
        }
        let Phase::Intake { choices, .. } = &mut self.phase else { return None };
        let variant = variants.get(choices.pop_front()?)?;
        (variant.load)(self)
    }

    /// What `load` would find.
    fn attempt<P>(&mut self, load: fn(&mut Load<'_>) -> Option<P>) -> Trial {
        let Phase::Survey(findings) = &mut self.phase else {
            return Trial { lacks: Vec::new(), claims: Vec::new() };
        };
        let take_back = findings.begin_trial();
        drop(load(self));
        match &mut self.phase {
            Phase::Survey(findings) => take_back(findings),
            Phase::Intake { .. } => Trial { lacks: Vec::new(), claims: Vec::new() },
        }
    }

    /// Whether the source has a tensor at the present place, or below it.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.catalogue.has(&self.place.path)
    }

    /// The numbers that stand for `{i}` in `pattern`, which is empty for numbers right below the present place.
    fn indexes(&self, pattern: &str) -> Vec<usize> {
        let (before, after) = pattern.split_once("{i}").unwrap_or((pattern, ""));
        self.catalogue.indexes(&(below(&self.place.path) + before), after)
    }

    /// Loads the elements of `spec`, whose name is empty for numbers right below the present place: `len` of them,
    /// or as many as the source has.
    pub(super) fn elements<P: Params>(&mut self, spec: &Spec, len: Option<usize>) -> Option<Vec<P>> {
        let pattern = if spec.name.is_empty() { "{i}" } else { spec.name };
        let indexes = match len {
            Some(len) => (0..len).collect(),
            None => self.indexes(pattern),
        };
        if let (Phase::Survey(findings), None) = (&mut self.phase, len) {
            findings.gaps(&indexes, |number| self.place.join(&pattern.replacen("{i}", number, 1)));
        }
        let (before, after) = pattern.split_once("{i}").unwrap_or((pattern, ""));
        // The tier is the same for all elements, so one of them shows whether the source has it.
        let around = self.enter(&Spec { name: "", ..*spec });
        let (mut elements, mut all) = (Vec::new(), true);
        for index in &indexes {
            let number = index.to_string();
            let mark = self.place.enter(&[before, &number, after].concat(), &number);
            match self.here_from(mark) {
                Some(element) => {
                    // All at once, and not before there is one: the survey makes none.
                    elements.reserve_exact(indexes.len() - elements.len());
                    elements.push(element);
                }
                None => all = false,
            }
        }
        self.place.leave(around);
        all.then_some(elements)
    }

    /// Loads a `P` for each part of names right below the present place.
    pub(super) fn entries<P: Params>(&mut self) -> Option<Vec<(String, P)>> {
        let keys = self.catalogue.keys(&self.place.path);
        if let (Phase::Survey(findings), true) = (&mut self.phase, keys.is_empty()) {
            findings.missing(self.place.join("*"), "expected at least one entry".to_owned());
        }
        let mut entries = Vec::with_capacity(keys.len());
        for key in keys {
            entries.push(self.field(key).map(|param| (key.to_owned(), param)));
        }
        entries.into_iter().collect()
    }
}

/// What the trials of an enum's variants come to.
enum Decision {
    /// This variant is loaded.
    For(usize),
    /// None is, for this reason.
    Against(String),
}

/// The variant of `name` to load, or why none is.
fn decide(name: &str, variants: &[&str], trials: &[Trial], tensors: &[&str]) -> Decision {
    let fitting: Vec<usize> = (0..trials.len()).filter(|at| trials[*at].lacks.is_empty()).collect();
    let covers = |at: usize, other: usize| {
        let (own, others) = (&trials[at].claims, &trials[other].claims);
        own.len() > others.len() && others.iter().all(|claim| own.binary_search(claim).is_ok())
    };
    let best = |at: &&usize| fitting.iter().all(|other| other == *at || covers(**at, *other));
    if let Some(best) = fitting.iter().find(best) {
        return Decision::For(*best);
    }
    let quoted = |words: &mut dyn Iterator<Item = &str>| {
        let quoted: Vec<String> = words.map(|word| format!("`{word}`")).collect();
        quoted.join(", ")
    };
    if fitting.is_empty() {
        let lacks = trials.iter().zip(variants).map(|(trial, variant)| {
            format!("`{variant}` lacks {}", quoted(&mut trial.lacks.iter().map(String::as_str)))
        });
        return Decision::Against(format!(
            "no variant of `{name}` fits: {}",
            lacks.collect::<Vec<_>>().join("; ")
        ));
    }
    let fit = fitting.iter().map(|at| {
        let claims = &mut trials[*at].claims.iter().map(|claim| tensors[*claim]);
        format!("`{}` by {}", variants[*at], quoted(claims))
    });
    let fit = fit.collect::<Vec<_>>().join("; ");
    Decision::Against(format!("{} variants of `{name}` fit: {fit}", fitting.len()))
}

impl fmt::Debug for Load<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.phase {
            Phase::Survey(findings) => {
                write!(f, "Survey(`{}`, {} problems)", self.place.path, findings.num_problems())
            }
            Phase::Intake { .. } => write!(f, "Intake(`{}`)", self.place.path),
        }
    }
}
