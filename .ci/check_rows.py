"""Checks the rows that the bench harness wrote: every key, sane values, and verdicts only where they are due."""

import json
import sys

KEYS = "suite point ours rival rival_value ratio ci_low ci_high runs goal holds unit limit".split()

rows = json.load(open(sys.argv[1], encoding="utf-8"))
for row in rows:
    assert list(row) == KEYS, f"keys {list(row)}"
    assert row["ours"] > 0 and row["rival_value"] > 0, row
    assert row["ci_low"] <= row["ratio"] <= row["ci_high"], row
    straddles = row["goal"] is None or row["ci_low"] <= row["goal"] < row["ci_high"]
    assert row["holds"] is None or not straddles, row
print(f"{sys.argv[1]}: {len(rows)} rows")
