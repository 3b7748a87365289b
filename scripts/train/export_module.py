"""Writes a checkpoint directory, which `flashinf import` reads, from a live HyenaLM (scripts/train/model.py).

    from export_module import write_checkpoint
    write_checkpoint(model, "runs/mine", tokenizer="tokenizer.json")

or, from a state that scripts/train/train.py saved while it ran and the configuration it ran with:

    python3 scripts/train/export_module.py runs/mine/checkpoint.pt config.json OUT [--tokenizer FILE] [--name NAME]

The directory holds model.safetensors (float32, safari's names, the shared frequencies once), config.json (the
model's configuration, its name and where it comes from) and, where there is one, tokenizer.json; without it the
model is taken to read bytes.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).parent))
from model import HyenaConfig, HyenaLM  # noqa: E402


def write_checkpoint(model: HyenaLM, out: Path | str, name: str | None = None,
                     tokenizer: Path | str | None = None, provenance: dict | None = None):
    """Folds the scale of training into the weights, in place, and writes the directory."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    if model.config.balanced:
        for block in model.backbone.layers:
            block.mixer.filter_fn.fold()
        model.config.balanced = False
    tensors = {k: v.detach().float().cpu().contiguous().clone() for k, v in model.state_dict().items()
               if ".3.freq" not in k and ".5.freq" not in k}
    save_file(tensors, out / "model.safetensors")
    config = {"model": model.config.to_dict(), "name": name or out.name, "provenance": provenance or {}}
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    if tokenizer is not None:
        shutil.copy(tokenizer, out / "tokenizer.json")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="a torch file with the state under 'model', or the state itself")
    parser.add_argument("config", type=Path, help="JSON: the fields of HyenaConfig, or a config.json with 'model'")
    parser.add_argument("out", type=Path)
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("--name")
    args = parser.parse_args()
    config = json.loads(args.config.read_text())
    model = HyenaLM(HyenaConfig(**config.get("model", config)))
    saved = torch.load(args.checkpoint, map_location="cpu", weights_only=True)
    model.load_state_dict(saved.get("model", saved))
    write_checkpoint(model, args.out, args.name, args.tokenizer, {"checkpoint": args.checkpoint.name})


if __name__ == "__main__":
    main()
