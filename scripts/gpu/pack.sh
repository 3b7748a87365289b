#!/usr/bin/env bash
# Packs what scripts/gpu/report.js takes for a Linux x64 machine without network: Node, this build, what it depends on, ONNX
# Runtime's CUDA provider of the version that onnxruntime-node is of. CUDA's own libraries (cuBLAS, cuRAND, cudart of CUDA 13)
# are looked for there, where PyTorch brings them; --libraries packs them, too (0.4 GB more).
#
#   scripts/gpu/pack.sh FOLDER [--part MIB] [--gpu ARCH] [--libraries]
#
#   FOLDER       gets 1/, 2/ ...: each to be brought there, in any way, and taken in with `bash N/unpack.sh`
#   --part MIB   what each holds at most (60)
#   --gpu ARCH   leaves out code for other GPUs, such as 90 for H100 and H200 (all: 75, 80, 86, 89, 90, 120): a quarter of the size
#
# Needs node, python3 with pip, strip, xz; `npm ci` and `npm run build` done.
set -euo pipefail
folder='' part=60 gpu=all libraries=''
while [ $# -gt 0 ]; do
  case $1 in
    --part) part=$2; shift ;;
    --gpu) gpu=$2; shift ;;
    --libraries) libraries=yes ;;
    -*) echo "error: no option $1" >&2; exit 2 ;;
    *) folder=$1 ;;
  esac
  shift
done
[ -n "$folder" ] || { sed -n '2,14p' "$0"; exit 2; }
[ ! -e "$folder" ] || { echo "error: $folder is there already" >&2; exit 4; }
scripts=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$scripts/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
app=$work/all/app binaries=node_modules/onnxruntime-node/bin/napi-v6/linux/x64
mkdir -p "$app/scripts" "$work/all/bin"

cp "$(readlink -f "$(command -v node)")" "$work/all/bin/node"
strip "$work/all/bin/node"
cp -r bin dist models package.json "$app/"
cp -r scripts/gpu "$app/scripts/"
# What the lock file does not count among the tools of development; of ONNX Runtime, this platform.
node -e '
  const { packages } = JSON.parse(fs.readFileSync("package-lock.json", "utf8"));
  for (const [path, { dev, devOptional }] of Object.entries(packages))
    if (/^node_modules\/(?!.*node_modules)/.test(path) && !dev && !devOptional && fs.existsSync(path)) console.log(path);
' | while read -r path; do
  mkdir -p "$app/$(dirname "$path")"
  cp -r "$path" "$app/$path"
done
rm -r "$app/node_modules/onnxruntime-node/bin"
mkdir -p "$app/$binaries"
cp "$binaries"/* "$app/$binaries/"

version=$(node -p 'require("onnxruntime-node/package.json").version')
# The platforms that any of these wheels is for.
fetch() {
  python3 -m pip install -q --disable-pip-version-check --root-user-action ignore --no-deps --only-binary=:all: --python-version 3.12 \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
    --target "$1" "${@:2}"
}
fetch "$work/wheel" "onnxruntime-gpu==$version"
cp "$work"/wheel/onnxruntime/capi/libonnxruntime_providers_{cuda,shared}.so "$app/$binaries/"
[ "$gpu" = all ] || python3 "$scripts/one_gpu.py" "$app/$binaries/libonnxruntime_providers_cuda.so" "$gpu"
[ -z "$libraries" ] || fetch "$work/all/cuda" 'nvidia-cublas~=13.0' 'nvidia-curand~=10.4' 'nvidia-cuda-runtime~=13.0'

tar -C "$work/all" --sort=name --owner=0 --group=0 -cf - . | xz -T0 > "$work/all.tar.xz"
split -b "${part}M" --numeric-suffixes=1 -a 3 "$work/all.tar.xz" "$work/part."
count=$(find "$work" -name 'part.*' | wc -l)
number=0
for file in "$work"/part.*; do
  number=$((number + 1))
  mkdir "$folder/$number"
  mv "$file" "$folder/$number/"
  echo "$count $(sha256sum "$work/all.tar.xz" | cut -d' ' -f1)" > "$folder/$number/whole"
  cp "$scripts/unpack.sh" "$folder/$number/"
done
echo "ONNX Runtime $version, $(stat -c %s "$work/all.tar.xz") bytes in $count part(s): there, bash N/unpack.sh with each"
