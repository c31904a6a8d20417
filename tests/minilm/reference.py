#!/usr/bin/env python3
"""Reference vectors of all-MiniLM-L6-v2, computed with numpy alone, independently of the Rust code.

    pip install numpy tokenizers
    python3 tests/minilm/reference.py MODEL_DIR > tests/minilm/reference.json

MODEL_DIR holds model.safetensors, tokenizer.json and config.json. The output has, per sentence, the text, its token
ids and its embedding: mean over tokens of the last hidden state, scaled to length one. Each sentence is run by itself,
without padding, in double precision.
"""

import json
import math
import struct
import sys
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

SENTENCES = [
    "A tensor that does not fit in memory lives on the disk until it is needed.",
    "The quick brown fox jumps over the lazy dog.",
    "Rust guarantees memory safety without a garbage collector.",
    "How do I cook rice?",
    "What is the best way to prepare rice on a stove?",
    "La bibliothèque ouvre à neuf heures.",
    "Interest rates rose by 0.25 % in March 2023.",
    "io_uring submits many reads with one system call",
    "Yes",
    "The hippopotamus, whose name means river horse, spends most of the day in water and comes out at dusk to graze; "
    "despite its size it runs faster than a person over short distances, and it is among the most dangerous animals.",
]
DTYPES = {"F32": np.float32, "I64": np.int64}


def load(path):
    """All tensors of a safetensors file: eight bytes of header length, a JSON header, then the bytes."""
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    header.pop("__metadata__", None)
    payload = memoryview(raw)[8 + length :]
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        array = np.frombuffer(payload[start:end], DTYPES[entry["dtype"]])
        tensors[name] = array.reshape(entry["shape"]).astype(np.float64)
    return tensors


def linear(x, weights, name):
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def layer_norm(x, weights, name, eps):
    centred = x - x.mean(axis=-1, keepdims=True)
    scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps)
    return centred / scale * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def gelu(x):
    return x * 0.5 * (1.0 + np.vectorize(math.erf)(x / math.sqrt(2.0)))


def attention(x, weights, name, heads):
    tokens, width = x.shape
    split = lambda part: linear(x, weights, f"{name}.self.{part}").reshape(tokens, heads, -1).transpose(1, 0, 2)
    query, key, value = split("query"), split("key"), split("value")
    scores = query @ key.transpose(0, 2, 1) / math.sqrt(width // heads)
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    scores /= scores.sum(axis=-1, keepdims=True)
    return (scores @ value).transpose(1, 0, 2).reshape(tokens, width)


def embed(ids, weights, config):
    eps, heads = config["layer_norm_eps"], config["num_attention_heads"]
    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = x + weights["embeddings.token_type_embeddings.weight"][0]
    x = layer_norm(x, weights, "embeddings.LayerNorm", eps)
    for index in range(config["num_hidden_layers"]):
        name = f"encoder.layer.{index}"
        mixed = linear(attention(x, weights, f"{name}.attention", heads), weights, f"{name}.attention.output.dense")
        x = layer_norm(x + mixed, weights, f"{name}.attention.output.LayerNorm", eps)
        wide = gelu(linear(x, weights, f"{name}.intermediate.dense"))
        x = layer_norm(x + linear(wide, weights, f"{name}.output.dense"), weights, f"{name}.output.LayerNorm", eps)
    mean = x.mean(axis=0)
    return mean / np.linalg.norm(mean)


def main():
    folder = Path(sys.argv[1])
    weights = load(folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text())
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    rows = []
    for text in SENTENCES:
        ids = tokenizer.encode(text).ids
        vector = [round(float(value), 7) for value in embed(ids, weights, config)]
        rows.append(json.dumps({"text": text, "ids": ids, "vector": vector}, ensure_ascii=False, separators=(",", ":")))
    print("[\n" + ",\n".join(rows) + "\n]")


if __name__ == "__main__":
    main()
