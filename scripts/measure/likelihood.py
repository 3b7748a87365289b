"""The mean log-likelihood that PyTorch finds for a sequence: HyenaDNA's forward pass, its convolutions by FFT.

    python3 scripts/measure/likelihood.py CHECKPOINT.safetensors SEQUENCE.fa [--double]
"""

import argparse
import resource
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

SHIFT = 0.05
FIRST_LETTER = 7


@torch.no_grad()
def log_probabilities(sd, ids, dtype):
    def d(name):
        return sd["backbone." + name].to(dtype)

    def norm(x, name):
        return F.layer_norm(x, x.shape[-1:], d(name + ".weight"), d(name + ".bias"), 1e-5)

    def linear(x, name):
        return F.linear(x, d(name + ".weight"), d(name + ".bias"))

    x = d("embeddings.word_embeddings.weight")[ids]
    length = len(ids)
    for layer in range(1 + max(int(name.split(".")[2]) for name in sd if ".layers." in name)):
        at = f"layers.{layer}."
        fn = at + "mixer.filter_fn."
        u = linear(norm(x, at + "norm1"), at + "mixer.in_proj").T[None]
        weight = d(at + "mixer.short_filter.weight")
        u = F.conv1d(u, weight, d(at + "mixer.short_filter.bias"), padding=2, groups=u.shape[1])[0, :, :length]
        gate, other, value = u.chunk(3)
        h = d(fn + "pos_emb.z")[0, :length]
        for i in (0, 2, 4):
            h = torch.sin(d(fn + "implicit_filter.1.freq") * linear(h, f"{fn}implicit_filter.{i}"))
        h = h @ d(fn + "implicit_filter.6.weight").T
        h = h * (torch.exp(-d(fn + "pos_emb.t")[0, :length] * d(fn + "modulation.deltas")[0].abs()) + SHIFT)
        y = value * other
        n = 2 * length
        z = torch.fft.irfft(torch.fft.rfft(y, n) * torch.fft.rfft(h.T.contiguous(), n), n)[:, :length]
        z = z + y * d(fn + "bias")[:, None]
        x = x + linear((z * gate).T, at + "mixer.out_proj")
        inner = F.gelu(linear(norm(x, at + "norm2"), at + "mlp.fc1"), approximate="tanh")
        x = x + linear(inner, at + "mlp.fc2")
    logits = norm(x, "ln_f") @ sd["lm_head.weight"].to(dtype).T
    # Checkpoints pad their vocabulary, and what is padding counts: flashinf has these logits, too.
    return torch.log_softmax(logits.double(), -1)[:-1].gather(1, ids[1:, None])[:, 0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("sequence")
    parser.add_argument("--double", action="store_true")
    args = parser.parse_args()
    with open(args.sequence) as file:
        text = "".join(line.strip() for line in file if not line.startswith(">"))
    ids = torch.tensor([FIRST_LETTER + "ACGTN".index(base) for base in text])
    sd = load_file(args.checkpoint)
    began = time.time()
    found = log_probabilities(sd, ids, torch.float64 if args.double else torch.float32)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"mean {found.mean().item():.9f}, sum {found.sum().item():.6f}, {time.time() - began:.1f} s, {peak:.2f} GiB")


if __name__ == "__main__":
    main()
