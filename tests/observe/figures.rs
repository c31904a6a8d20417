//! Counters, levels and waits, as a recorder of the `metrics` facade gets them.

use crate::{directory, engine, passes, tensors};
use metrics::{Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder};
use metrics::{SharedString, Unit};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Values by name and labels, and how often each was set.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<HashMap<String, (f64, u64)>>>);

struct Handle {
    kept: Kept,
    name: String,
}

impl Handle {
    fn set(&self, value: impl FnOnce(f64) -> f64) {
        let mut kept = self.kept.0.lock().unwrap();
        let entry = kept.entry(self.name.clone()).or_default();
        *entry = (value(entry.0), entry.1 + 1);
    }
}

impl CounterFn for Handle {
    fn increment(&self, value: u64) {
        self.set(|before| before + value as f64);
    }

    fn absolute(&self, value: u64) {
        self.set(|before| before.max(value as f64));
    }
}

impl GaugeFn for Handle {
    fn increment(&self, value: f64) {
        self.set(|before| before + value);
    }

    fn decrement(&self, value: f64) {
        self.set(|before| before - value);
    }

    fn set(&self, value: f64) {
        self.set(|_| value);
    }
}

impl HistogramFn for Handle {
    fn record(&self, value: f64) {
        self.set(|before| before + value);
    }
}

impl Kept {
    fn handle(&self, key: &Key) -> Arc<Handle> {
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Arc::new(Handle { kept: self.clone(), name: format!("{}{{{}}}", key.name(), labels.join(",")) })
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.handle(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.handle(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.handle(key))
    }
}

/// Once an engine has ended, a recorder has every counter of it at its last value, its levels, and each wait.
#[test]
fn a_recorder_gets_every_figure() {
    let kept = Kept::default();
    metrics::set_global_recorder(kept.clone()).map_err(|_| "another recorder").unwrap();
    let dir = directory();
    let engine = engine(dir.path());
    let tensors = tensors(&engine);
    passes(&engine, &tensors, 4);
    let (report, wall) = (engine.report(), engine.counters());
    drop((tensors, engine));
    // Others of this process publish too: one of the engines has these very numbers.
    let kept = kept.0.lock().unwrap();
    for (name, value) in wall.fields().into_iter().filter(|(name, _)| *name != "wasted_prefetches") {
        let prefix = format!("stratal_{name}_total{{engine=");
        let found = kept.iter().any(|(key, (told, _))| key.starts_with(&prefix) && *told >= value as f64);
        assert!(found, "{name} {value}: {kept:?}");
    }
    let budget = kept.iter().find(|(key, _)| key.starts_with("stratal_budget_bytes{")).unwrap();
    assert_eq!(budget.1.0, report.budget_bytes as f64);
    assert!(kept.keys().any(|key| key.starts_with("stratal_used_bytes{")));
    let waits = kept["stratal_lease_wait_seconds{missed=true}"];
    assert!(waits.1 >= report.misses.count() && waits.0 > 0.0, "{waits:?}");
}
