//! `foyer`: a hybrid cache with little memory whose disk holds the file's blocks; each is looked up once, in order.

use super::{BLOCK, Clock, DEPTH, Outcome, forget};
use foyer::{
    BlockEngineConfig, DeviceBuilder, FsDeviceBuilder, HybridCache, HybridCacheBuilder, HybridCachePolicy,
    PsyncIoEngineConfig,
};
use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

type Cache = HybridCache<u64, Vec<u8>>;

pub(crate) async fn read(path: &Path, folder: &Path) -> Outcome<[f64; 2]> {
    let bytes = path.metadata()?.len();
    let blocks = bytes / BLOCK as u64;
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    let cache = open(folder, bytes).await?;
    let file = File::open(path)?;
    for block in 0..blocks {
        let mut value = vec![0; BLOCK];
        file.read_exact_at(&mut value, block * BLOCK as u64)?;
        cache.insert(block, value);
        // It drops what comes faster than it writes.
        cache.storage().wait().await;
    }
    cache.memory().clear();
    cache.close().await?;
    let cache = Arc::new(open(folder, bytes).await?);
    for entry in std::fs::read_dir(folder)?.flatten().filter(|entry| entry.path().is_file()) {
        forget(&entry.path())?;
    }
    let (next, found) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let clock = Clock::start();
    let tasks: Vec<_> = (0..DEPTH)
        .map(|_| {
            let (cache, next, found) = (Arc::clone(&cache), Arc::clone(&next), Arc::clone(&found));
            tokio::spawn(async move {
                loop {
                    let block = next.fetch_add(1, Ordering::Relaxed);
                    if block >= blocks {
                        return Outcome::Ok(());
                    }
                    if let Some(entry) = cache.get(&block).await? {
                        found.fetch_add(entry.value().len() as u64, Ordering::Relaxed);
                        black_box(entry.value()[0]);
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    let numbers = clock.per_gib(found.load(Ordering::Relaxed));
    cache.close().await?;
    std::fs::remove_dir_all(folder)?;
    Ok(numbers)
}

async fn open(folder: &Path, bytes: u64) -> Outcome<Cache> {
    let device =
        FsDeviceBuilder::new(folder).with_capacity((bytes + bytes / 4 + (256 << 20)) as usize).build()?;
    let cache = HybridCacheBuilder::new()
        .with_policy(HybridCachePolicy::WriteOnInsertion)
        .memory(64 << 20)
        .with_weighter(|_, value: &Vec<u8>| value.len())
        .storage()
        .with_io_engine_config(PsyncIoEngineConfig::new())
        .with_engine_config(
            BlockEngineConfig::new(device).with_block_size(64 << 20).with_buffer_pool_size(256 << 20),
        )
        .build()
        .await?;
    Ok(cache)
}
