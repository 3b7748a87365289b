"""Turns collections of books into what train.py reads: a tokenizer, token arrays, and the held-out text.

    python scripts/train/prepare.py --out runs/data --vocabulary 4096 COLLECTION.txt.xz ...

A collection is one text file (xz or plain) of books end to end, with a manifest beside it
(`COLLECTION.manifest.tsv`: bytes, year, book), in the same order. Held-out books go to `heldout.txt`
and nowhere else: neither the model nor the tokenizer ever sees them.
"""

import argparse
import csv
import json
import lzma
from pathlib import Path

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

HELD_OUT = ["The Wind in the Willows", "Black Beauty", "The Railway Children"]
END_OF_TEXT = "<|endoftext|>"
# GPT-2's word pattern, but line breaks stay together: "\n\n", the end of a paragraph, can be one token.
WORDS = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\n+|[^\S\n]+(?!\S)|[^\S\n]+"


def read_books(path: Path) -> list[tuple[str, str]]:
    """`[(name, text)]` of a collection."""
    stem = path.name.removesuffix(".xz").removesuffix(".txt")
    raw = lzma.open(path).read() if path.suffix == ".xz" else path.read_bytes()
    with open(path.parent / f"{stem}.manifest.tsv", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    total = sum(int(row["bytes"]) for row in rows)
    if total != len(raw):
        raise SystemExit(f"{path}: its manifest counts {total} bytes, the file has {len(raw)}")
    books, start = [], 0
    for row in rows:
        end = start + int(row["bytes"])
        books.append((row["book"], raw[start:end].decode()))
        start = end
    return books


def train_tokenizer(texts: list[str], vocabulary: int) -> Tokenizer:
    """Byte-level BPE: every byte is a token, so any UTF-8 can be written and read."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("collections", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--vocabulary", type=int, default=4096, help="tokens; 257 is bytes alone")
    parser.add_argument("--sample-bytes", type=int, default=24_000_000, help="text the tokenizer is trained on")
    parser.add_argument("--limit-bytes", type=int, default=0, help="use only so much text (for pilots)")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)

    books = [book for path in args.collections for book in read_books(path)]
    held_out = [text for name in HELD_OUT for book, text in books if name in book]
    if len(held_out) != len(HELD_OUT):
        raise SystemExit(f"held-out books found: {len(held_out)} of {len(HELD_OUT)}")
    # The collections may hold a book twice: leave out every copy.
    train = [text for book, text in books if not any(name in book for name in HELD_OUT)]
    np.random.default_rng(0).shuffle(train)
    if args.limit_bytes:
        kept, used = [], 0
        for text in train:
            if used < args.limit_bytes:
                kept.append(text)
                used += len(text)
        train = kept

    # An even slice of every book.
    share = min(1.0, args.sample_bytes / sum(map(len, train)))
    tokenizer = train_tokenizer([text[: int(len(text) * share)] for text in train], args.vocabulary)
    tokenizer.save(str(args.out / "tokenizer.json"))
    end = tokenizer.token_to_id(END_OF_TEXT)

    def encode(texts: list[str]) -> np.ndarray:
        parts = []
        for text in texts:
            parts.append(np.array(tokenizer.encode(text).ids + [end], np.uint16))
        return np.concatenate(parts)

    arrays = {"train": encode(train), "heldout": encode(held_out)}
    for name, ids in arrays.items():
        np.save(args.out / f"{name}.npy", ids)
    (args.out / "heldout.txt").write_text("\n\n".join(held_out))
    summary = {
        "vocabulary": tokenizer.get_vocab_size(),
        "held_out": HELD_OUT,
        "train_bytes": sum(len(t.encode()) for t in train),
        "heldout_bytes": sum(len(t.encode()) for t in held_out),
        **{f"{name}_tokens": len(ids) for name, ids in arrays.items()},
    }
    (args.out / "data.json").write_text(json.dumps(summary, indent=2) + "\n")
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
