"""The same kind of model in PyTorch, token by token, its convolutions mixed as the Flash Inference paper compares them.

    python3 scripts/gpu/torch_peer.py --layers 18 --width 256 --inner 1024 --vocabulary 4096 --length 4096 [--lanes 1]
        [--device cuda] [--seconds 5]

lazy: a position's sums are computed when they are needed, from all inputs before it
eager: an input is added to all sums after it as soon as it is known
tiled: the paper's Algorithm 1, for all layers at once; small tiles directly, larger ones by FFT

All in float32, greedy, the model's step replayed as one CUDA graph where there is CUDA. Prints a line of JSON for each,
with the largest difference of its logits from lazy's over the first positions, relative to the largest of them.
"""

import argparse
import json
import time

import torch
import torch.nn.functional as F

# Sides up to this are computed directly.
DIRECT = 16
COMPARED = 64


class Model:
    """Hyena layers of order 2: norm, projection, short convolution, gates, long convolution, projection; norm, MLP."""

    def __init__(self, layers, width, inner, vocabulary, lanes, device):
        generator = torch.Generator(device).manual_seed(1)

        def noise(*shape, scale):
            return scale * torch.randn(*shape, generator=generator, device=device)

        self.layers, self.width = layers, width
        self.embeddings = noise(vocabulary, width, scale=0.3)
        self.inward = noise(layers, width, 3 * width, scale=width**-0.5)
        self.outward = noise(layers, width, width, scale=width**-0.5)
        self.first = noise(layers, width, inner, scale=width**-0.5)
        self.second = noise(layers, inner, width, scale=inner**-0.5)
        self.short = noise(layers, 3, 3 * width, scale=0.5)
        self.tap = noise(layers, width, scale=1.0)
        # What a step reads and writes lies where it always lies, as CUDA graphs want it.
        self.token = torch.zeros(lanes, dtype=torch.long, device=device)
        self.past = torch.zeros(layers, 2, lanes, 3 * width, device=device)
        self.pending = torch.zeros(layers, lanes, width, device=device)
        self.y = torch.zeros(layers, lanes, width, device=device)
        self.logits = torch.zeros(lanes, vocabulary, device=device)

    def step(self):
        """token, pending -> y, logits; past, token move on."""
        shape = (self.width,)
        x = self.embeddings[self.token]
        for m in range(self.layers):
            u = F.layer_norm(x, shape) @ self.inward[m]
            p = u * self.short[m, 2] + self.past[m, 1] * self.short[m, 1] + self.past[m, 0] * self.short[m, 0]
            self.past[m, 0] = self.past[m, 1]
            self.past[m, 1] = u
            gate, key, value = p.chunk(3, dim=-1)
            self.y[m] = key * value
            z = self.pending[m] + self.y[m] * self.tap[m]
            x = x + (gate * z) @ self.outward[m]
            x = x + F.gelu(F.layer_norm(x, shape) @ self.first[m], approximate="tanh") @ self.second[m]
        self.logits.copy_(F.layer_norm(x, shape) @ self.embeddings.T)
        self.token.copy_(self.logits.argmax(-1))

    def reset(self):
        for tensor in (self.token, self.past, self.pending, self.y):
            tensor.zero_()


def captured(model):
    """The step as a function, a CUDA graph where that works; and why it is none."""
    if model.token.device.type != "cuda":
        return model.step, "not on a GPU"
    try:
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                model.step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            model.step()
        return graph.replay, None
    except RuntimeError as error:
        torch.cuda.synchronize()
        return model.step, str(error).splitlines()[0]


class Mixing:
    """y, z: [layer, time, lane, width]; taps: [layer, time, width], tap 0 being the step's."""

    def __init__(self, taps, lanes, inverted):
        layers, self.length, width = taps.shape
        self.taps = taps
        self.inverted = inverted
        self.y = torch.zeros(layers, self.length, lanes, width, device=taps.device)
        self.z = torch.zeros_like(self.y)


