#!/usr/bin/env bash
# Learns predictors/curves.json, what the forecasts of curves are calibrated by, from curves made by the bench itself
# and, where their folder is given, from recorded trainings. Rebuild afterwards: it is part of the library.
#   scripts/curves.sh [DIR]    DIR holds nanogpt_train_loss.csv.gz (KellerJordan/modded-nanogpt, MIT),
#                              pythia_v1_zero_shot.csv.gz (EleutherAI/pythia, Apache-2.0) and
#                              bigscience_checkpoint_evals.csv.gz (bigscience-workshop/bigscience, Apache-2.0)
# Only quantiles of residuals are kept, no recording. The committed file was made with all three.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset release >&2
cmake --build --preset release --target emdyn-bench >&2
exec build/release/emdyn-bench curves ${1:+--data "$1"} --curves 24 --fit predictors/curves.json
