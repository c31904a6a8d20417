//! Where the journal lies: a file that can be appended to, synchronised, and replaced as a whole.

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A journal's bytes. What is written is safe once `sync` has returned, and not before.
pub(super) trait Medium: Debug + Send {
    /// All bytes; `None` where there is no journal yet.
    fn read(&self) -> io::Result<Option<Vec<u8>>>;

    /// Writes at an offset.
    fn write(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes safe what was written.
    fn sync(&mut self) -> io::Result<()>;

    /// Puts other bytes in the journal's place: after a crash there are the old ones or the new ones, whole.
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// A journal in a directory.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Option<File>,
}

impl Journal {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    fn open(&mut self) -> io::Result<&File> {
        if self.file.is_none() {
            self.file = Some(
                OpenOptions::new().read(true).write(true).custom_flags(libc::O_NOFOLLOW).open(&self.path)?,
            );
        }
        self.file.as_ref().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

impl Medium for Journal {
    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        match std::fs::read(&self.path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(cause),
        }
    }

    fn write(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.open()?.write_all_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.open()?.sync_data()
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        let fresh = self.path.with_extension("index.new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
        let file = options.open(&fresh)?;
        file.write_all_at(bytes, 0)?;
        file.sync_all()?;
        std::fs::rename(&fresh, &self.path)?;
        self.file = None;
        File::open(self.path.parent().unwrap_or(Path::new(".")))?.sync_all()
    }
}
