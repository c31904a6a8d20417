//! Promises of the index: what was acknowledged is there after a power cut at any moment, and nothing older in its place;
//! damage is an error or is not there.

use super::*;
use crate::store::codec::Form;
use crate::store::stripes::{Place, Written};
use proptest::prelude::*;
use std::sync::{Arc, Mutex};

/// A medium whose power can be cut: what was not synchronised is then there, torn, or not, as the dice say.
#[derive(Clone, Debug, Default)]
struct Sim(Arc<Mutex<Media>>);

#[derive(Debug, Default)]
struct Media {
    durable: Option<Vec<u8>>,
    pending: Vec<(u64, Vec<u8>)>,
    replacing: Option<Vec<u8>>,
    /// Calls until the power is cut.
    calls_left: Option<u32>,
}

impl Media {
    fn call(&mut self) -> io::Result<()> {
        match &mut self.calls_left {
            Some(0) => Err(io::Error::other("the power is cut")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn land(bytes: &mut Vec<u8>, offset: u64, data: &[u8]) {
        let end = offset as usize + data.len();
        bytes.resize(bytes.len().max(end), 0);
        bytes[offset as usize..end].copy_from_slice(data);
    }
}

impl Sim {
    /// The medium after the cut.
    fn rebooted(&self, mut dice: u64) -> Self {
        let mut media = self.0.lock().unwrap();
        let mut roll = |sides: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (dice >> 33) % sides
        };
        if media.replacing.is_some() && roll(2) == 0 {
            media.durable = media.replacing.take();
        }
        let mut durable = media.durable.clone();
        for (offset, data) in std::mem::take(&mut media.pending) {
            // Each sector of its own.
            for (at, sector) in data.chunks(512).enumerate().filter(|_| roll(2) == 0).collect::<Vec<_>>() {
                Media::land(durable.get_or_insert_default(), offset + at as u64 * 512, sector);
            }
        }
        Self(Arc::new(Mutex::new(Media { durable, ..Media::default() })))
    }
}

impl Medium for Sim {
    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        Ok(self.0.lock().unwrap().durable.clone())
    }

    fn write(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut media = self.0.lock().unwrap();
        media.pending.push((offset, bytes.to_vec()));
        media.call()
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut media = self.0.lock().unwrap();
        media.call()?;
        for (offset, data) in std::mem::take(&mut media.pending) {
            Media::land(media.durable.get_or_insert_default(), offset, &data);
        }
        Ok(())
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut media = self.0.lock().unwrap();
        media.replacing = Some(bytes.to_vec());
        media.call()?;
        media.durable = media.replacing.take();
        media.pending.clear();
        Ok(())
    }
}

fn stored(name: u8, version: u64) -> Stored {
    let chunk = |at: u64| StoredChunk {
        place: (at > 0).then_some(Place { disk: 0, offset: at * 4096 + version * (1 << 30), len: 4096 }),
        written: Written {
            form: if at > 0 { Form::Planes(4) } else { Form::Constant(version) },
            bytes: if at > 0 { 4000 } else { 0 },
            checksum: Checksum::of(&version.to_le_bytes()),
            seal: None,
        },
    };
    let chunks = (0..u64::from(name) % 5 + 1).map(chunk).collect();
    Stored { name: format!("t.{name}").into(), dtype: "f32".into(), shape: vec![version, 3], chunks }
}

fn open(medium: &Sim) -> Result<Index> {
    Index::over(Box::new(medium.clone()), 1)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whenever the power is cut: each tensor is as it was acknowledged last, or as the one commit under way says.
    #[test]
    fn a_power_cut_loses_nothing_acknowledged(
        steps in prop::collection::vec((0_u8..6, any::<bool>()), 1..40),
        cut in 0_u32..80,
        dice in any::<u64>(),
    ) {
        let medium = Sim::default();
        let mut index = open(&medium).unwrap();
        medium.0.lock().unwrap().calls_left = Some(cut);
        let mut model: HashMap<Box<str>, Stored> = HashMap::new();
        let mut under_way = None;
        for (version, (name, remove)) in steps.into_iter().enumerate() {
            let next = stored(name, version as u64);
            let done = if remove { index.remove(&next.name).map(drop) } else { index.put(vec![next.clone()]).map(drop) };
            if done.is_err() {
                under_way = Some((next.name.clone(), (!remove).then_some(next)));
                break;
            }
            if remove { model.remove(&next.name); } else { model.insert(next.name.clone(), next); }
        }
        let medium = medium.rebooted(dice);
        let index = open(&medium).unwrap();
        for name in (0..6).map(|name| stored(name, 0).name) {
            let found = index.get(&name);
            let possible = under_way.as_ref().filter(|(torn, _)| *torn == name);
            prop_assert!(found == model.get(&name) || possible.is_some_and(|(_, next)| found == next.as_ref()));
        }
        // And it goes on from there.
        let mut index = open(&medium).unwrap();
        index.put(vec![stored(9, 1)]).unwrap();
        let index = open(&medium.rebooted(1)).unwrap();
        prop_assert_eq!(index.get("t.9"), Some(&stored(9, 1)));
    }

    /// A flipped bit is an error, or costs at most the last commit: no tensor is ever older than the commit before it.
    #[test]
    fn a_flipped_bit_is_no_older_tensor(commits in 2_u64..12, at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let medium = Sim::default();
        let mut index = open(&medium).unwrap();
        for version in 0..commits {
            index.put(vec![stored(version as u8 % 3, version)]).unwrap();
        }
        {
            let mut media = medium.0.lock().unwrap();
            let bytes = media.durable.as_mut().unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        let Ok(damaged) = open(&medium) else { return Ok(()) };
        for version in commits.saturating_sub(3)..commits {
            let name = stored(version as u8 % 3, version).name;
            let found = damaged.get(&name);
            let last = version + 1 == commits;
            prop_assert!(last || found == Some(&stored(version as u8 % 3, version)), "{version} of {commits}");
        }
    }

    /// Any bytes are an index or an error.
    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..500), head in any::<bool>()) {
        let bytes = if head { [&self::head(7, 1)[..], &bytes].concat() } else { bytes };
        let medium = Sim(Arc::new(Mutex::new(Media { durable: Some(bytes.clone()), ..Media::default() })));
        let _ = open(&medium);
        let mut rest = &bytes[..];
        while !rest.is_empty() && Record::read(&mut rest).is_ok() {}
    }
}

