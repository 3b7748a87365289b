"""Trains a Hyena language model on the arrays prepare.py made, and writes a checkpoint directory.

    python -u scripts/train/train.py --data runs/data --out runs/model --steps 10400

On a CPU it runs one process per core and averages their gradients; on a GPU one process in mixed precision.
Everything goes by steps: what is read, the learning rate (a short rise, a level stretch, and over the last
`--decay-share` of the steps a straight line to nothing) and the mixture of the texts (PHASES). So a run is the
same each time on one machine with as many processes, in one sitting or in many: started again with the same --out
it goes on from the last checkpoint. `--stop-after`, `--stop-at` and SIGTERM end a sitting, checkpoint written.
Until the decay starts, `--steps`, `--decay-share` and the phases may be changed from sitting to sitting, to what
leaves the learning rate so far as it was. `--fork` begins another run at a run's checkpoint, with steps and phases
of its own.
"""

import argparse
import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

sys.path.insert(0, str(Path(__file__).parent))
from export_module import write_checkpoint  # noqa: E402
from model import HyenaConfig, HyenaLM  # noqa: E402
from muon import Muon  # noqa: E402

# The mixture of the texts, by sequences: each phase ends at a share of the steps. The first reads children's books
# and tales about twice as often as the novels; the last, when the learning rate is nearly down, turns to simple prose.
PHASES = [
    {"until": 0.90, "mix": {"novels": 0.65, "children": 0.20, "tales": 0.14, "modern": 0.01}},
    {"until": 1.00, "mix": {"novels": 0.08, "children": 0.22, "tales": 0.60, "modern": 0.10}},
]
MAY_CHANGE = {"steps", "decay_share", "phases"}  # between two sittings of a run
GOLDEN = (math.sqrt(5) - 1) / 2
FOREVER = timedelta(days=365)  # processes wait for each other while a machine is paused


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fork", type=Path, default=None, help="checkpoint.pt of the run that this one branches off")
    parser.add_argument("--name", default=None, help="the model's name (default: the last part of --out)")
    parser.add_argument("--steps", type=int, required=True, help="steps of the whole run")
    parser.add_argument("--stop-after", type=float, default=math.inf, help="minutes of this sitting")
    parser.add_argument("--stop-at", type=int, default=sys.maxsize, help="step this sitting ends at")
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=5)
    parser.add_argument("--inner", type=int, default=None, help="default: 4 x width")
    parser.add_argument("--context", type=int, default=131072)
    parser.add_argument("--slowest", type=float, default=2048, help="longest time constant of a window, in tokens")
    parser.add_argument("--tokens-per-step", type=int, default=16384)
    parser.add_argument("--lengths", default="512:4,1024:8,2048:4,4096:2,8192:1",
                        help="sequence lengths and how often each is drawn")
    parser.add_argument("--phases", type=json.loads, default=PHASES, help="JSON like PHASES")
    parser.add_argument("--muon-lr", type=float, default=0.02)
    parser.add_argument("--adam-lr", type=float, default=3e-3)
    parser.add_argument("--weight-decay", type=float, default=0.05, help="of the hidden matrices")
    parser.add_argument("--warm-up", type=int, default=100, help="steps")
    parser.add_argument("--decay-share", type=float, default=0.6, help="share of the steps")
    parser.add_argument("--precision", choices=["auto", "float32", "bfloat16"], default="auto",
                        help="auto: the faster on this machine")
    parser.add_argument("--processes", type=int, default=None, help="default: one per core, or 1 on a GPU")
    parser.add_argument("--checkpoint-minutes", type=float, default=5)
    parser.add_argument("--evaluate-every", type=int, default=250, help="steps")
    parser.add_argument("--compile", action="store_true", help="torch.compile: worth it on a GPU")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def spawn(processes: int) -> int:
    """Runs this script once per process; the children find each other through the environment."""
    port = str(20000 + os.getpid() % 20000)
    # glibc gives large blocks back to the system at once, and clearing them anew costs a tenth of the time.
    base = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**33), "MALLOC_TOP_PAD_": str(2**28),
            "OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // processes)), **os.environ,
            "WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    children = [
        subprocess.Popen([sys.executable, "-u", *sys.argv], env={**base, "RANK": str(rank)})
        for rank in range(processes)
    ]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: [child.terminate() for child in children])
    return max(abs(child.wait()) for child in children)


