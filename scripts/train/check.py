"""Shows that train.py is deterministic: a small model on random text, trained twice through 100 steps, once in one
sitting and once stopped by SIGTERM, paused by SIGSTOP and resumed, is the same to the bit.

    python scripts/train/check.py [--processes 2] [--compile]

With `--run DIR --data DATA` it trains the first steps of a real run again, by the recipe in its checkpoint, and
compares their losses with those of its log, to the last bit.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

TRAIN = [sys.executable, "-u", str(Path(__file__).parent / "train.py")]


def losses(run: Path) -> dict[int, float]:
    rows = (json.loads(line) for line in (run / "log.jsonl").read_text().splitlines())
    return {row["step"]: row["loss"] for row in rows}


def write_data(out: Path, vocabulary: int = 300):
    rng, sources = np.random.default_rng(0), {}
    for name, tokens in {"novels": 50_000, "tales": 20_000, "modern": 5_000, "heldout": 5_000}.items():
        np.save(out / f"{name}.npy", (rng.random(tokens) ** 3 * vocabulary).astype(np.uint16))
        sources[name] = {"texts": 1, "bytes": 3 * tokens, "tokens": tokens}
    (out / "data.json").write_text(json.dumps({"vocabulary": vocabulary, "sources": sources}))
    (out / "tokenizer.json").write_text("{}")


def check_resuming(processes: int, compiled: bool, steps: int = 100):
    with tempfile.TemporaryDirectory() as folder:
        data, whole, broken = (Path(folder, name) for name in ("data", "whole", "broken"))
        data.mkdir()
        write_data(data)
        command = [*TRAIN, "--data", str(data), "--steps", str(steps), "--width", "32", "--layers", "2",
                   "--tokens-per-step", "1024", "--lengths", "64:2,256:1", "--warm-up", "10", "--evaluate-every", "25",
                   "--context", "4096", "--precision", "float32", "--processes", str(processes),
                   *(["--compile"] if compiled else [])]
        subprocess.run([*command, "--out", str(whole)], check=True, stdout=subprocess.DEVNULL)
        sittings = 0
        while True:
            run = subprocess.Popen([*command, "--out", str(broken)], start_new_session=True,
                                   stdout=subprocess.PIPE, text=True)
            for line in run.stdout:
                step = json.loads(line).get("step", 0)
                if sittings < 3 and step >= 23 * (sittings + 1):
                    os.killpg(run.pid, signal.SIGSTOP)
                    time.sleep(1)
                    os.killpg(run.pid, signal.SIGCONT)
                    os.killpg(run.pid, signal.SIGTERM)
                    sittings += 1
                    break
            run.stdout.read()
            if status := run.wait():
                sys.exit(f"sitting {sittings} failed: exit status {status}")
            if max(losses(broken)) == steps:
                break
        a, b = (torch.load(run / "checkpoint.pt", weights_only=True) for run in (whole, broken))
        for name, value in a["model"].items():
            assert torch.equal(value, b["model"][name]), name
        assert losses(whole) == losses(broken) and len(losses(whole)) == steps
        print(f"{steps} steps in one sitting and in {sittings + 1}: equal to the bit, "
              f"loss {losses(whole)[1]:.4f} to {losses(whole)[steps]:.4f}")


def check_run(run: Path, data: Path, steps: int):
    recipe = torch.load(run / "checkpoint.pt", weights_only=True, map_location="cpu")["recipe"]
    with tempfile.TemporaryDirectory() as folder:
        options = []
        for key in recipe.keys() - {"world", "data"}:
            value, name = recipe[key], "--" + key.replace("_", "-")
            if value is True:
                options.append(name)
            elif value not in (None, False):
                options += [name, value if isinstance(value, str) else json.dumps(value)]
        subprocess.run([*TRAIN, "--data", str(data), "--out", folder, "--processes", str(recipe["world"]),
                        "--stop-at", str(steps), *options], check=True)
        again, first = losses(Path(folder)), losses(run)
    different = [step for step in range(1, steps + 1) if again[step] != first[step]]
    if different:
        sys.exit(f"the runs part at step {different[0]}: {first[different[0]]} then, {again[different[0]]} now")
    print(f"the first {steps} steps: losses equal to the bit")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--compile", action="store_true", help="the small model is compiled, as runs can be")
    parser.add_argument("--run", type=Path, help="the --out of a run")
    parser.add_argument("--data", type=Path, help="its --data")
    parser.add_argument("--steps", type=int, default=100)
    args = parser.parse_args()
    if args.run:
        check_run(args.run, args.data, args.steps)
    else:
        check_resuming(args.processes, args.compile)


if __name__ == "__main__":
    main()
