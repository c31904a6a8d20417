//! A sleep ends by the bell, by the time, and by an alarm that is none.

use super::*;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Instant;

#[test]
fn a_sleep_ends_by_bell_or_time() {
    let (bell, ringer) = UnixStream::pair().unwrap();
    assert_eq!(wait(None, bell.as_fd(), Duration::from_millis(1)), Woken::Time);
    let since = Instant::now();
    let ringing = std::thread::spawn(move || drop(ringer));
    assert_eq!(wait(None, bell.as_fd(), Duration::from_secs(60)), Woken::Bell);
    assert!(since.elapsed() < Duration::from_secs(50));
    ringing.join().unwrap();
}

/// A pipe whose reader is gone is an alarm that the kernel calls broken.
#[test]
fn a_broken_alarm_is_told_apart() {
    let (bell, _ringer) = UnixStream::pair().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(wait(Some(writer.as_fd()), bell.as_fd(), Duration::from_secs(60)), Woken::Broken);
}
