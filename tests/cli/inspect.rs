//! `stratal inspect`: what a checkpoint holds, of one file, of many, or of a directory.

use super::{json, number, stratal, tiny};
use std::path::Path;
use stratal::DType;
use stratal::tiering::origin::{TensorSpec, Writer};

/// Promise: every tensor with dtype, shape, bytes and place; totals add up.
#[test]
fn lists_every_tensor() {
    let path = tiny();
    let report = json(&["inspect", path.to_str().unwrap(), "--json"]);
    let tensors = report["tensors"].as_array().unwrap();
    let bytes: f64 = tensors.iter().map(|tensor| number(tensor, "bytes")).sum();
    assert_eq!(bytes, number(&report, "total_bytes"));
    assert_eq!(report["metadata"]["num_attention_heads"], "8");
    let first = &tensors[0];
    assert_eq!(first["name"], "model.embed_tokens.weight");
    assert_eq!((&first["dtype"], &first["shape"]), (&"BF16".into(), &serde_json::json!([4096, 512])));
    assert_eq!(number(first, "offset") % 4096.0, 0.0);
    assert_eq!(number(first, "alignment_bytes"), 4096.0);

    let ran = stratal(&["inspect", path.to_str().unwrap()]);
    assert!(ran.out.contains("model.embed_tokens.weight") && ran.out.contains("57 tensors"), "{}", ran.out);
}

/// One shard that holds one tensor of four bytes.
fn shard(folder: &Path, file: &str, tensor: &str) {
    let spec = TensorSpec::new(tensor, DType::F32, [1]);
    let mut writer = Writer::create(folder.join(file), &[spec], &[]).unwrap();
    writer.tensor(tensor, &[0; 4]).unwrap();
    writer.finish().unwrap();
}

/// Promise: a sharded checkpoint is one, whether its index or its directory is named.
#[test]
fn joins_shards() {
    let folder = tempfile::tempdir().unwrap();
    shard(folder.path(), "a.safetensors", "one");
    shard(folder.path(), "b.safetensors", "two");
    let index = folder.path().join("model.safetensors.index.json");
    let map =
        r#"{"metadata": {"total_size": 8}, "weight_map": {"one": "a.safetensors", "two": "b.safetensors"}}"#;
    std::fs::write(&index, map).unwrap();
    for path in [index.as_path(), folder.path()] {
        let report = json(&["inspect", path.to_str().unwrap(), "--json"]);
        assert_eq!(report["files"].as_array().unwrap().len(), 2);
        assert_eq!(number(&report, "total_bytes"), 8.0);
    }
}
