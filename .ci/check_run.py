"""Checks what `stratal run --verify --json` printed: right, within its memory, and reading no more than it must.

Wall time against the bound is shown, not judged: this machine may be shared with anything.
"""

import json
import sys

MIB = 1 << 20
run = json.load(open(sys.argv[1], encoding="utf-8"))
allowed = run["budget_bytes"] + run["fixed_bytes"] + 64 * MIB
print(f"peak RSS {run['peak_rss_bytes'] / MIB:.0f} MiB, allowed {allowed / MIB:.0f} MiB")
for number, row in enumerate(run["passes"], 1):
    read, least = row["bytes_read"], row["bytes_min"]
    print(
        f"pass {number}: read {read / MIB:.0f} MiB of at least {least / MIB:.0f}, wall {row['wall_ns'] / 1e6:.0f} ms,"
        f" {row['wall_ns'] / max(row['bound_ns'], 1):.2f} of the bound, {row['disk_bytes_per_s'] / 1e6:.0f} MB/s"
    )
assert run["outputs_equal"] is True, "the outputs differ from the run in memory"
assert len(run["passes"]) == len(run["tokens"]) >= 3
assert run["fixed_bytes"] <= 96 * MIB, run["fixed_bytes"]
assert run["peak_rss_bytes"] <= allowed, "over its memory"
settled = run["passes"][2:]
read, least = (sum(row[key] for row in settled) for key in ("bytes_read", "bytes_min"))
assert read <= 1.05 * least, f"{read} bytes read from pass 3 on, {least} are enough"
# A prefetch across the end of a pass counts for the pass before it: single passes vary by the window.
for row in settled:
    assert row["bytes_read"] <= 1.05 * row["bytes_min"] + run["window_bytes"], row
    assert row["bytes_written"] == 0, row
