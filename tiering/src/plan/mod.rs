//! Pure: traces, schedules, bounds, and an independent validator. Never touches a byte or a clock.
