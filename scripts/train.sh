#!/usr/bin/env bash
# Makes the bank of grokking runs, fits the predictors, judges them on configurations held out, and prints
# the tables. Results go to predictors/; rebuild afterwards, they are part of the library.
#   scripts/train.sh               everything; an interrupted bank goes on where it was
#   scripts/train.sh --from-bank   fit and evaluate from the committed predictors/bank.jsonl.gz (seconds)
#   scripts/train.sh --quick       a tiny bank in build/quick, to try the path out
#   scripts/train.sh enn DIR [ARGS]  the CNN-LSTM on sequences of moving digits made from MNIST's files in DIR;
#   scripts/train.sh cnn DIR [ARGS]  a CNN on the images themselves; into build/enn or build/cnn. ARGS go to
#                                    emdyn model train: --set k=v, --resume, --out (docs/models.md)
# Without enn or cnn, further arguments go to emdyn_train: --store, --bank, --out, --configurations, --seeds, --slow.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" = enn ] || [ "${1:-}" = cnn ]; then
  kind=$1
  data=${2:?"train.sh: $1 needs the folder with train-images-idx3-ubyte and t10k-images-idx3-ubyte (.gz)"}
  shift 2
  scripts/setup.sh >&2
  cmake --preset release >&2
  cmake --build --preset release --target emdyn emdyn_torch >&2
  exec build/release/emdyn model train "$kind" --data "$data" --out "build/$kind" --store build/store "$@"
fi

steps=(runs collect fit)
options=()
while [ $# -gt 0 ]; do
  case "$1" in
    --from-bank) steps=(fit) ;;
    --quick) options+=(--small --configurations 60 --seeds 1 --store build/quick/store
      --bank build/quick/bank.jsonl.gz --out build/quick) ;;
    *) options+=("$1") ;;
  esac
  shift
done
mkdir -p build/quick
scripts/setup.sh >&2
cmake --preset release >&2
cmake --build --preset release --target emdyn_train >&2
exec build/release/tools/train/emdyn_train "${options[@]}" "${steps[@]}"
