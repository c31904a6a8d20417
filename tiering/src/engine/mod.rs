//! The only place that both decides and acts.
