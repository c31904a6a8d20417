//! Promise: no work is left behind by a helper that falls asleep, and one notice starts or wakes it.

#[cfg(not(stratal_loom))]
mod real {
    use super::super::*;

    #[test]
    fn one_notice_starts_it_and_one_wakes_it() {
        let doze = Doze::<Paired>::absent();
        assert_eq!([doze.notice(), doze.notice()], [Duty::Start, Duty::Nothing]);
        doze.take_news();
        assert!(doze.fall_asleep() && doze.is_asleep());
        assert_eq!([doze.notice(), doze.notice()], [Duty::Wake, Duty::Nothing]);
        assert!(!doze.is_asleep());
        doze.take_news();
        assert_eq!(doze.notice(), Duty::Nothing);
        assert!(!doze.fall_asleep(), "there is news");
        doze.forget();
        assert_eq!(doze.notice(), Duty::Start);
    }
}

#[cfg(stratal_loom)]
mod modelled {
    use loom::sync::Arc;
    use loom::sync::atomic::AtomicU32;
    use loom::thread;

    use super::super::*;
    use crate::sync::{WeakConsume, WeakPublish};

    /// A giver makes one piece of work while the helper looks once and falls asleep if it sees none.
    fn work_is_seen_or_noticed<O: Orders + 'static>() {
        loom::model(|| {
            let shared = Arc::new((Doze::<O>::absent(), AtomicU32::new(0)));
            shared.0.take_news();
            let giver = {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    shared.1.store(1, Ordering::Relaxed);
                    shared.0.notice()
                })
            };
            shared.0.take_news();
            let seen = shared.1.load(Ordering::Relaxed) == 1;
            let sleeps = !seen && shared.0.fall_asleep();
            let duty = giver.join().unwrap();
            assert!(!sleeps || duty == Duty::Wake, "asleep beside work that nobody announces");
        });
    }

    #[test]
    fn loom_finds_no_work_left_behind() {
        work_is_seen_or_noticed::<Paired>();
    }

    #[test]
    #[should_panic(expected = "asleep beside work")]
    fn loom_rejects_a_notice_that_does_not_publish() {
        work_is_seen_or_noticed::<WeakPublish>();
    }

    #[test]
    #[should_panic(expected = "asleep beside work")]
    fn loom_rejects_a_helper_that_does_not_consume() {
        work_is_seen_or_noticed::<WeakConsume>();
    }
}
