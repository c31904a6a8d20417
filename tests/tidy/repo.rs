//! The repository as the rules see it: every Rust source lexed, every other text as it is.
//!
//! Build outputs and fuzzing corpora are skipped; everything else under the root is read.

use crate::source::Source;
use std::fs;
use std::path::Path;

/// Folders that hold what tools made.
const SKIPPED: [&str; 6] = ["target", ".git", "corpus", "artifacts", "coverage", "__pycache__"];
/// Endings of the texts that rules read.
const TEXTS: [&str; 7] = ["rs", "toml", "md", "sh", "py", "json", "run"];

/// One text file.
#[derive(Debug)]
pub(crate) struct Text {
    /// Path from the repository root, with `/`.
    pub(crate) path: String,
    /// Its content.
    pub(crate) text: String,
}

/// Everything the rules read.
#[derive(Debug, Default)]
pub(crate) struct Repo {
    /// Every text file, Rust included.
    pub(crate) texts: Vec<Text>,
    /// Every Rust file, lexed.
    pub(crate) sources: Vec<Source>,
}

impl Repo {
    /// Reads the tree under `root`.
    pub(crate) fn read(root: &Path) -> Self {
        let mut repo = Self::default();
        repo.visit(root, root);
        repo.mark_tests();
        repo
    }

    /// A tree that exists only in memory, for the rules' own tests.
    pub(crate) fn planted(files: &[(&str, &str)]) -> Self {
        let mut repo = Self::default();
        for (path, text) in files {
            repo.add((*path).to_owned(), (*text).to_owned());
        }
        repo.mark_tests();
        repo
    }

    /// The content of the file at `path`, or nothing.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.texts.iter().find(|text| text.path == path).map(|text| text.text.as_str())
    }

    /// Every Cargo.toml of the workspace, the excluded packages left out.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = &Text> {
        let own = |path: &str| !path.starts_with("fuzz/") && !path.starts_with("benches/rivals/");
        self.texts.iter().filter(move |text| text.path.ends_with("Cargo.toml") && own(&text.path))
    }

    fn visit(&mut self, root: &Path, folder: &Path) {
        let mut entries: Vec<_> = fs::read_dir(folder).expect("a readable folder").flatten().collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    self.visit(root, &path);
                }
            } else if TEXTS.contains(&name.rsplit('.').next().unwrap_or_default()) || name == "run" {
                let relative =
                    path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
                self.add(relative, fs::read_to_string(&path).expect("a text file in UTF-8"));
            }
        }
    }

    fn add(&mut self, path: String, text: String) {
        if path.ends_with(".rs") {
            self.sources.push(Source::lex(&path, &text));
        }
        self.texts.push(Text { path, text });
    }

    /// Marks what is compiled for tests only: everything below a module that is declared so.
    fn mark_tests(&mut self) {
        let below: Vec<String> = self.sources.iter().flat_map(Source::test_modules).collect();
        for source in &mut self.sources {
            source.is_test |= below.iter().any(|path| source.path.starts_with(path));
        }
    }
}
