#!/usr/bin/env bash
# Tests the Python package beside the trainers that people use, each in a fresh environment of its own:
#   scripts/test_trainers.sh [old|new]     both by default
# old: Python 3.10, torch 1.13, transformers 4.30, Lightning 2.0. new: Python 3.13, the newest of all, Keras and JAX too.
# An environment takes 4 to 6 GB on disk (a torch from PyPI brings CUDA along) and minutes to download, so .ci/run leaves
# this out; there, tests of absent libraries are skipped and say so. Needs a release build with the extension.
set -euo pipefail
cd "$(dirname "$0")/.."
tree=$PWD/build/release/python-tree
[ -e "$tree/emdyn/_native.abi3.so" ] || { echo "test_trainers: build the release preset first" >&2; exit 1; }
folder=$(mktemp -d "${TMPDIR:-/tmp}/emdyn-trainers.XXXXXX")
trap 'rm -rf "$folder"' EXIT

# try NAME PYTHON PACKAGE…
try() {
  local name=$1 python=$2
  shift 2
  # A launcher may stand for a Python that is not there.
  "$python" -c "" 2>/dev/null || { echo "test_trainers: SKIPPED $name: no $python here" >&2; return; }
  "$python" -m venv "$folder/$name"
  "$folder/$name/bin/pip" install --quiet --disable-pip-version-check nanobind-backend pytest safetensors "$@" >&2
  PYTHONPATH=$tree EMDYN=$PWD/build/release/emdyn EMDYN_PROGRAM=$PWD/build/release/emdyn OMP_NUM_THREADS=1 \
    "$folder/$name/bin/python" -B -W ignore -m pytest -q -rs -p no:cacheprovider python/tests
  rm -rf "${folder:?}/$name"
}

wanted=${1:-both}
case $wanted in old | new | both) ;; *) echo "test_trainers: old or new, got $wanted" >&2; exit 2 ;; esac
[ "$wanted" = new ] || try old "${EMDYN_PYTHON_OLD:-python3.10}" numpy==1.26.4 torch==1.13.1 transformers==4.30.2 \
  accelerate==0.20.3 lightning==2.0.9 pytorch-lightning==2.0.9 setuptools==69.5.1
[ "$wanted" = old ] || try new "${EMDYN_PYTHON_NEW:-python3.13}" torch transformers accelerate lightning keras jax
