//! What cannot work ends with 1 and one line that names the thing; nothing hangs, nothing is printed as a result.

use super::{stratal, tiny};
use std::fs;
use std::path::Path;
use stratal::tiering::origin::{TensorSpec, Writer};

/// Runs, and holds the command to: exit code 1, nothing on standard output, a message that says all of `words`.
fn refused(args: &[&str], words: &[&str]) {
    let ran = stratal(args);
    assert_eq!(ran.code, Some(1), "{args:?}: {}{}", ran.out, ran.err);
    assert!(ran.out.is_empty(), "{args:?}: {}", ran.out);
    let message = ran.err.lines().find(|line| line.starts_with("stratal: ")).unwrap_or_default();
    for word in words {
        assert!(message.contains(word), "{args:?} does not say `{word}`: {}", ran.err);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Promise: a checkpoint that is missing, empty, cut short or no checkpoint is refused by name, by every command.
#[test]
fn bad_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let whole = fs::read(tiny()).unwrap();
    let bad = [
        folder.path().join("missing.safetensors"),
        file("empty.safetensors", &[]),
        file("cut.safetensors", &whole[..whole.len() / 2]),
        file("text.safetensors", b"this is no checkpoint"),
    ];
    for path in &bad {
        refused(&["inspect", text(path)], &[text(path)]);
        refused(&["run", "--checkpoint", text(path)], &[text(path)]);
    }
}

/// Promise: a checkpoint of another kind of model is refused with the first tensor that is not there.
#[test]
fn another_kind_of_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.safetensors");
    let spec = TensorSpec::new("bias", stratal::DType::F32, [1]);
    let mut writer = Writer::create(&path, &[spec], &[]).unwrap();
    writer.tensor("bias", &[0; 4]).unwrap();
    writer.finish().unwrap();
    refused(&["run", "--checkpoint", text(&path)], &["model.embed_tokens.weight", text(&path)]);
}

/// Promise: a budget that cannot hold a lease is refused before anything runs.
#[test]
fn budgets_too_small() {
    let path = tiny();
    for budget in ["0", "1KiB", "1MiB"] {
        refused(&["run", "--checkpoint", text(&path), "--budget", budget], &["budget"]);
    }
}

/// Promise: a token the model does not know is named.
#[test]
fn unknown_tokens() {
    let path = tiny();
    refused(
        &["run", "--checkpoint", text(&path), "--budget", "24MiB", "--prompt", "1,4096"],
        &["4096", "token"],
    );
}

/// Promise: a policy with an unknown key is refused with file, line and the nearest key.
#[test]
fn bad_policies() {
    let (path, folder) = (tiny(), tempfile::tempdir().unwrap());
    let policy = folder.path().join("stratal.toml");
    fs::write(&policy, "eviction = \"min\"\nprefetch_windw = \"32 MiB\"\n").unwrap();
    let args = ["run", "--checkpoint", text(&path), "--policy", text(&policy)];
    refused(&args, &["prefetch_windw", "prefetch_window", "2", text(&policy)]);
    refused(&["run", "--checkpoint", text(&path), "--policy", "/nowhere.toml"], &["/nowhere.toml"]);
}
