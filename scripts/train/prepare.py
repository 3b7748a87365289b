"""Turns collections of texts into what train.py reads: a tokenizer, token arrays, and the held-out texts.

    python scripts/train/prepare.py --out runs/data --vocabulary 4096 \
        children=classics-children.txt.xz novels=classics-novels.txt.xz tales=stories-tales.txt.xz \
        modern=stories-modern.txt.xz heldout-tale=heldout-tale.txt heldout-modern=heldout-modern.txt

A collection is one text file (xz or plain) of texts end to end, with a manifest beside it
(`COLLECTION.manifest.tsv`: bytes, year, book), in the same order. It goes to the source it is named for
(`novels` where no name is given), from which train.py draws. Sources called `heldout...`, and the novels in
HELD_OUT, are held out: neither the model nor the tokenizer ever sees them, and a text that shares a title or a
run of words with them is refused.
"""

import argparse
import csv
import json
import lzma
import re
from pathlib import Path

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

HELD_OUT = ["The Wind in the Willows", "Black Beauty", "The Railway Children"]
SHARED_WORDS = 24  # a run of so many words in two texts is a copy
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


def read_sources(collections: list[str]) -> dict[str, list[tuple[str, str]]]:
    """`{source: [(name, text)]}`; the novels in HELD_OUT become the source `heldout`."""
    sources = {"heldout": []}
    for item in collections:
        source, _, path = item.rpartition("=")
        for name, text in read_books(Path(path)):
            held = next((title for title in HELD_OUT if title in name), None)
            sources.setdefault("heldout" if held else source or "novels", []).append((name, text))
    # A collection may hold a book twice: one copy is read for evaluation, all are left out of training.
    first = {title: next((b for b in sources["heldout"] if title in b[0]), None) for title in HELD_OUT}
    missing = [title for title, book in first.items() if book is None]
    if missing:
        raise SystemExit(f"held-out books not found: {', '.join(missing)}")
    sources["heldout"] = list(first.values())
    return sources


def check_held_out(sources: dict[str, list[tuple[str, str]]]) -> dict:
    """Refuses training texts that share a title or a run of SHARED_WORDS words with a held-out one."""
    numbers: dict[str, int] = {}
    power = np.uint64(0x9E3779B97F4A7C15)

    def runs(text: str) -> np.ndarray:
        """A hash of every run of words."""
        ids = [numbers.setdefault(w, len(numbers) + 1) for w in re.findall(r"\w+", text.lower())]
        ids = np.array(ids, np.uint64) * np.uint64(0xD6E8FEB86659FD93)
        count = max(0, len(ids) - SHARED_WORDS + 1)
        total = np.zeros(count, np.uint64)
        for k in range(SHARED_WORDS):
            total = total * power + ids[k : k + count]
        return total

    def title(name: str) -> str:
        return re.sub(r"\W+", " ", name.rpartition("/")[2].removesuffix(".md").lower()).strip()

    held = [book for source, books in sources.items() if source.startswith("heldout") for book in books]
    titles = {title(name) for name, _ in held}
    known = np.unique(np.concatenate([runs(text) for _, text in held]))
    seen, again = {}, []
    for source, books in sources.items():
        if source.startswith("heldout"):
            continue
        for name, text in books:
            found = runs(text)
            shared = int((known[np.searchsorted(known, found) % len(known)] == found).sum())
            if shared or title(name) in titles:
                raise SystemExit(f"{name} is held out: {shared} runs of {SHARED_WORDS} words shared, or the title")
            if title(name) in seen:
                again.append(f"{name} ({source}, {seen[title(name)]})")
            seen[title(name)] = source
    return {"shared_words": SHARED_WORDS, "shared_runs": 0, "same_titles_in_training": again}


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
    parser.add_argument("collections", nargs="+", help="[SOURCE=]COLLECTION")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--vocabulary", type=int, default=4096, help="tokens; 257 is bytes alone")
    parser.add_argument("--sample-bytes", type=int, default=24_000_000, help="text the tokenizer is trained on")
    parser.add_argument("--limit-bytes", type=int, default=0, help="use only so much of each source (for pilots)")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)

    sources = read_sources(args.collections)
    check = check_held_out(sources)
    texts = {}
    for source, books in sources.items():
        texts[source] = [text for _, text in books]
        if not source.startswith("heldout"):
            np.random.default_rng(0).shuffle(texts[source])
            if args.limit_bytes:
                before = np.cumsum([0] + [len(t) for t in texts[source]])
                texts[source] = [t for t, b in zip(texts[source], before) if b < args.limit_bytes]

    # An even slice of every text.
    train = [text for source, group in texts.items() if not source.startswith("heldout") for text in group]
    share = min(1.0, args.sample_bytes / sum(map(len, train)))
    tokenizer = train_tokenizer([text[: int(len(text) * share)] for text in train], args.vocabulary)
    tokenizer.save(str(args.out / "tokenizer.json"))
    end = tokenizer.token_to_id(END_OF_TEXT)

    summary = {"vocabulary": tokenizer.get_vocab_size(), "held_out": HELD_OUT, "check": check, "sources": {}}
    for source, group in texts.items():
        ids = np.concatenate([np.array(tokenizer.encode(text).ids + [end], np.uint16) for text in group])
        np.save(args.out / f"{source}.npy", ids)
        size = sum(len(t.encode()) for t in group)
        summary["sources"][source] = {"texts": len(group), "bytes": size, "tokens": len(ids)}
        if source.startswith("heldout"):
            (args.out / f"{source}.txt").write_text("\n\n".join(group))
    (args.out / "data.json").write_text(json.dumps(summary, indent=2) + "\n")
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
