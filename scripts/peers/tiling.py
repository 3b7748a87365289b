"""The binary tiling of Flash Inference (Algorithm 1) in PyTorch on the CPU, one thread.

    python3 tiling.py DIRECTORY WIDTH LENGTH

A call into PyTorch costs as much as some thousand multiply-adds, so positions are computed in blocks of which each
takes a single call: a new input is added to all that is left of its block. Tiles of a block and more are cyclic
convolutions of twice the side on series, [channel, time], with the filter's spectra ready beforehand. Inputs that are
not known yet are zero, so a transform reads its inputs and their padding where they lie. Large tiles are computed some
channels at a time, as many as measured fastest, so that they stay in cache.
"""

import json
import sys
import time
from pathlib import Path

import numpy
import torch

# Positions computed directly, to be measured.
BLOCKS = (16, 32, 64, 128)


class Tiling:
    def __init__(self, taps: torch.Tensor, block: int, chunks: dict[int, int] | None = None):
        """taps: [time, channel], a power of two of them; chunks: channels at a time, by side, measured if not given."""
        self.length, self.width = taps.shape
        self.block = block
        # Rows a bit apart, so that equal times of neighbours fall into different cache sets.
        self.y, self.z = (torch.zeros(self.width, self.length + 48) for _ in range(2))
        self.rows = torch.zeros(block, self.width)
        self.row = self.rows.unbind(0)
        self.left = [self.rows[j + 1:] for j in range(block)]
        self.taps = [taps[1:block - j].clone() for j in range(block)]
        self.inputs: list[torch.Tensor] = []
        self.position = 0
        self.spectra = {}
        side = block
        while side < self.length:
            self.spectra[side] = torch.fft.rfft(taps[:2 * side].t().contiguous())
            side *= 2
        self.chunks = chunks or {side: self.fastest(side) for side in self.spectra}

    def pending(self) -> torch.Tensor:
        """The sums over the strict past of the current position, [channel]: a view."""
        return self.row[self.position % self.block]

    def push(self, y: torch.Tensor):
        """Takes the current position's inputs, [channel], which stay as they are until the block is full."""
        j = self.position % self.block
        self.inputs.append(y)
        self.position += 1
        if j + 1 < self.block:
            self.left[j].addcmul_(y, self.taps[j])
        else:
            self.finish_block()

    def finish_block(self):
        t, block = self.position, self.block
        self.y[:, t - block:t].copy_(torch.stack(self.inputs, dim=1))
        self.inputs.clear()
        if t < self.length:
            side = t & -t
            self.tile(side, self.chunks[side])
            self.rows.copy_(self.z[:, t:t + block].t())

    def tile(self, side: int, chunk: int):
        t = self.position
        inputs, outputs, spectra = self.y[:, t - side:t + side], self.z[:, t:t + side], self.spectra[side]
        for c in range(0, self.width, chunk):
            spectrum = torch.fft.rfft(inputs[c:c + chunk]).mul_(spectra[c:c + chunk])
            outputs[c:c + chunk] += torch.fft.irfft(spectrum)[:, side:]

    def fastest(self, side: int) -> int:
        times = {}
        self.position = side
        chunk = self.width
        while chunk >= 1:
            if chunk * side >= 1024:
                times[chunk] = min(self.time_tile(side, chunk) for _ in range(3))
            chunk //= 2
        self.position = 0
        return min(times, key=times.get)

    def time_tile(self, side: int, chunk: int) -> float:
        begin = time.perf_counter()
        for _ in range(max(1, 1024 // side)):
            self.tile(side, chunk)
        return time.perf_counter() - begin


def run(mixer: Tiling, inputs: tuple[torch.Tensor, ...], out: torch.Tensor) -> float:
    """Seconds that all positions take; the sums go to out, [time, channel]."""
    rows = out.unbind(0)
    begin = time.perf_counter()
    for y, row in zip(inputs, rows):
        row.copy_(mixer.pending())
        mixer.push(y)
    return time.perf_counter() - begin


@torch.inference_mode()
def main():
    torch.set_num_threads(1)
    directory, width, length = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    taps, inputs = (torch.from_numpy(numpy.fromfile(directory / f"{name}.f32", numpy.float32)).view(length, width)
                    for name in ("filter", "inputs"))
    rows = inputs.unbind(0)
    out = torch.zeros(length, width)
    kept = directory / "pytorch.tuned"
    if not kept.exists():
        tried = []
        for block in BLOCKS:
            mixer = Tiling(taps, block)
            tried.append((run(mixer, rows, out), block, mixer.chunks))
        _, block, chunks = min(tried, key=lambda t: t[0])
        kept.write_text(json.dumps([block, chunks]))
    block, chunks = json.loads(kept.read_text())
    seconds = run(Tiling(taps, block, {int(side): chunk for side, chunk in chunks.items()}), rows, out)
    out.numpy().tofile(directory / "pytorch.f32")
    print(json.dumps({"seconds": seconds, "settings": f"block {block}"}))


if __name__ == "__main__":
    main()
