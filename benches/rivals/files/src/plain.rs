//! `tokio::fs`: as many tasks as reads at once, each with a file and a buffer of its own.

use super::{BLOCK, Clock, DEPTH, Outcome, forget};
use std::hint::black_box;
use std::io::SeekFrom;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

pub(crate) async fn read(path: &Path) -> Outcome<[f64; 2]> {
    forget(path)?;
    let bytes = path.metadata()?.len();
    let next = Arc::new(AtomicU64::new(0));
    let clock = Clock::start();
    let tasks: Vec<_> = (0..DEPTH)
        .map(|_| {
            let (path, next) = (path.to_path_buf(), Arc::clone(&next));
            tokio::spawn(async move {
                let mut file = tokio::fs::File::open(path).await?;
                file.set_max_buf_size(BLOCK);
                let mut buffer = vec![1_u8; BLOCK];
                loop {
                    let offset = next.fetch_add(BLOCK as u64, Ordering::Relaxed);
                    if offset >= bytes {
                        return Outcome::Ok(());
                    }
                    file.seek(SeekFrom::Start(offset)).await?;
                    let len = BLOCK.min((bytes - offset) as usize);
                    file.read_exact(&mut buffer[..len]).await?;
                    black_box(buffer[0]);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(clock.per_gib(bytes))
}
