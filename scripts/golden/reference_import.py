"""Reference data for importing: tiny random Hyena checkpoints and what a plain PyTorch forward pass gives.

    python3 scripts/golden/reference_import.py      writes test/golden/import/NAME.safetensors

The forward pass below is written from the equations, not taken from any of the programs whose checkpoints
are imported, and covers what scripts/train/model.py does not: any order, both layouts of the filters' channels,
stored positions, no window, a head of its own, and the settings that few models have. It computes in float32, like those programs; the float64 values
beside tell rounding from mistakes. Each file holds the weights under the names of the program it stands for,
and under `reference.` the ids `[time]`, logits `[time, vocabulary]` and last hidden states `[time, channel]`.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

OUT = Path(__file__).parent.parent.parent / "test" / "golden" / "import"


@dataclass
class Model:
    name: str
    stem: str
    order: int = 2
    layout: str = "stacked"  # filters' channels above order 2: 'stacked' (o d) or 'interleaved' (d o)
    shift: float = 0.0
    modulate: bool = True
    normalized: bool = False  # filters divided by their L1 norm over the channels
    skip: bool = True  # whether convolutions add `bias * y`
    activation: str | None = None  # before the output's projection, a name in torch.nn.functional
    positions: str = "stored"  # 'stored', 'trained' or 'missing'
    tied: bool = True
    head: str | None = None  # the head's name, if it is stored
    wrapped: bool = False  # names of activation checkpointing
    rows: int = 24  # V: outputs, padding included
    width: int = 8  # D
    layers: int = 2
    inner: int = 12
    context: int = 48  # Lmax
    features: int = 5
    hidden: int = 8


MODELS = [
    Model("huggingface", "hyena.backbone.", shift=0.05, rows=16, head="lm_head.weight"),
    Model("standalone", "backbone.", shift=0.05, rows=16),
    Model("lightning", "model.backbone.", head="model.lm_head.weight", wrapped=True),
    Model("safari", "backbone.", tied=False, head="lm_head.weight", features=9),
    Model("safari-plain", "backbone.", modulate=False, positions="missing"),
    Model("trained", "backbone.", positions="trained"),
    Model("order3-interleaved", "model.backbone.", order=3, layout="interleaved"),
    Model("order3-stacked", "hyena.backbone.", order=3, layout="stacked", shift=0.05, rows=16),
    Model("order4", "backbone.", order=4, layout="interleaved", positions="trained", wrapped=True),
    Model("normalized", "backbone.", normalized=True),
    Model("no-skip", "backbone.", skip=False),
    Model("activation", "backbone.", activation="gelu"),
]


def positions(m: Model):
    """z `[1, Lmax, E]` and t `[1, Lmax, 1]`, computed in float64 and rounded once."""
    i = torch.arange(m.context, dtype=torch.float64)
    t = i / (m.context - 1)
    bands = (m.features - 1) // 2
    f = torch.linspace(1e-4, bands - 1, bands, dtype=torch.float64)
    angle = (2 * math.pi * i / m.context)[:, None] * f
    z = torch.cat([t[:, None], torch.cos(angle), -torch.sin(angle)], dim=1)
    return z.float()[None], t.float()[None, :, None]


def make(m: Model, g: torch.Generator) -> dict[str, torch.Tensor]:
    """Random weights of the scale of trained ones, none zero, under the names of HyenaDNA without a stem."""
    d, channels = m.width, (m.order - 1) * m.width

    def noise(*shape, scale=1.0):
        return scale * torch.randn(*shape, generator=g)

    def linear(name, outputs, inputs):
        return {f"{name}.weight": noise(outputs, inputs, scale=inputs**-0.5), f"{name}.bias": noise(outputs, scale=0.1)}

    def norm(name):
        return {f"{name}.weight": 1 + noise(d, scale=0.2), f"{name}.bias": noise(d, scale=0.2)}

    w = {"embeddings.word_embeddings.weight": noise(m.rows, d, scale=0.5), **norm("ln_f")}
    z, t = positions(m)
    for i in range(m.layers):
        layer = f"layers.{i}."
        mixer = layer + ("mixer.layer." if m.wrapped else "mixer.")
        mlp = layer + ("mlp.layer." if m.wrapped else "mlp.")
        fn = mixer + "filter_fn."
        w |= norm(layer + "norm1") | norm(layer + "norm2")
        w |= linear(mixer + "in_proj", (m.order + 1) * d, d) | linear(mixer + "out_proj", d, d)
        w |= linear(mlp + "fc1", m.inner, d) | linear(mlp + "fc2", d, m.inner)
        w |= {mixer + "short_filter.weight": noise((m.order + 1) * d, 1, 3, scale=0.5),
              mixer + "short_filter.bias": noise((m.order + 1) * d, scale=0.1)}
        w |= linear(fn + "implicit_filter.0", m.hidden, m.features)
        w |= linear(fn + "implicit_filter.2", m.hidden, m.hidden) | linear(fn + "implicit_filter.4", m.hidden, m.hidden)
        w[fn + "implicit_filter.6.weight"] = noise(channels, m.hidden, scale=0.3)
        w[fn + "implicit_filter.1.freq"] = 2 + noise(1, m.hidden, scale=0.3)
        w[fn + "bias"] = noise(channels, scale=0.5)
        w[fn + "modulation.deltas"] = -torch.linspace(3, 15, channels).roll(i)[None, None]
        if m.positions != "missing":
            trained = 0.05 if m.positions == "trained" else 0
            w[fn + "pos_emb.z"] = z + noise(*z.shape, scale=trained)
            w[fn + "pos_emb.t"] = t + (noise(*t.shape, scale=trained).abs() if trained else 0)
    return w


def hyena(m: Model, w, prefix: str, u: torch.Tensor) -> torch.Tensor:
    """The operator on u `[time, channel]`."""
    length, d = u.shape
    fn = prefix + "filter_fn."
    p = F.linear(u, w[prefix + "in_proj.weight"], w[prefix + "in_proj.bias"])
    taps = w[prefix + "short_filter.weight"][:, 0]
    padded = F.pad(p, (0, 0, 2, 0))
    c = sum(padded[j : j + length] * taps[:, j] for j in range(3)) + w[prefix + "short_filter.bias"]
    *x, v = c.split(d, dim=-1)

    z, t = (w.get(fn + f"pos_emb.{k}", c)[0].to(u.dtype) for k, c in zip("zt", positions(m)))
    h = z[:length]
    for k in (0, 2, 4):
        linear = F.linear(h, w[fn + f"implicit_filter.{k}.weight"], w[fn + f"implicit_filter.{k}.bias"])
        h = torch.sin(w[fn + "implicit_filter.1.freq"] * linear)
    k = h @ w[fn + "implicit_filter.6.weight"].T
    if m.modulate:
        k = k * (torch.exp(-t[:length] * w[fn + "modulation.deltas"][0].abs()) + m.shift)
    if m.normalized:
        k = k / k.abs().sum(-1, keepdim=True)
    bias = w[fn + "bias"] * m.skip
    convolutions = m.order - 1
    if m.layout == "interleaved":
        k, bias = k.view(length, d, convolutions).transpose(1, 2), bias.view(d, convolutions).T
    else:
        k, bias = k.view(length, convolutions, d), bias.view(convolutions, d)

    for o, gate in enumerate(reversed(x[1:])):
        y = v * gate
        # The definition: z[t] = sum over i <= t of y[i] k[t - i].
        v = torch.stack([(y[: i + 1] * k[: i + 1, o].flip(0)).sum(0) for i in range(length)]) + bias[o] * y
    out = getattr(F, m.activation)(v * x[0]) if m.activation else v * x[0]
    return F.linear(out, w[prefix + "out_proj.weight"], w[prefix + "out_proj.bias"])


def forward(m: Model, w, head, ids):
    """Last hidden states and logits."""

    def norm(x, name):
        return F.layer_norm(x, (m.width,), w[name + ".weight"], w[name + ".bias"], 1e-5)

    inside = "layer." if m.wrapped else ""
    x = w["embeddings.word_embeddings.weight"][ids]
    for i in range(m.layers):
        layer = f"layers.{i}."
        x = x + hyena(m, w, f"{layer}mixer.{inside}", norm(x, layer + "norm1"))
        fc1, fc2 = (f"{layer}mlp.{inside}{name}" for name in ("fc1", "fc2"))
        h = F.gelu(F.linear(norm(x, layer + "norm2"), w[fc1 + ".weight"], w[fc1 + ".bias"]), approximate="tanh")
        x = x + F.linear(h, w[fc2 + ".weight"], w[fc2 + ".bias"])
    hidden = norm(x, "ln_f")
    return hidden, hidden @ head.T


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for number, m in enumerate(MODELS):
        g = torch.Generator().manual_seed(number)
        w = make(m, g)
        embeddings = w["embeddings.word_embeddings.weight"]
        head = embeddings if m.tied else 0.5 * torch.randn(m.rows, m.width, generator=g)
        ids = torch.randint(m.rows, (m.context,), generator=g)
        with torch.no_grad():
            hidden, logits = forward(m, w, head, ids)
            exact = {k: v.double() for k, v in w.items()}
            hidden64, logits64 = forward(m, exact, head.double(), ids)
        error = ((logits - logits64).norm() / logits64.norm()).item()
        print(f"{m.name}: float32 against float64: {error:.1e}")
        tensors = {m.stem + k: v for k, v in w.items()} | ({m.head: head.clone()} if m.head else {})
        tensors |= {"reference.ids": ids, "reference.logits": logits, "reference.hidden": hidden}
        save_file({k: v.contiguous() for k, v in tensors.items()}, OUT / f"{m.name}.safetensors")


if __name__ == "__main__":
    main()
