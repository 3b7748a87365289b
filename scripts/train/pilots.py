"""Prints the table of pilots, Markdown, from the logs of finished and unfinished runs of train.py.

    python scripts/train/pilots.py RUN ...
"""

import json
import sys
from pathlib import Path

print("| pilot | steps | tokens | training loss, last 20 steps | tokens per CPU second | bits per byte: "
      "novels | tale | modern |\n|---|--:|--:|--:|--:|--:|--:|--:|")
for run in map(Path, sys.argv[1:]):
    if not (run / "log.jsonl").exists():
        continue
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    last = rows[-1]
    loss = [row["loss"] for row in rows if row["step"] > last["step"] - 20]
    # Steps beyond 100 are logged one in twenty, as a mean of the last hundred.
    loss = f"{sum(loss) / len(loss):.3f}" if last["step"] <= 100 else "-"
    bits = last.get("bits_per_byte", {})
    scores = " | ".join(f"{bits[k]:.3f}" if k in bits else "-" for k in ("heldout", "heldout-tale", "heldout-modern"))
    print(f"| {run.name} | {last['step']} | {last['tokens']} | {loss} | "
          f"{last['tokens'] / max(1e-9, last['cpu_hours']) / 3600:.0f} | {scores} |")
