"""Blanks the code for other GPUs in a CUDA library: zeros compress to nothing, and a driver never looks at them.

    python3 scripts/gpu/one_gpu.py LIBRARY ARCH[,ARCH]      ARCH: such as 90

The library's fat binaries are headers of 16 bytes, each followed by entries: a header (kind, -, its size, the code's, -, -,
arch ...) and code.
"""

import struct
import sys

MAGIC = struct.pack("<I", 0xBA55ED50)


def main():
    name, archs = sys.argv[1], {int(arch) for arch in sys.argv[2].split(",")}
    with open(name, "rb") as file:
        data = bytearray(file.read())
    kept = blanked = at = 0
    while (start := data.find(MAGIC, at)) >= 0:
        version, head, size = struct.unpack_from("<HHQ", data, start + 4)
        end = start + head + size
        if version != 1 or head != 16 or end > len(data):
            at = start + len(MAGIC)
            continue
        entry = start + head
        while entry + 64 <= end:
            _, _, head, size, _, _, _, _, arch = struct.unpack_from("<HHIQIIHHI", data, entry)
            code = entry + head
            if head < 64 or code + size > end:
                sys.exit(f"error: {name} is not laid out as expected: pack all GPUs' code")
            if arch in archs:
                kept += size
            else:
                data[code : code + size] = bytes(size)
                blanked += size
            entry = code + size
        at = end
    if kept == 0:
        sys.exit(f"error: {name} has no code for {sys.argv[2]}")
    with open(name, "wb") as file:
        file.write(data)
    print(f"code for {sys.argv[2]}: {kept / 1e6:.0f} MB; for other GPUs, blanked: {blanked / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
