//! Why a transition is not legal now. A refusal changes nothing.

use crate::error::{Error, ErrorKind};
use std::fmt;

/// Why a transition is not legal now; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refused {
    /// The tier has no copy, or no transfer, of the kind the transition needs.
    Absent,
    /// The tier already has a copy, or is receiving one.
    Present,
    /// A transfer reads or writes the bytes.
    Busy,
    /// A lease excludes it.
    Leased,
    /// These are the only bytes of the current generation: spill them first.
    OnlyCopy,
    /// The home holds the bytes already.
    Clean,
    /// The copy holds an older generation.
    Stale,
    /// Nobody has written the chunk yet.
    Unborn,
    /// The only copy was lost or torn.
    Poisoned,
    /// The object was dropped.
    Forgotten,
}

impl Refused {
    /// The refusal as words.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Absent => "the tier holds no such copy",
            Self::Present => "the tier already has a copy",
            Self::Busy => "a transfer holds the copy",
            Self::Leased => "a lease holds the copy",
            Self::OnlyCopy => "it is the only copy",
            Self::Clean => "the home holds the bytes already",
            Self::Stale => "the copy is of an older generation",
            Self::Unborn => "it was never written",
            Self::Poisoned => "its only copy was lost or torn",
            Self::Forgotten => "it was dropped",
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for Refused {}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        let kind = match refused {
            Refused::Poisoned => ErrorKind::Poisoned,
            Refused::Forgotten | Refused::Absent | Refused::Unborn => ErrorKind::Missing,
            _ => ErrorKind::Conflict,
        };
        Self::new(kind, refused.reason())
    }
}