/// Rewriting a few tensors for ever keeps the journal short.
#[test]
fn a_journal_is_compacted() {
    let medium = Sim::default();
    let mut index = open(&medium).unwrap();
    for version in 0..20_000 {
        index.put(vec![stored(version as u8 % 4, version)]).unwrap();
    }
    assert!(medium.read().unwrap().unwrap().len() < 2 * SHORT_BYTES);
    assert_eq!(open(&medium).unwrap().get("t.3"), Some(&stored(3, 19_999)));
}

/// A store with other disks is refused, and so is a file that is none.
#[test]
fn another_store_is_refused() {
    let medium = Sim::default();
    open(&medium).unwrap();
    let error = Index::over(Box::new(medium.clone()), 2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Format, "{error}");
    medium.0.lock().unwrap().durable = Some(b"not an index".to_vec());
    assert_eq!(open(&medium).unwrap_err().kind(), ErrorKind::Format);
}

/// The real file keeps what the simulated one does.
#[test]
fn a_real_journal_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.index");
    let mut index = Index::open(&path, 1).unwrap();
    index.put((0..5).map(|name| stored(name, 1)).collect()).unwrap();
    assert_eq!(index.put(vec![stored(2, 2)]).unwrap(), [stored(2, 1)]);
    assert_eq!(index.remove("t.4").unwrap(), Some(stored(4, 1)));
    let index = Index::open(&path, 1).unwrap();
    assert_eq!((index.tensors().count(), index.get("t.2"), index.get("t.4")), (4, Some(&stored(2, 2)), None));
}
