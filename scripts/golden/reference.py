"""Reference data for the tests: what PyTorch computes, for the TypeScript to be held against.

    python3 scripts/golden/reference.py                      tiny random models, to test/golden/
    python3 scripts/golden/reference.py --checkpoint DIR --tokens SEED|FILE.json --out FILE.safetensors

Logits are computed in float32, as the model runs, and in float64, which tells rounding from mistakes.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

sys.path.insert(0, str(Path(__file__).parent.parent / "train"))
import model as hyena  # noqa: E402

ROOT = Path(__file__).parent.parent.parent


def convolution_in_own_precision(y, taps):
    """`hyena.causal_convolution` without its rounding to float32."""
    n = 2 * y.shape[-1]
    return torch.fft.irfft(torch.fft.rfft(y, n=n) * torch.fft.rfft(taps, n=n), n=n)[..., : y.shape[-1]]


class InFloat64:
    """While active, a model converted by `double()` computes in float64 throughout.

    The filter's features stay the float32 numbers they are by definition.
    """

    def __enter__(self):
        self.saved = hyena.causal_convolution, hyena.positions
        hyena.causal_convolution = convolution_in_own_precision
        hyena.positions = lambda config, length: tuple(x.double() for x in self.saved[1](config, length))

    def __exit__(self, *_):
        hyena.causal_convolution, hyena.positions = self.saved


@torch.no_grad()
def logits(model, ids, precise=False):
    """`[time, vocabulary]`; leaves the model in the precision asked for."""
    model.cache.clear()
    if not precise:
        return model.float()(ids[None])[0]
    with InFloat64():
        return model.double()(ids[None])[0]


@torch.no_grad()
def filters(model, length):
    """All filters, the skip weight folded into tap 0, in float32: `[layer, time, channel]`."""
    z, t = hyena.positions(model.config, length)
    out = []
    for block in model.float().backbone.layers:
        filter_fn = block.mixer.filter_fn
        taps = filter_fn(z, t)
        taps[0] += filter_fn.bias
        out.append(taps)
    return torch.stack(out)


def stored(model):
    """The state as the training script stores it: shared frequencies once."""
    return {k: v.detach().float().contiguous().clone() for k, v in model.state_dict().items()
            if ".3.freq" not in k and ".5.freq" not in k}


@torch.no_grad()
def randomise(model, generator):
    """Weights of the scale of a trained model, none of them zero, so that every term counts."""
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape, generator=generator)
        if name.endswith("freq"):
            p.copy_(4 + noise)
        elif "norm" in name or "ln_f" in name:
            p.copy_((1 if name.endswith("weight") else 0) + 0.2 * noise)
        elif "word_embeddings" in name:
            p.copy_(0.5 * noise)
        elif "short_filter" in name or name.endswith("filter_fn.bias"):
            p.copy_(0.5 * noise)
        elif name.endswith("bias"):
            p.copy_(0.1 * noise)
        else:
            p.copy_(noise / p.shape[-1] ** 0.5)


def tiny(out: Path):
    """Random models of both kinds of time, on the same weights and tokens."""
    generator = torch.Generator().manual_seed(1)
    for time in ("log", "linear"):
        config = hyena.HyenaConfig(vocabulary=40, width=32, layers=2, inner=48, context=4096, features=9,
                                   filter_width=16, frequency=4.0, shift=0.05, time=time, fastest=2.0, slowest=512.0)
        if time == "log":
            model = hyena.HyenaLM(config)
            randomise(model, generator)
            ids = torch.randint(config.vocabulary, (300,), generator=generator)
            weights = stored(model)
            checkpoint = out / "tiny"
            checkpoint.mkdir(parents=True, exist_ok=True)
            save_file(weights, checkpoint / "model.safetensors")
            about = {"model": config.to_dict(), "name": "tiny", "provenance": {"weights": "random"}}
            (checkpoint / "config.json").write_text(json.dumps(about, indent=2) + "\n")
        else:
            model = hyena.HyenaLM(config)
            model.load_state_dict(weights, strict=False)
        rows = torch.arange(0, len(ids), 4)
        save_file({
            "ids": ids,
            "logits": logits(model, ids),
            "rows": rows,
            "logits64": logits(model, ids, precise=True)[rows].contiguous(),
            "taps": filters(model, 64),
        }, out / f"tiny-{time}.safetensors")


def shipped(checkpoint: Path, tokens: str, out: Path, count=256, rows=32):
    """Logits of a trained checkpoint for a few rows of a few hundred tokens."""
    config = json.loads((checkpoint / "config.json").read_text())["model"]
    model = hyena.HyenaLM(hyena.HyenaConfig(**config))
    missing, extra = model.load_state_dict(load_file(checkpoint / "model.safetensors"), strict=False)
    assert not extra and all(name.endswith((".3.freq", ".5.freq")) for name in missing), (missing, extra)
    if tokens.isdigit():
        generator = torch.Generator().manual_seed(int(tokens))
        ids = torch.randint(config["vocabulary"], (count,), generator=generator)
    else:
        ids = torch.tensor(json.loads(Path(tokens).read_text())[:count])
    chosen = torch.linspace(0, len(ids) - 1, rows).round().long()
    # As many rows as fit 600 kB, always the first and the last.
    while len(chosen) * config["vocabulary"] * 4 > 600_000 and len(chosen) > 2:
        chosen = torch.linspace(0, len(ids) - 1, len(chosen) - 1).round().long()
    values = logits(model, ids)
    precise = logits(model, ids, precise=True)
    error = ((values - precise).norm() / precise.norm()).item()
    print(f"PyTorch float32 against float64: relative L2 {error:.2e}; {len(chosen)} rows")
    digest = hashlib.sha256((checkpoint / "model.safetensors").read_bytes()).hexdigest()
    save_file({"ids": ids, "rows": chosen, "logits": values[chosen].contiguous()}, out,
              metadata={"checkpoint": digest})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--tokens", default="1", help="a seed, or a JSON list of ids")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if args.checkpoint is None:
        tiny(args.out or ROOT / "test" / "golden")
    else:
        shipped(args.checkpoint, args.tokens, args.out or ROOT / "test" / "golden" / "shipped.safetensors")


if __name__ == "__main__":
    main()
