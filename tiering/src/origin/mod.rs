//! Read-only homes of tensors: safetensors checkpoints. The payload is never read here.