def faster_precision() -> str:
    """Not every CPU multiplies bfloat16 faster than float32: many have no instruction for it."""
    if torch.cuda.is_available():
        return "bfloat16"
    times = {}
    for name in ("float32", "bfloat16"):
        a, b = (torch.ones(n, 256, dtype=getattr(torch, name)) for n in (2048, 1024))
        a @ b.t()
        began = time.process_time()
        for _ in range(4):
            a @ b.t()
        times[name] = time.process_time() - began
    return min(times, key=times.get)


def optimizers(model: HyenaLM, args, dtype: torch.dtype):
    stacked, matrices, filters, rest = [], [], [], []
    for name, p in model.named_parameters():
        if "filter_fn.implicit_filter" in name:
            filters.append(p)
        elif name.endswith("in_proj.weight"):
            stacked.append(p)
        elif p.dim() == 2 and "embeddings" not in name:
            matrices.append(p)
        else:
            rest.append(p)
    return [
        Muon([{"params": stacked, "parts": 3}, {"params": matrices}], lr=args.muon_lr,
             weight_decay=args.weight_decay, dtype=dtype),
        torch.optim.AdamW([{"params": rest, "lr": args.adam_lr}, {"params": filters, "lr": args.adam_lr / 3}],
                          betas=(0.9, 0.95), weight_decay=0.0),
    ]


def learning_rate(step: int, args) -> float:
    """A share of the peak."""
    decay = max(1, round(args.steps * args.decay_share))
    return min((step + 1) / max(1, args.warm_up), 1.0, (args.steps - step) / decay)


