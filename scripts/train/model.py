"""A Hyena language model (order 2) in plain PyTorch, with the parameter names of safari's checkpoints."""

import math
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class HyenaConfig:
    vocabulary: int
    width: int = 256  # d: channels
    layers: int = 5
    inner: int = 1024  # channels inside the MLP
    context: int = 131072  # Lmax: the longest filter
    features: int = 17  # E: features of a filter position
    filter_width: int = 64  # hidden channels of the filter's MLP
    frequency: float = 10.0  # initial frequency of the filter's sines
    shift: float = 0.0  # added to the window
    time: str = "log"  # positions enter the filter as 'linear' (Hyena) or 'log' time
    fastest: float = 2.0  # the window's shortest time constant, in positions
    slowest: float = 2048.0  # and its longest
    balanced: bool = False  # while training: see HyenaFilter.gain

    def to_dict(self):
        return asdict(self)


def positions(config: HyenaConfig, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Filter features `[length, features]` and times in [0, 1] `[length, 1]` of the first `length` lags.

    Linear time is Hyena's. Log time gives every octave of lags the same share of the features: neighbouring
    lags are told apart where they matter, and lags longer than any training sequence look like those before.
    """
    t = torch.arange(length, dtype=torch.float64)
    linear = t / (config.context - 1)
    if config.time == "log":
        s = torch.log1p(t) / math.log(config.context)
        phase = 2 * math.pi * s
    else:
        s = linear
        phase = 2 * math.pi * t / config.context
    bands = (config.features - 1) // 2
    f = torch.linspace(1e-4, bands - 1, bands, dtype=torch.float64)
    angle = phase[:, None] * f
    z = torch.cat([s[:, None], torch.cos(angle), -torch.sin(angle)], dim=1)
    return z.float(), linear[:, None].float()


class Sine(nn.Module):
    def __init__(self, channels: int, frequency: float):
        super().__init__()
        self.freq = nn.Parameter(frequency * torch.ones(1, channels))

    def forward(self, x):
        return torch.sin(self.freq * x)


class Window(nn.Module):
    """Decaying windows exp(-t |delta|), their time constants spread evenly in log time."""

    def __init__(self, config: HyenaConfig):
        super().__init__()
        self.shift = config.shift
        spread = torch.linspace(math.log(config.fastest), math.log(config.slowest), config.width, dtype=torch.float64)
        self.register_buffer("deltas", ((config.context - 1) / torch.exp(spread)).float().view(1, 1, -1))

    def forward(self, t, taps):
        return taps * (torch.exp(-t * self.deltas[0].abs()) + self.shift)


class HyenaFilter(nn.Module):
    """The implicit filter: taps `[time, channel]` as a function of the lag."""

    def __init__(self, config: HyenaConfig):
        super().__init__()
        self.bias = nn.Parameter(torch.randn(config.width))
        sine = Sine(config.filter_width, config.frequency)
        h = config.filter_width
        self.implicit_filter = nn.Sequential(
            nn.Linear(config.features, h), sine, nn.Linear(h, h), sine, nn.Linear(h, h), sine,
            nn.Linear(h, config.width, bias=False),
        )
        self.modulation = Window(config)
        # A slow window sums over hundreds of times more lags than a fast one. While training, its taps are
        # scaled down by the square root of their number, so that all channels start, and learn, alike.
        # `fold` moves the scale into the last layer's weights: a finished model knows nothing of it.
        decay = 2 * self.modulation.deltas[0, 0] / (config.context - 1)
        gain = torch.sqrt(1 - torch.exp(-decay)) if config.balanced else None
        self.register_buffer("gain", gain, persistent=False)

    def forward(self, z, t):
        taps = self.modulation(t, self.implicit_filter(z))
        return taps if self.gain is None else taps * self.gain

    @torch.no_grad()
    def fold(self):
        self.implicit_filter[6].weight.mul_(self.gain[:, None])
        self.gain = None


class CausalConvolution(torch.autograd.Function):
    """`z[t] = sum over i <= t of y[i] taps[t - i]`; y `[batch, channel, time]`, taps `[channel, time]`.

    The gradients are correlations: `dy[i] = sum over t of g[t] taps[t - i]`, and `dtaps` likewise with y. Autograd
    would take them by complex transforms of twice the work.
    """

    @staticmethod
    def forward(ctx, y, taps):
        length = y.shape[-1]
        ys, ks = (torch.fft.rfft(x.float(), n=2 * length) for x in (y, taps))
        ctx.save_for_backward(ys, ks)
        return torch.fft.irfft(ys * ks, n=2 * length)[..., :length]

    @staticmethod
    def backward(ctx, g):
        ys, ks = ctx.saved_tensors
        length = g.shape[-1]
        gs = torch.fft.rfft(g.float(), n=2 * length)
        dy, dtaps = (torch.fft.irfft(s, n=2 * length)[..., :length] for s in (gs * ks.conj(), (gs * ys.conj()).sum(0)))
        return dy, dtaps


causal_convolution = CausalConvolution.apply


class ShortConvolution(torch.autograd.Function):
    """A depthwise causal convolution of three taps; x `[batch, time, channel]`, taps `[channel, 3]`.

    As three shifted products it is far faster than Conv1d on a CPU, and written by hand faster than autograd's.
    """

    @staticmethod
    def forward(ctx, x, taps, bias):
        ctx.save_for_backward(x, taps)
        y = torch.addcmul(bias, x, taps[:, 2])
        y[:, 1:].addcmul_(x[:, :-1], taps[:, 1])
        y[:, 2:].addcmul_(x[:, :-2], taps[:, 0])
        return y

    @staticmethod
    def backward(ctx, g):
        x, taps = ctx.saved_tensors
        dx = g * taps[:, 2]
        dx[:, :-1].addcmul_(g[:, 1:], taps[:, 1])
        dx[:, :-2].addcmul_(g[:, 2:], taps[:, 0])
        lags = [(g[:, k:] * x[:, : x.shape[1] - k]).sum((0, 1)) for k in (2, 1, 0)]
        return dx, torch.stack(lags, 1), g.sum((0, 1))


class HyenaOperator(nn.Module):
    def __init__(self, config: HyenaConfig):
        super().__init__()
        d = config.width
        self.in_proj = nn.Linear(d, 3 * d)
        self.out_proj = nn.Linear(d, d)
        self.short_filter = nn.Conv1d(3 * d, 3 * d, 3, groups=3 * d, padding=2)
        self.filter_fn = HyenaFilter(config)

    def forward(self, u, z, t):
        p = self.in_proj(u)
        short = self.short_filter
        c = ShortConvolution.apply(p, short.weight[:, 0, :].to(p.dtype), short.bias.to(p.dtype))
        x0, x1, v = c.split(u.shape[-1], dim=-1)
        y = v * x1
        taps = self.filter_fn(z, t)
        mixed = causal_convolution(y.transpose(1, 2), taps.t()).transpose(1, 2) + self.filter_fn.bias * y
        return self.out_proj(mixed.to(x0.dtype) * x0)


class Mlp(nn.Module):
    def __init__(self, config: HyenaConfig):
        super().__init__()
        self.fc1 = nn.Linear(config.width, config.inner)
        self.fc2 = nn.Linear(config.inner, config.width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, config: HyenaConfig):
        super().__init__()
        self.norm1 = nn.LayerNorm(config.width)
        self.mixer = HyenaOperator(config)
        self.norm2 = nn.LayerNorm(config.width)
        self.mlp = Mlp(config)

    def forward(self, x, z, t):
        x = x + self.mixer(self.norm1(x), z, t)
        return x + self.mlp(self.norm2(x))


class Backbone(nn.Module):
    def __init__(self, config: HyenaConfig):
        super().__init__()
        self.embeddings = nn.ModuleDict({"word_embeddings": nn.Embedding(config.vocabulary, config.width)})
        self.layers = nn.ModuleList([Block(config) for _ in range(config.layers)])
        self.ln_f = nn.LayerNorm(config.width)


class TiedLoss(torch.autograd.Function):
    """Mean cross-entropy of `x @ weight.T`, a few rows at a time: the logits stay in the cache, and are not kept."""

    @staticmethod
    def forward(ctx, x, weight, target, rows: int = 512):
        total, dx, dweight = 0.0, torch.empty_like(x), torch.zeros_like(weight)
        for x_part, dx_part, t in zip(x.split(rows), dx.split(rows), target[:, None].split(rows)):
            logits = x_part @ weight.t()
            norm = logits.logsumexp(1, keepdim=True)
            total = total + (norm - logits.gather(1, t)).sum()
            if ctx.needs_input_grad[0]:
                g = logits.sub_(norm).exp_()
                g.scatter_add_(1, t, torch.full_like(norm, -1.0))
                torch.mm(g, weight, out=dx_part)
                dweight.addmm_(g.t(), x_part)
        ctx.save_for_backward(dx, dweight)
        return total / len(x)

    @staticmethod
    def backward(ctx, g):
        dx, dweight = ctx.saved_tensors
        g = g / len(dx)
        return dx * g, dweight * g, None, None


class HyenaLM(nn.Module):
    """ids `[batch, time]` -> logits `[batch, time, vocabulary]`; the head is tied to the embeddings."""

    def __init__(self, config: HyenaConfig):
        super().__init__()
        self.config = config
        self.backbone = Backbone(config)
        self.cache = {}
        for name, p in self.named_parameters():
            if name.endswith("word_embeddings.weight"):
                nn.init.normal_(p, std=0.02)
            elif p.dim() == 2 and "filter_fn" not in name:
                nn.init.normal_(p, std=config.width**-0.5 * 0.5)
            if name.endswith(("out_proj.weight", "fc2.weight")):
                nn.init.zeros_(p)

    def positions(self, length: int, device):
        if (length, device) not in self.cache:
            z, t = positions(self.config, length)
            self.cache[length, device] = (z.to(device), t.to(device))
        return self.cache[length, device]

    def hidden(self, ids: torch.Tensor) -> torch.Tensor:
        z, t = self.positions(ids.shape[1], ids.device)
        x = self.backbone.embeddings["word_embeddings"](ids)
        for block in self.backbone.layers:
            x = block(x, z, t)
        return self.backbone.ln_f(x)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return F.linear(self.hidden(ids), self.backbone.embeddings["word_embeddings"].weight)

    def loss(self, ids: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Mean cross-entropy, in nats."""
        x, weight = self.hidden(ids).flatten(0, 1), self.backbone.embeddings["word_embeddings"].weight
        if x.device.type == "cpu" and not torch.is_autocast_enabled("cpu"):
            return TiedLoss.apply(x, weight, target.flatten())
        return F.cross_entropy(F.linear(x, weight).float(), target.flatten())
