"""A safari checkpoint of random weights with hyena-small's dimensions, to measure imports with.

    python3 scripts/measure/random_checkpoint.py OUT.safetensors      152 M parameters, 0.7 GB
"""

import math
import sys

import torch
from safetensors.torch import save_file

ROWS, WIDTH, LAYERS, INNER, CONTEXT, FEATURES, HIDDEN = 50264, 864, 18, 1728, 2048, 33, 64


def main():
    g = torch.Generator().manual_seed(1)

    def noise(*shape, scale=1.0):
        return scale * torch.randn(*shape, generator=g)

    def linear(name, outputs, inputs):
        return {f"{name}.weight": noise(outputs, inputs, scale=inputs**-0.5), f"{name}.bias": noise(outputs, scale=0.1)}

    def norm(name):
        return {f"{name}.weight": torch.ones(WIDTH), f"{name}.bias": torch.zeros(WIDTH)}

    i = torch.arange(CONTEXT, dtype=torch.float64)
    angle = (2 * math.pi * i / CONTEXT)[:, None] * torch.linspace(1e-4, 15, 16, dtype=torch.float64)
    t = i[:, None] / (CONTEXT - 1)
    z = torch.cat([t, torch.cos(angle), -torch.sin(angle)], dim=1).float()[None]
    tensors = {"backbone.embeddings.word_embeddings.weight": noise(ROWS, WIDTH, scale=0.1), **norm("backbone.ln_f")}
    for layer in range(LAYERS):
        name = f"backbone.layers.{layer}."
        fn = name + "mixer.filter_fn."
        mlp = fn + "implicit_filter."
        tensors |= norm(name + "norm1") | norm(name + "norm2")
        tensors |= linear(name + "mixer.in_proj", 3 * WIDTH, WIDTH) | linear(name + "mixer.out_proj", WIDTH, WIDTH)
        tensors |= linear(name + "mlp.fc1", INNER, WIDTH) | linear(name + "mlp.fc2", WIDTH, INNER)
        tensors |= linear(mlp + "0", HIDDEN, FEATURES) | linear(mlp + "2", HIDDEN, HIDDEN) | linear(mlp + "4", HIDDEN, HIDDEN)
        tensors |= {
            mlp + "1.freq": torch.full((1, HIDDEN), 14.0),
            mlp + "6.weight": noise(WIDTH, HIDDEN, scale=0.1),
            fn + "bias": noise(WIDTH),
            fn + "modulation.deltas": torch.linspace(math.log(0.01) / 1.5, math.log(0.01) / 0.3, WIDTH)[None, None],
            fn + "pos_emb.z": z.clone(),
            fn + "pos_emb.t": t.float()[None],
            name + "mixer.short_filter.weight": noise(3 * WIDTH, 1, 3, scale=0.5),
            name + "mixer.short_filter.bias": noise(3 * WIDTH, scale=0.1),
        }
    tensors["lm_head.weight"] = tensors["backbone.embeddings.word_embeddings.weight"].clone()
    save_file(tensors, sys.argv[1])


if __name__ == "__main__":
    main()
