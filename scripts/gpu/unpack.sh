#!/usr/bin/env bash
# Takes in a part of what pack.sh packed; with the last one, puts all together and says how to start.
#
#   bash N/unpack.sh [FOLDER]      FOLDER: where it all goes, the same for each part (~/flashinf-gpu)
#
# Needs xz, or python3. CUDA's libraries are looked for where Python's packages are, and in $CUDA_LIBRARIES, folders with
# colons between.
set -euo pipefail
part=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$HOME/flashinf-gpu}
read -r count sum < "$part/whole"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cp "$part"/part.* "$folder/"
have=$(find "$folder" -maxdepth 1 -name 'part.*' | wc -l)
[ "$have" = "$count" ] || { echo "$have of $count parts are here"; exit 0; }
cat "$folder"/part.* > "$folder/all.tar.xz"
echo "$sum  $folder/all.tar.xz" | sha256sum --check --quiet || { echo "error: the parts do not add up: bring them again" >&2; exit 3; }
rm "$folder"/part.*
if command -v xz > /dev/null; then xz -dc "$folder/all.tar.xz"; else
  python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer)' "$folder/all.tar.xz"
fi | tar -C "$folder" -xf -
rm "$folder/all.tar.xz"

# Each folder with an nvidia/*/lib, or with the libraries themselves.
packages=$(python3 -c 'import site, sys; print("\n".join(dict.fromkeys([*site.getsitepackages(), *sys.path])))' 2> /dev/null || true)
cuda=''
while read -r place; do
  if compgen -G "$place/nvidia/*/lib/libcublasLt.so.13" > /dev/null || [ -e "$place/libcublasLt.so.13" ]; then
    cuda=${cuda:+$cuda:}$place
  fi
done < <(printf '%s\n' "$folder/cuda" "${CUDA_LIBRARIES:-}" "$packages" /usr/local/cuda/lib64 | tr : '\n')
cat > "$folder/report" <<START
#!/usr/bin/env bash
export FLASHINF_CUDA=\${FLASHINF_CUDA:-${cuda:-$folder/cuda}} PATH=$folder/bin:\$PATH
exec node $folder/app/scripts/gpu/report.js "\$@"
START
chmod +x "$folder/report"
echo "CUDA's libraries: ${cuda:-none found: name their folders in CUDA_LIBRARIES, and unpack the last part again}"
echo "start: $folder/report --budget 8m --out FOLDER"
