"""A HyenaDNA checkpoint of random weights, a language model over the letters of DNA, of any of the published sizes.

    python3 scripts/measure/random_hyenadna.py OUT.safetensors --width 256 --layers 4 --context 32770

Its numbers are of the scale of trained ones: what it says of a sequence means nothing, what it takes to say it does.
"""

import argparse
import math

import torch
from safetensors.torch import save_file

LETTERS, FEATURES, HIDDEN = 16, 5, 64
# Of the letters, A, C, G and T.
BASES = slice(7, 11)


def tensors(width, layers, context, seed):
    g = torch.Generator().manual_seed(seed)

    def noise(*shape, scale=1.0):
        return scale * torch.randn(*shape, generator=g)

    def linear(name, outputs, inputs):
        return {f"{name}.weight": noise(outputs, inputs, scale=inputs**-0.5), f"{name}.bias": noise(outputs, scale=0.1)}

    def norm(name):
        return {f"{name}.weight": torch.ones(width), f"{name}.bias": torch.zeros(width)}

    i = torch.arange(context, dtype=torch.float64)
    angle = (2 * math.pi * i / context)[:, None] * torch.linspace(1e-4, 1, 2, dtype=torch.float64)
    t = i[:, None] / (context - 1)
    z = torch.cat([t, torch.cos(angle), -torch.sin(angle)], dim=1).float()[None]
    # All others are as likely as the bases are on average, so that one of these is the likeliest: texts are DNA.
    letters = noise(LETTERS, width, scale=0.1)
    bases = letters[BASES].clone()
    letters[:] = bases.mean(0)
    letters[BASES] = bases
    out = {"backbone.embeddings.word_embeddings.weight": letters, **norm("backbone.ln_f")}
    for layer in range(layers):
        name = f"backbone.layers.{layer}."
        fn = name + "mixer.filter_fn."
        mlp = fn + "implicit_filter."
        out |= norm(name + "norm1") | norm(name + "norm2")
        out |= linear(name + "mixer.in_proj", 3 * width, width) | linear(name + "mixer.out_proj", width, width)
        out |= linear(name + "mlp.fc1", 4 * width, width) | linear(name + "mlp.fc2", width, 4 * width)
        out |= linear(mlp + "0", HIDDEN, FEATURES) | linear(mlp + "2", HIDDEN, HIDDEN) | linear(mlp + "4", HIDDEN, HIDDEN)
        out |= {
            mlp + "1.freq": torch.full((1, HIDDEN), 10.0),
            mlp + "6.weight": noise(width, HIDDEN, scale=0.02),
            fn + "bias": noise(width),
            fn + "modulation.deltas": torch.linspace(math.log(0.01) / 1.5, math.log(0.01) / 0.3, width)[None, None],
            fn + "pos_emb.z": z.clone(),
            fn + "pos_emb.t": t.float()[None],
            name + "mixer.short_filter.weight": noise(3 * width, 1, 3, scale=0.5),
            name + "mixer.short_filter.bias": noise(3 * width, scale=0.1),
        }
    out["lm_head.weight"] = out["backbone.embeddings.word_embeddings.weight"].clone()
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--context", type=int, default=32770)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stem", default="", help="what all names but the head's begin with, as other programs want it")
    args = parser.parse_args()
    named = tensors(args.width, args.layers, args.context, args.seed)
    save_file({(args.stem if name.startswith("backbone.") else "") + name: t for name, t in named.items()}, args.out)


if __name__ == "__main__":
    main()
