"""Trains a Hyena language model on the arrays prepare.py made, and writes a checkpoint directory.

    python -u scripts/train/train.py --data runs/data --out runs/model --minutes 120

On a CPU it runs one process per core and averages their gradients; on a GPU one process in mixed precision.
The learning rate follows the share of `--minutes` used up, counted in training time only, so a run ends when
it should on any machine. Started again with the same --out it goes on from the last checkpoint;
`--stop-after` ends a sitting early, checkpoint written.
"""

import argparse
import contextlib
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).parent))
from export_module import write_checkpoint  # noqa: E402
from model import HyenaConfig, HyenaLM  # noqa: E402
from muon import Muon  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", default=None, help="the model's name (default: the last part of --out)")
    parser.add_argument("--minutes", type=float, default=120, help="training time of the whole run")
    parser.add_argument("--stop-after", type=float, default=math.inf, help="minutes of this sitting")
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--inner", type=int, default=None, help="default: 4 x width")
    parser.add_argument("--context", type=int, default=131072)
    parser.add_argument("--slowest", type=float, default=2048, help="longest time constant of a window, in tokens")
    parser.add_argument("--tokens-per-step", type=int, default=8192)
    parser.add_argument("--lengths", default="512:4,1024:8,2048:4,4096:2,8192:1",
                        help="sequence lengths and how often each is drawn")
    parser.add_argument("--muon-lr", type=float, default=0.02)
    parser.add_argument("--adam-lr", type=float, default=3e-3)
    parser.add_argument("--processes", type=int, default=None, help="default: one per core, or 1 on a GPU")
    parser.add_argument("--checkpoint-minutes", type=float, default=5)
    parser.add_argument("--compile", action="store_true", help="torch.compile: worth it on a GPU")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def spawn(processes: int) -> int:
    """Runs this script once per process; the children find each other through the environment."""
    port = str(20000 + os.getpid() % 20000)
    base = {**os.environ, "WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port,
            "OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // processes))}
    children = [
        subprocess.Popen([sys.executable, "-u", *sys.argv], env={**base, "RANK": str(rank)})
        for rank in range(processes)
    ]
    return max(child.wait() for child in children)


def optimizers(model: HyenaLM, args):
    matrices, filters, rest = [], [], []
    for name, p in model.named_parameters():
        if "filter_fn.implicit_filter" in name:
            filters.append(p)
        elif p.dim() == 2 and "embeddings" not in name:
            matrices.append(p)
        else:
            rest.append(p)
    return [
        Muon(matrices, lr=args.muon_lr, weight_decay=0.1),
        torch.optim.AdamW([{"params": rest, "lr": args.adam_lr}, {"params": filters, "lr": args.adam_lr / 3}],
                          betas=(0.9, 0.95), weight_decay=0.0),
    ]


def learning_rate(progress: float) -> float:
    """A share of the peak: up over the first 1%, level to 30%, then straight down to 2%."""
    if progress < 0.01:
        return (progress + 0.0005) / 0.0105
    return 1.0 if progress < 0.3 else max(0.02, 1 - 0.98 * (progress - 0.3) / 0.7)


def batch(ids: np.ndarray, length: int, rows: int, rng, device):
    starts = rng.integers(0, len(ids) - length - 1, rows)
    block = np.stack([ids[s : s + length + 1] for s in starts]).astype(np.int64)
    block = torch.from_numpy(block).to(device)
    return block[:, :-1], block[:, 1:]


@torch.no_grad()
def bits_per_byte(model, ids: np.ndarray, data: dict, device, precision, length=2048, limit=40) -> float:
    """Mean over evenly spaced stretches of the held-out text."""
    starts = np.linspace(0, len(ids) - length - 1, limit).astype(int)
    total = 0.0
    for start in starts:
        block = torch.from_numpy(ids[start : start + length + 1].astype(np.int64)).to(device)
        with precision():
            logits = model(block[None, :-1])
        total += F.cross_entropy(logits[0].float(), block[1:]).item()
    return total / limit / math.log(2) * data["heldout_tokens"] / data["heldout_bytes"]


def export(model: HyenaLM, args, data: dict, log: dict):
    """The checkpoint directory that `flashinf import` reads."""
    write_checkpoint(model, args.out, args.name, args.data / "tokenizer.json", {"data": data, "training": log})


def main():
    args = arguments()
    torch.set_flush_denormal(True)  # decayed windows are full of them, and they are slow
    cuda = torch.cuda.is_available()
    processes = args.processes or (1 if cuda else os.cpu_count() or 1)
    if processes > 1 and "RANK" not in os.environ:
        sys.exit(spawn(processes))
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if world > 1:
        dist.init_process_group("gloo", rank=rank, world_size=world)
    device = torch.device("cuda" if cuda else "cpu")
    precision = lambda: torch.autocast(device.type, dtype=torch.bfloat16)  # noqa: E731
    args.out.mkdir(parents=True, exist_ok=True)

    data = json.loads((args.data / "data.json").read_text())
    train, heldout = np.load(args.data / "train.npy"), np.load(args.data / "heldout.npy")
    torch.manual_seed(args.seed)
    config = HyenaConfig(vocabulary=data["vocabulary"], width=args.width, layers=args.layers,
                         inner=args.inner or 4 * args.width, context=args.context, slowest=args.slowest,
                         balanced=True)
    model = HyenaLM(config).to(device)
    optims = optimizers(model, args)
    peaks = [[g["lr"] for g in o.param_groups] for o in optims]
    lengths = [tuple(map(int, item.split(":"))) for item in args.lengths.split(",")]
    odds = np.array([w for _, w in lengths]) / sum(w for _, w in lengths)

    step, tokens, trained = 0, 0, 0.0
    checkpoint = args.out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device, weights_only=True)
        model.load_state_dict(saved["model"])
        for o, state in zip(optims, saved["optimizers"]):
            o.load_state_dict(state)
        step, tokens, trained = saved["step"], saved["tokens"], saved["trained"]

    def save():
        if rank == 0:
            state = {"model": model.state_dict(), "optimizers": [o.state_dict() for o in optims],
                     "step": step, "tokens": tokens, "trained": trained}
            torch.save(state, checkpoint.with_suffix(".tmp"))
            checkpoint.with_suffix(".tmp").replace(checkpoint)

    run = torch.compile(model) if args.compile else model
    log = open(args.out / "log.jsonl", "a") if rank == 0 else contextlib.nullcontext()
    budget, sitting, saved_at, smooth, last = args.minutes * 60, 0.0, trained, None, []
    while trained < budget and sitting < args.stop_after * 60:
        began = time.monotonic()
        # All processes draw the same length, each its own text; a resumed run draws new text.
        length = lengths[np.random.default_rng([args.seed, step]).choice(len(lengths), p=odds)][0]
        rng = np.random.default_rng([args.seed, step, rank])
        rows = max(1, args.tokens_per_step // world // length)
        x, target = batch(train, length, rows, rng, device)
        scale = learning_rate(trained / budget)
        for o, peak in zip(optims, peaks):
            for g, lr in zip(o.param_groups, peak):
                g["lr"] = lr * scale
        with precision():
            logits = run(x)
        loss = F.cross_entropy(logits.flatten(0, 1).float(), target.flatten())
        loss.backward()
        grads = [p.grad for p in model.parameters()]
        if world > 1:
            flat = torch.cat([g.reshape(-1) for g in grads])
            dist.all_reduce(flat)
            for g, part in zip(grads, (flat / world).split([g.numel() for g in grads])):
                g.copy_(part.view_as(g))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for o in optims:
            o.step()
        model.zero_grad(set_to_none=True)

        value = loss.item()
        smooth = value if smooth is None else 0.98 * smooth + 0.02 * value
        step, tokens = step + 1, tokens + rows * length * world
        # A paused machine must not count as training: no step counts for more than thrice the usual one.
        seconds = time.monotonic() - began
        last = (last + [seconds])[-50:]
        clock = torch.tensor([min(seconds, 3 * float(np.median(last)))])
        if world > 1:
            dist.broadcast(clock, 0)
        trained, sitting = trained + clock.item(), sitting + clock.item()

        due = trained - saved_at > args.checkpoint_minutes * 60
        if rank == 0 and (step % 20 == 0 or due):
            row = {"step": step, "tokens": tokens, "minutes": round(trained / 60, 2), "loss": round(smooth, 4),
                   "rate": round(scale, 3)}
            if due:
                row["bits_per_byte"] = round(bits_per_byte(model, heldout, data, device, precision), 4)
            print(json.dumps(row), flush=True)
            log.write(json.dumps(row) + "\n")
            log.flush()
        if due:
            saved_at = trained
            save()
        if world > 1 and due:
            dist.barrier()

    save()
    if rank == 0:
        score = bits_per_byte(model, heldout, data, device, precision)
        summary = {"steps": step, "tokens": tokens, "minutes": round(trained / 60, 1), "processes": world,
                   "device": torch.cuda.get_device_name() if cuda else "cpu", "finished": trained >= budget,
                   "bits_per_byte_at_2048": round(score, 4), "lengths": args.lengths,
                   "tokens_per_step": args.tokens_per_step, "parameters": sum(p.numel() for p in model.parameters())}
        print(json.dumps(summary), flush=True)
        export(model, args, data, summary)
    if world > 1:
        dist.barrier()
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