class Lazy(Mixing):
    def pending(self, t):
        # The taps in the order of the inputs: the last input meets tap 1.
        return torch.einsum("mtbd,mtd->mbd", self.y[:, :t], self.inverted[:, self.length - 1 - t : self.length - 1])

    def push(self, t, y):
        self.y[:, t] = y


class Eager(Mixing):
    def pending(self, t):
        return self.z[:, t]

    def push(self, t, y):
        left = self.length - 1 - t
        if left > 0:
            self.z[:, t + 1 :].addcmul_(y[:, None], self.taps[:, 1 : left + 1, None])


class Tiled(Mixing):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.spectra, self.squares = {}, {}
        side = 1
        while side < self.length:
            if side <= DIRECT:
                # [layer, output, input, width]: output u of the tile takes input i by tap side + u - i.
                at = side + torch.arange(side)[:, None] - torch.arange(side)[None]
                self.squares[side] = self.taps[:, at.to(self.taps.device)]
            else:
                self.spectra[side] = torch.fft.rfft(self.taps[:, : 2 * side], dim=1)[:, :, None]
            side *= 2

    def pending(self, t):
        return self.z[:, t]

    def push(self, t, y):
        self.y[:, t] = y
        end = t + 1
        side = end & -end
        if end >= self.length:
            return
        inputs, outputs = self.y[:, end - side : end], self.z[:, end : end + side]
        if side <= DIRECT:
            outputs += torch.einsum("mibd,muid->mubd", inputs, self.squares[side])
        else:
            spectrum = torch.fft.rfft(inputs, n=2 * side, dim=1) * self.spectra[side]
            outputs += torch.fft.irfft(spectrum, n=2 * side, dim=1)[:, side:]


def run(model, step, mixing, seconds, wait):
    """Tokens until the length or the time is up: their number, seconds, and the logits of the first ones."""
    model.reset()
    first = []
    wait()
    began = time.perf_counter()
    for t in range(mixing.length):
        model.pending.copy_(mixing.pending(t))
        step()
        mixing.push(t, model.y)
        if t < COMPARED:
            first.append(model.logits.clone())
        # Waiting after each token would time the waiting.
        if t % 64 == 63:
            wait()
            if time.perf_counter() - began > seconds:
                break
    wait()
    return t + 1, time.perf_counter() - began, torch.stack(first)


def main():
    parser = argparse.ArgumentParser()
    for name in ("layers", "width", "inner", "vocabulary", "length"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--lanes", type=int, default=1)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=5)
    a = parser.parse_args()
    if a.device == "cpu":
        torch.set_num_threads(1)
    device = torch.device(a.device)
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    torch.backends.cuda.matmul.allow_tf32 = False
    with torch.inference_mode():
        model = Model(a.layers, a.width, a.inner, a.vocabulary, a.lanes, device)
        length = 1 << (a.length - 1).bit_length()
        decay = torch.exp(-torch.arange(length, device=device)[:, None] / torch.logspace(0.3, 3.3, a.width, device=device))
        taps = decay * torch.randn(a.layers, length, a.width, device=device) * 0.1
        inverted = taps.flip(1)
        step, why = captured(model)
        reference = None
        # The first of all runs is not like the others.
        run(model, step, Tiled(taps[:, : min(length, 256)], a.lanes, inverted), 1, wait)
        for name, kind in {"lazy": Lazy, "eager": Eager, "tiled": Tiled}.items():
            found = {"mixing": name, "graph": why is None, **({} if why is None else {"why": why})}
            try:
                tokens, seconds, logits = run(model, step, kind(taps, a.lanes, inverted), a.seconds, wait)
                reference = logits if reference is None else reference
                found |= {
                    "tokens": tokens * a.lanes,
                    "tokensPerSecond": tokens * a.lanes / seconds,
                    "usPerStep": 1e6 * seconds / tokens,
                    "difference": ((logits - reference).abs().max() / reference.abs().max()).item(),
                }
            except RuntimeError as error:
                found["error"] = str(error).splitlines()[0]
            print(json.dumps({"torch": torch.__version__, **found}), flush=True)


if __name__ == "__main__":
    main()
