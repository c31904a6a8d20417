//! The one error type of the workspace: what kind of failure, what it happened to, and what caused it.
//!
//! An [`Error`] is a kind, a list of named facts (which tensor, tier, file, offset) and an optional source.
//! Every crate above `runtime` uses it, so a caller matches on one [`ErrorKind`] and prints one `Display`.
//! It is a single pointer wide, so `Result<T, Error>` stays small on hot paths.

use std::error::Error as StdError;
use std::fmt;

/// What went wrong, coarsely: the part of an [`Error`] that a program decides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request can never fit the byte budget of its tier.
    Budget,
    /// A wait reached its deadline; nothing was lost and the call may be repeated.
    Deadline,
    /// The tensor is leased in a way that excludes this access.
    Conflict,
    /// The operating system refused or broke a file operation; the source holds its error.
    Io,
    /// A file ended before the bytes it promised.
    Truncated,
    /// A file is not what its format demands.
    Format,
    /// Bytes came back from a tier that are not those written there.
    Corrupt,
    /// A shape differs from the one declared.
    Shape,
    /// A dtype differs from the one declared.
    Dtype,
    /// A name was not found.
    Missing,
    /// Parameters of a struct do not match the checkpoint; the message lists every problem.
    Params,
    /// A policy has an unknown key or an impossible value.
    Policy,
    /// The tier has no room left on its medium.
    NoSpace,
    /// The bytes that the policy allows to be written in a day are used up.
    Wear,
    /// The system refused memory.
    OutOfMemory,
    /// The only copy was lost or torn; the tensor refuses use until it is rewritten or reloaded.
    Poisoned,
    /// The engine has been closed.
    Closed,
    /// This machine or this kind of tensor does not offer what was asked.
    Unsupported,
    /// A device refused or failed a call, and goes on: a bad launch, a bad image, a bad address.
    Device,
    /// A device failed for good: nothing on it can be read any more.
    Lost,
    /// Source of a kernel does not compile; the message holds the compiler's words.
    Compile,
}

impl ErrorKind {
    /// The kind as one or two lower-case words, as they open the message.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Budget => "over budget",
            Self::Deadline => "deadline reached",
            Self::Conflict => "lease conflict",
            Self::Io => "i/o failed",
            Self::Truncated => "file truncated",
            Self::Format => "malformed file",
            Self::Corrupt => "bytes damaged",
            Self::Shape => "shape mismatch",
            Self::Dtype => "dtype mismatch",
            Self::Missing => "not found",
            Self::Params => "parameters do not match",
            Self::Policy => "bad policy",
            Self::NoSpace => "no space",
            Self::Wear => "wear budget spent",
            Self::OutOfMemory => "out of memory",
            Self::Poisoned => "poisoned",
            Self::Closed => "closed",
            Self::Unsupported => "unsupported",
            Self::Device => "device failed",
            Self::Lost => "device lost",
            Self::Compile => "does not compile",
        }
    }
}

/// A failure: its kind, named facts about where it happened, and its source.
///
/// ```
/// use stratal_runtime::error::{Error, ErrorKind};
/// let error = Error::new(ErrorKind::Budget, "needs 8 MiB, the tier holds 4 MiB")
///     .with("tensor", "layers.3.up.weight")
///     .with("tier", "dram");
/// assert_eq!(error.kind(), ErrorKind::Budget);
/// assert_eq!(
///     error.to_string(),
///     "over budget: needs 8 MiB, the tier holds 4 MiB (tensor `layers.3.up.weight`, tier `dram`)"
/// );
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    context: Vec<(&'static str, String)>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// `Result` with the workspace's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind` that says `message`; the message holds numbers and units, the context holds names.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), context: Vec::new(), source: None }))
    }

    /// Names one thing the failure happened to, such as `("tensor", name)`; an earlier fact of that name stays.
    #[must_use]
    pub fn with(mut self, what: &'static str, which: impl fmt::Display) -> Self {
        if self.fact(what).is_none() {
            self.0.context.push((what, which.to_string()));
        }
        self
    }

    /// Keeps the underlying failure.
    #[must_use]
    pub fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// The same failure for another caller who waited for the same thing: kind, message and facts, the source as text.
    #[must_use]
    pub fn retold(&self) -> Self {
        let source = self.0.source.as_ref().map(|source| Box::from(source.to_string()));
        Self(Box::new(Inner {
            kind: self.0.kind,
            message: self.0.message.clone(),
            context: self.0.context.clone(),
            source,
        }))
    }

    /// What went wrong, coarsely.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The value of a named fact, such as `fact("tensor")`.
    #[must_use]
    pub fn fact(&self, what: &str) -> Option<&str> {
        self.0.context.iter().find(|(name, _)| *name == what).map(|(_, which)| which.as_str())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.kind.name(), self.0.message)?;
        for (i, (what, which)) in self.0.context.iter().enumerate() {
            write!(f, "{}{what} `{which}`", if i == 0 { " (" } else { ", " })?;
        }
        if !self.0.context.is_empty() {
            f.write_str(")")?;
        }
        match &self.0.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<std::io::Error> for Error {
    fn from(source: std::io::Error) -> Self {
        let kind = match source.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::Missing,
            std::io::ErrorKind::UnexpectedEof => ErrorKind::Truncated,
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => ErrorKind::NoSpace,
            std::io::ErrorKind::OutOfMemory => ErrorKind::OutOfMemory,
            _ => ErrorKind::Io,
        };
        Self::new(kind, "the operating system said").caused_by(source)
    }
}