class Texts:
    """Draws sequences. A source's starts go round it in steps of the golden section, so that every part of it is
    met about equally often; how many were drawn, by source and length, is all there is to remember."""

    def __init__(self, sources: dict[str, np.ndarray], args):
        self.sources, self.args, self.drawn = sources, args, {}
        lengths = [tuple(map(int, item.split(":"))) for item in args.lengths.split(",")]
        self.lengths = [length for length, _ in lengths]
        self.odds = np.array([w for _, w in lengths]) / sum(w for _, w in lengths)

    def draw(self, step: int, world: int) -> np.ndarray:
        """The sequences of one step, `[rows, length + 1]`, for all processes together."""
        rng = np.random.default_rng([self.args.seed, step])
        length = self.lengths[rng.choice(len(self.lengths), p=self.odds)]
        count = max(1, self.args.tokens_per_step // world // length) * world
        phases = self.args.phases
        phase = next((p for p in phases if step < p["until"] * self.args.steps), phases[-1])
        mix = {name: share for name, share in phase["mix"].items() if name in self.sources}
        shares = np.array(list(mix.values())) / sum(mix.values())
        rows = []
        for name in rng.choice(list(mix), count, p=shares):
            key = f"{name} {length}"
            drawn = self.drawn[key] = self.drawn.get(key, 0) + 1
            first = np.random.default_rng([self.args.seed, length]).random()
            ids = self.sources[name]
            start = int((first + drawn * GOLDEN) % 1 * (len(ids) - length - 1))
            rows.append(ids[start : start + length + 1])
        return np.stack(rows).astype(np.int64)

    def epochs(self) -> dict[str, float]:
        """How often each source was read."""
        read = {}
        for key, drawn in self.drawn.items():
            name, length = key.rsplit(" ", 1)
            read[name] = read.get(name, 0) + drawn * int(length) / len(self.sources[name])
        return {name: round(value, 3) for name, value in sorted(read.items())}


@torch.no_grad()
def bits_per_byte(model, ids: np.ndarray, source: dict, device, precision, length=2048, limit=40) -> float:
    """Mean over evenly spaced stretches of a held-out text; processes share them."""
    rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    starts = np.linspace(0, len(ids) - length - 1, min(limit, math.ceil(len(ids) / length))).astype(int)
    total = torch.zeros(1, dtype=torch.float64)
    for start in starts[rank::world]:
        block = torch.from_numpy(ids[start : start + length + 1].astype(np.int64)).to(device)
        with precision():
            total += model.loss(block[None, :-1], block[None, 1:]).item()
    if world > 1:
        dist.all_reduce(total)
    return total.item() / len(starts) / math.log(2) * source["tokens"] / source["bytes"]


def main():
    args = arguments()
    torch.set_flush_denormal(True)  # decayed windows are full of them, and they are slow
    cuda = torch.cuda.is_available()
    if not cuda and "RANK" not in os.environ:
        sys.exit(spawn(args.processes or os.cpu_count() or 1))
    asked = False  # to end the sitting

    def end_sitting(*_):
        nonlocal asked
        asked = True

    signal.signal(signal.SIGTERM, end_sitting)
    signal.signal(signal.SIGINT, end_sitting)
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if world > 1:
        dist.init_process_group("gloo", rank=rank, world_size=world, timeout=FOREVER)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False
    device = torch.device("cuda" if cuda else "cpu")
    args.out.mkdir(parents=True, exist_ok=True)

    data = json.loads((args.data / "data.json").read_text())
    arrays = {name: np.load(args.data / f"{name}.npy", mmap_mode="r") for name in data["sources"]}
    heldout = {name: ids for name, ids in arrays.items() if name.startswith("heldout")}
    texts = Texts({name: ids for name, ids in arrays.items() if name not in heldout}, args)

    # What makes the run what it is; a run goes on only as it began.
    here = {"out", "fork", "data", "name", "stop_after", "stop_at", "processes", "checkpoint_minutes", "evaluate_every"}
    recipe = {k: v for k, v in vars(args).items() if k not in here} | {"world": world, "data": data["sources"]}
    checkpoint = args.out / "checkpoint.pt"
    begun = checkpoint if checkpoint.exists() else args.fork
    saved = torch.load(begun, map_location=device, weights_only=True) if begun else None
    if saved:
        changed = {k for k, v in recipe.items() if saved["recipe"].get(k) != v} - MAY_CHANGE - {"precision"}
        if changed:
            sys.exit(f"{begun} was trained with other {', '.join(sorted(changed))}: {saved['recipe']}")
        args.precision = saved["recipe"]["precision"]
    elif args.precision == "auto":
        choice = [faster_precision()]
        if world > 1:
            dist.broadcast_object_list(choice, 0)
        args.precision = choice[0]
    recipe["precision"] = args.precision
    dtype = getattr(torch, args.precision)
    mixed = args.precision == "bfloat16"
    precision = lambda: torch.autocast(device.type, dtype=torch.bfloat16, enabled=mixed)  # noqa: E731

    torch.manual_seed(args.seed)
    config = HyenaConfig(vocabulary=data["vocabulary"], width=args.width, layers=args.layers,
                         inner=args.inner or 4 * args.width, context=args.context, slowest=args.slowest,
                         balanced=True)
    model = HyenaLM(config).to(device)
    parameters = list(model.parameters())
    optims = optimizers(model, args, dtype)
    peaks = [[g["lr"] for g in o.param_groups] for o in optims]
    done = {"step": 0, "tokens": 0, "seconds": 0.0, "cpu_seconds": 0.0}  # seconds of steps and evaluations
    if saved:
        model.load_state_dict(saved["model"])
        for o, state in zip(optims, saved["optimizers"]):
            o.load_state_dict(state)
        done, texts.drawn = saved["done"], saved["drawn"]
        before = argparse.Namespace(**{**vars(args), **saved["recipe"]})
        last = done["step"] - 1
        if begun == checkpoint and learning_rate(last, args) != learning_rate(last, before):
            sys.exit(f"step {last} had another learning rate: --steps {before.steps} --decay-share {before.decay_share}")

    def save(path: Path):
        if rank == 0:
            state = {"model": model.state_dict(), "optimizers": [o.state_dict() for o in optims], "done": done,
                     "drawn": texts.drawn, "recipe": recipe}
            with open(path.with_suffix(".tmp"), "wb") as file:
                torch.save(state, file)
                file.flush()
                os.fsync(file.fileno())
            path.with_suffix(".tmp").replace(path)

    def evaluate() -> dict:
        return {name: round(bits_per_byte(model, ids, data["sources"][name], device, precision), 4)
                for name, ids in heldout.items()}

    train_loss = torch.compile(model.loss) if args.compile else model.loss
    log = open(args.out / "log.jsonl", "a") if rank == 0 else contextlib.nullcontext()
    # The decay can be run again, with other phases, from where it began.
    decay_starts = args.steps - max(1, round(args.steps * args.decay_share))
    sitting, unsaved, recent, losses, stop, cpu_mark = 0.0, 0.0, [], [], False, time.process_time()
    while done["step"] < min(args.steps, args.stop_at) and not stop:
        began = time.monotonic()
        step = done["step"]
        if step == decay_starts:
            save(args.out / "before-decay.pt")
        block = torch.from_numpy(texts.draw(step, world)).chunk(world)[rank].to(device)
        rate = learning_rate(step, args)
        for o, peak in zip(optims, peaks):
            for g, lr in zip(o.param_groups, peak):
                g["lr"] = lr * rate
        with precision():
            loss = train_loss(block[:, :-1], block[:, 1:])
        loss.backward()
        loss, stop = loss.item(), asked or (rank == 0 and sitting > args.stop_after * 60)
        cpu, cpu_mark = time.process_time() - cpu_mark, time.process_time()
        if world > 1:
            # With the gradients goes what all processes must agree on.
            grads = [p.grad for p in parameters]
            flat = torch.cat([*(g.reshape(-1) for g in grads), torch.tensor([loss, cpu, float(stop)])])
            dist.all_reduce(flat)
            *parts, extra = flat.split([*(g.numel() for g in grads), 3])
            for g, part in zip(grads, parts):
                torch.div(part.view_as(g), world, out=g)
            loss, cpu, stop = extra[0].item() / world, extra[1].item(), extra[2].item() > 0
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for o in optims:
            o.step()
        model.zero_grad(set_to_none=True)

        done["step"], done["tokens"] = step + 1, done["tokens"] + block.numel() * world - len(block) * world
        losses = (losses + [loss])[-100:]
        row = {"step": step + 1, "tokens": done["tokens"], "rate": round(rate, 4), "loss": loss}
        if (step + 1) % args.evaluate_every == 0 or step + 1 == args.steps:
            row["bits_per_byte"] = evaluate()
        # A paused machine must not count as training: no step counts for more than thrice the usual one.
        seconds = time.monotonic() - began
        recent = (recent + [seconds])[-50:]
        seconds = min(seconds, 3 * float(np.median(recent)) + (60 if "bits_per_byte" in row else 0))
        done["seconds"] += seconds
        done["cpu_seconds"] += cpu
        sitting, unsaved = sitting + seconds, unsaved + seconds
        if rank == 0 and (step < 100 or (step + 1) % 20 == 0 or "bits_per_byte" in row):
            row |= {"mean_loss": round(float(np.mean(losses)), 4), "hours": round(done["seconds"] / 3600, 4),
                    "cpu_hours": round(done["cpu_seconds"] / 3600, 4), "seconds_per_step": round(np.median(recent), 3)}
            print(json.dumps(row), flush=True)
            log.write(json.dumps(row) + "\n")
            log.flush()
        if unsaved > args.checkpoint_minutes * 60:
            unsaved = 0.0
            save(checkpoint)

    # A second SIGTERM, the parent's to a group's, must not cut off what is left to write.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    save(checkpoint)
    summary = {"steps": done["step"], "of": args.steps, "tokens": done["tokens"], "epochs": texts.epochs(),
               "hours": round(done["seconds"] / 3600, 2), "cpu_hours": round(done["cpu_seconds"] / 3600, 2),
               "processes": world, "device": torch.cuda.get_device_name() if cuda else "cpu",
               "bits_per_byte_at_2048": evaluate(), "parameters": sum(p.numel() for p in parameters),
               "recipe": {k: v for k, v in recipe.items() if k != "data"}}
    if rank == 0:
        print(json.dumps(summary), flush=True)
        # The checkpoint directory that `flashinf import` reads.
        write_checkpoint(model, args.out, args.name, args.data / "tokenizer.json", {"data": data, "training": summary})
    if world > 1:
        dist.barrier()
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
