//! Damage, bounds and writers at once.

use super::*;

fn image(byte: u8, len: usize) -> Image {
    Image(vec![byte; len])
}

#[test]
fn damage_of_any_kind_is_noticed_and_mended() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path(), 1 << 20);
    cache.keep(b"key", &image(3, 1000));
    let path = cache.path(b"key");
    let whole = std::fs::read(&path).unwrap();
    for cut in [0, 1, 15, 16, 31, 32, 35, whole.len() - 9, whole.len() - 1] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        assert_eq!(cache.fetch(b"key"), None, "cut at {cut}");
    }
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        assert_eq!(parse(&changed, b"key"), None, "changed at {at}");
    }
    assert_eq!(parse(&[&whole[..], &[0]].concat(), b"key"), None);
    // Whole, but of another key whose name it bears.
    std::fs::write(&path, entry(b"yek", &image(4, 10))).unwrap();
    assert_eq!(cache.fetch(b"key"), None);
    cache.keep(b"key", &image(5, 10));
    assert_eq!(cache.fetch(b"key"), Some(image(5, 10)));
}

#[test]
fn the_least_recently_used_go_first() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path(), 4000);
    let old = SystemTime::now() - Duration::from_secs(100);
    for (age, key) in [b"a", b"b", b"c"].into_iter().enumerate() {
        cache.keep(key, &image(1, 1200));
        let file = std::fs::File::options().append(true).open(cache.path(key)).unwrap();
        file.set_modified(old + Duration::from_secs(age as u64)).unwrap();
    }
    assert!(cache.fetch(b"a").is_some());
    let abandoned = folder.path().join(".1-2");
    std::fs::write(&abandoned, "half").unwrap();
    let file = std::fs::File::options().append(true).open(&abandoned).unwrap();
    file.set_modified(SystemTime::now() - 2 * STALE).unwrap();
    cache.keep(b"d", &image(1, 1200));
    let left = [b"a", b"b", b"c", b"d"].map(|key| cache.fetch(key).is_some());
    assert_eq!(left, [true, false, true, true]);
    assert!(!abandoned.exists());
    cache.keep(b"too large", &image(1, 5000));
    assert!(cache.fetch(b"too large").is_none());
}

#[test]
fn writers_at_once_leave_one_whole_entry() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path(), 1 << 20);
    std::thread::scope(|scope| {
        for byte in 0..4 {
            let cache = &cache;
            scope.spawn(move || {
                for _ in 0..50 {
                    cache.keep(b"key", &image(byte, 5000));
                    let found = cache.fetch(b"key").expect("an entry stands from the first on");
                    assert!(found.0.iter().all(|other| *other == found.0[0]));
                }
            });
        }
    });
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_folder_that_cannot_be_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let cache = Cache::at(&file.join("below"), 1 << 20);
    cache.keep(b"key", &image(1, 1));
    assert!(cache.fetch(b"key").is_none());
}
