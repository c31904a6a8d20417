//! Sizes are read from shapes, header and `config.json`; what contradicts itself is refused.

use super::ModelShape;
use std::path::Path;
use stratal::tiering::origin::{TensorSpec, Writer};
use stratal::{Checkpoint, DType, ErrorKind};

/// A checkpoint of one block with queries of 32 and keys of 16; zeros.
fn checkpoint(folder: &Path, metadata: &[(&str, &str)]) -> Checkpoint {
    let specs = [
        ("model.embed_tokens.weight", [10, 24]),
        ("model.layers.0.self_attn.q_proj.weight", [32, 24]),
        ("model.layers.0.self_attn.k_proj.weight", [16, 24]),
        ("model.layers.0.mlp.gate_proj.weight", [40, 24]),
    ]
    .map(|(name, dims)| TensorSpec::new(name, DType::BF16, dims));
    let path = folder.join("model.safetensors");
    let mut writer = Writer::create(&path, &specs, metadata).unwrap();
    for spec in &specs {
        writer.tensor(&spec.name, &vec![0; 2 * spec.shape.iter().product::<usize>()]).unwrap();
    }
    writer.finish().unwrap();
    Checkpoint::open(&path).unwrap()
}

/// Promise: a `config.json` beside the checkpoint tells what shapes do not, and the header goes before it.
#[test]
fn reads_config_and_header() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        r#"{"num_attention_heads": 4, "rope_theta": 500000.0, "rms_norm_eps": 1e-6, "rope_scaling": null}"#;
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    let expect = ModelShape {
        vocab: 10,
        hidden: 24,
        inner: 40,
        layers: 1,
        heads: 4,
        kv_heads: 2,
        head_dim: 8,
        rope_theta: 500_000.0,
        epsilon: 1e-6,
    };
    assert_eq!(ModelShape::of(&checkpoint(folder.path(), &[])).unwrap(), expect);
    let header = [("num_attention_heads", "2"), ("rope_theta", "100")];
    let two = ModelShape { heads: 2, kv_heads: 1, head_dim: 16, rope_theta: 100.0, ..expect };
    assert_eq!(ModelShape::of(&checkpoint(folder.path(), &header)).unwrap(), two);
}

/// Promise: what is missing, contradicts itself or is not supported is a typed error that names the file.
#[test]
fn refuses_what_cannot_be() {
    for (config, kind) in [
        ("{}", ErrorKind::Missing),
        ("{", ErrorKind::Format),
        (r#"{"num_attention_heads": 0}"#, ErrorKind::Shape),
        (r#"{"num_attention_heads": 3}"#, ErrorKind::Shape),
        (r#"{"num_attention_heads": 4, "head_dim": 7}"#, ErrorKind::Shape),
        (r#"{"num_attention_heads": 1e30}"#, ErrorKind::Shape),
        (r#"{"num_attention_heads": 4, "rope_scaling": {"type": "linear"}}"#, ErrorKind::Unsupported),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        let error = ModelShape::of(&checkpoint(folder.path(), &[])).unwrap_err();
        assert_eq!(error.kind(), kind, "{config}: {error}");
        assert!(error.fact("file").is_some(), "{error}");
    }
}
