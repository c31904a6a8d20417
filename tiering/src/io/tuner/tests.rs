//! Promises of the climb, on devices whose curve is known.

use super::*;

/// Lets a device with this rate by setting land `gib` GiB, with noise of up to `noise` (0 for none).
fn run(tuner: &mut Tuner, rate: impl Fn(u64, u32) -> f64, gib: u64, noise: f64) -> Vec<(u64, u32)> {
    let (mut now, mut dice, mut seen) = (0.0, 1_u64, Vec::new());
    for _ in 0..gib << 10 {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let wobble = 1.0 + noise * ((dice >> 33) as f64 / f64::from(1_u32 << 31) - 0.5);
        let (window, piece) = (tuner.window_bytes(), tuner.piece_bytes());
        seen.push((window, piece));
        now += f64::from(1 << 20) / (rate(window, piece) * wobble);
        tuner.landed(1 << 20, Duration::from_secs_f64(now));
    }
    seen
}

/// As fast as `knee` bytes in flight allow, and no faster.
fn knee(knee: f64) -> impl Fn(u64, u32) -> f64 {
    move |window, _| 2e9 * (window as f64 / knee).min(1.0)
}

/// It settles on the shallowest window that is as fast, from above and from below.
#[test]
fn it_settles_at_the_knee() {
    for (mib, least, most) in [(8.0, 8, 8), (16.0, 16, 16), (30.0, 32, 32), (200.0, 64, 64), (1.0, 4, 4)] {
        let mut tuner = Tuner::new(false);
        run(&mut tuner, knee(mib * f64::from(1 << 20)), 400, 0.0);
        let settled = tuner.setting.window_bytes() >> 20;
        assert!((least..=most).contains(&settled), "knee at {mib} MiB: settled on {settled}");
    }
}

/// Noise of a tenth does not drive it off by more than a step from where it is slow.
#[test]
fn noise_does_not_drive_it_off() {
    let mut tuner = Tuner::new(false);
    run(&mut tuner, knee(f64::from(16 << 20)), 2000, 0.1);
    assert!((12..=24).contains(&(tuner.setting.window_bytes() >> 20)), "{tuner:?}");
}

/// A device that likes small pieces gets them; one that does not care keeps the large ones.
#[test]
fn pieces_follow_the_device() {
    let mut tuner = Tuner::new(false);
    run(&mut tuner, |_, piece| if piece <= 1 << 20 { 3e9 } else { 2e9 }, 400, 0.0);
    assert_eq!(tuner.setting.piece_bytes(), 1 << 20);
    run(&mut tuner, |_, _| 2e9, 2000, 0.0);
    assert_eq!(tuner.setting.piece_bytes(), 2 << 20);
}

/// Once settled, the settled setting is in force nearly always.
#[test]
fn trials_become_rare() {
    let mut tuner = Tuner::new(false);
    run(&mut tuner, knee(f64::from(16 << 20)), 500, 0.0);
    let later = run(&mut tuner, knee(f64::from(16 << 20)), 500, 0.0);
    let settled = later.iter().filter(|(window, _)| *window == 16 << 20).count();
    assert!(settled * 100 >= later.len() * 97, "{settled} of {}", later.len());
}

/// What was not kept full is no measurement, and a fixed tuner measures nothing.
#[test]
fn only_a_full_device_is_measured() {
    let mut tuner = Tuner::new(false);
    for step in 0..1_000_000_u64 {
        tuner.landed(1 << 20, Duration::from_micros(step));
        if step % 32 == 0 {
            tuner.idle();
        }
    }
    assert_eq!(tuner.steps(), (0, 0));
    let mut fixed = Tuner::new(true);
    run(&mut fixed, knee(1e9), 20, 0.0);
    assert_eq!((fixed.steps(), fixed.window_bytes()), ((0, 0), START.window_bytes()));
}
