"""Writes expectations.txt: what NumPy 2.x prints for the arrays that tests.rs makes by the same rules."""

import numpy as np

f32 = np.float32
i = np.arange
cases = {
    "counting": i(6, dtype=f32).reshape(2, 3),
    "integers": i(-3, 3, dtype=np.int32).reshape(2, 3) * 100,
    "bytes": i(12, dtype=np.uint8).reshape(3, 4),
    "truth": np.array([[True, False], [True, True]]),
    "fractions": np.array([0.1, 0.25, -1.5, 100.0], dtype=f32),
    "thirds": np.array([1, 2, 10], dtype=np.float64) / 3,
    "thirds_f32": (np.array([1, 2, 10], dtype=f32) / f32(3)),
    "tiny": np.array([1e-5, 1.0], dtype=f32),
    "huge": np.array([1e8, 2.5, -1], dtype=np.float64),
    "apart": np.array([0.5, 1234.5], dtype=np.float64),
    "exponents": np.array([1e-300, 1.5e300], dtype=np.float64),
    "f32_cutoff": np.array([999999.0, 1.0e3], dtype=f32),
    "f32_beyond": np.array([1000000.0, 1.0e4], dtype=f32),
    "unusual": np.array([np.nan, np.inf, -np.inf, 1.5], dtype=f32),
    "unusual_only": np.array([np.nan, np.inf], dtype=f32),
    "nan_wide": np.array([[np.nan, 12345.678], [-0.0, 99.5]], dtype=np.float64),
    "zeros": np.zeros((2, 2), dtype=f32),
    "negative_zero": np.array([-0.0, 0.0], dtype=f32),
    "halves": np.array([0.1, 1.5, 65.5, -2], dtype=np.float16),
    "halves_beyond": np.array([0.1, 1000], dtype=np.float16),
    "cube": i(24, dtype=np.int64).reshape(2, 3, 4),
    "rank_four": i(16, dtype=np.int64).reshape(2, 2, 2, 2),
    "wrapped": i(100, dtype=np.int64),
    "wrapped_floats": i(40, dtype=np.float64) / 8,
    "at_threshold": i(1000, dtype=np.int64).reshape(10, 100),
    "long": i(1001, dtype=np.int64),
    "table": i(2500, dtype=np.float64).reshape(50, 50),
    "narrow": i(1200, dtype=np.int64).reshape(300, 4),
    "flat": i(1200, dtype=np.int64).reshape(4, 300),
    "blocks": i(8000, dtype=f32).reshape(20, 20, 20),
    "transposed": i(6, dtype=f32).reshape(2, 3).T,
    "every_other": i(20, dtype=np.int32)[::2],
    "empty": np.zeros((2, 0), dtype=f32),
    "one": np.array([7], dtype=np.int8),
    "large_integers": np.array([2**63 - 1, -(2**63)], dtype=np.int64),
    "rounded": np.array([0.123456789012, 1.0], dtype=np.float64),
    "half_to_even": np.array([0.5 + 2**-27, 1.0], dtype=np.float64),
}

with open("expectations.txt", "w", encoding="utf-8") as out:
    for name, array in cases.items():
        out.write(f"=== {name}\n{array}\n")
        commas = np.array2string(array, separator=", ", prefix="View(", suffix=")")
        out.write(f"=== {name}, with commas\n{commas}\n")
    out.write(f"=== rounded to three\n{np.array2string(i(3) / 7, precision=3)}\n")
