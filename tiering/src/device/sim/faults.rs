//! What may go wrong, call by call, and when.

use std::collections::HashMap;

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// A call of [`Driver`](crate::device::Driver), as faults are planned for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Call {
            $($(#[$doc])* $name,)+
        }

        impl Call {
            /// Every call.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
        }
    };
}

calls! {
    /// `memory`
    Memory,
    /// `reserve`
    Reserve,
    /// `unreserve`
    Unreserve,
    /// `create`
    Create,
    /// `destroy`
    Destroy,
    /// `map`
    Map,
    /// `unmap`
    Unmap,
    /// `pin`
    Pin,
    /// `unpin`
    Unpin,
    /// `open_stream`
    OpenStream,
    /// `close_stream`
    CloseStream,
    /// `open_event`
    OpenEvent,
    /// `close_event`
    CloseEvent,
    /// `record`
    Record,
    /// `wait`
    Wait,
    /// `is_past`
    IsPast,
    /// `wait_host`
    WaitHost,
    /// `upload`
    Upload,
    /// `download`
    Download,
    /// `copy`
    Copy,
    /// `copy_peer`
    CopyPeer,
    /// `fill`
    Fill,
    /// `compile`
    Compile,
    /// `load`
    Load,
    /// `unload`
    Unload,
    /// `function`
    Function,
    /// `launch`
    Launch,
}

impl Call {
    /// Whether the call puts work on a stream, so that a sticky fault strikes when the work runs.
    pub(super) const fn queues(self) -> bool {
        matches!(
            self,
            Self::Record
                | Self::Wait
                | Self::Upload
                | Self::Download
                | Self::Copy
                | Self::CopyPeer
                | Self::Fill
                | Self::Launch
        )
    }
}

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The call says that memory is out; nothing happened.
    OutOfMemory,
    /// The call fails; nothing happened.
    Failure,
    /// The device is lost when the work runs: the call itself still succeeds if it puts work on a stream.
    Sticky,
    /// The device is lost at the call.
    Lost,
}

/// A plan of faults: the n-th call of each kind, from 0.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    planned: HashMap<(Call, u64), Fault>,
    made: HashMap<Call, u64>,
}

impl Faults {
    /// Plans a fault for the `nth` call from now on, from 0.
    #[must_use]
    pub fn with(mut self, call: Call, nth: u64, fault: Fault) -> Self {
        self.planned.insert((call, nth), fault);
        self
    }

    /// Counts a call.
    pub(super) fn strikes(&mut self, call: Call) -> Option<Fault> {
        let made = self.made.entry(call).or_default();
        let fault = self.planned.remove(&(call, *made));
        *made += 1;
        fault
    }

    /// Faults that have not struck yet.
    #[must_use]
    pub fn left(&self) -> usize {
        self.planned.len()
    }
}
