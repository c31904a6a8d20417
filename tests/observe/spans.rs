//! Spans and events, as a subscriber gets them.

use crate::{directory, engine, passes, tensors};
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Name and fields of a span or an event.
type Told = (String, HashMap<String, String>);

/// Keeps all that it is told.
#[derive(Clone, Default)]
struct Recorder {
    spans: Arc<Mutex<HashMap<u64, Told>>>,
    events: Arc<Mutex<Vec<Told>>>,
    next: Arc<AtomicU64>,
}

struct Fields<'a>(&'a mut HashMap<String, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "stratal"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        let mut fields = HashMap::new();
        span.record(&mut Fields(&mut fields));
        self.spans.lock().unwrap().insert(id, (span.metadata().name().to_owned(), fields));
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut spans = self.spans.lock().unwrap();
        values.record(&mut Fields(&mut spans.get_mut(&span.into_u64()).unwrap().1));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = HashMap::new();
        event.record(&mut Fields(&mut fields));
        let name = fields.get("message").cloned().unwrap_or_default();
        self.events.lock().unwrap().push((name, fields));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A lease that had to wait is a span with tensor and time, every flight is an event in its lane, and what reports keep
/// of decisions is told too.
#[test]
fn a_subscriber_sees_leases_flights_and_decisions() {
    let recorder = Recorder::default();
    tracing::subscriber::set_global_default(recorder.clone()).unwrap();
    let dir = directory();
    let engine = engine(dir.path());
    let tensors = tensors(&engine);
    passes(&engine, &tensors, 4);
    drop((tensors, engine));
    let spans = recorder.spans.lock().unwrap();
    let waited = |(name, fields): &&Told| name == "lease" && fields.contains_key("waited_ns");
    let lease = spans.values().find(waited).expect("some leases wait");
    assert!(lease.1["tensor"].contains("t.") && lease.1["missed"] == "true", "{lease:?}");
    assert!(["\"read\"", "\"write\""].contains(&&*lease.1["access"]), "{lease:?}");
    let events = recorder.events.lock().unwrap();
    let flights: Vec<_> = events.iter().filter(|(name, _)| name == "flight").collect();
    for op in ["\"read\"", "\"write\""] {
        let of = flights.iter().find(|(_, fields)| fields["op"] == op).expect("bytes moved both ways");
        assert!(of.1.contains_key("lane") && of.1.contains_key("object"), "{of:?}");
        assert!(of.1["bytes"].parse::<u64>().unwrap() > 0 && !of.1.contains_key("error"), "{of:?}");
    }
    let learned = |(name, fields): &&Told| name == "engine" && fields["what"] == "\"schedule\"";
    assert!(events.iter().find(learned).is_some(), "{events:?}");
}
