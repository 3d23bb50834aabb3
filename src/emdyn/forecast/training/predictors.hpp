#pragma once
#include <filesystem>

#include "emdyn/forecast/training/evaluate.hpp"
#include "emdyn/forecast/training/train.hpp"

namespace emdyn::forecast {

/// What the verb `predictor train` does: evaluates both feature sets with configurations held out,
/// fits each on the whole bank and writes `grokking.json` and `signals_only.json` into `folder`.
/// Also writes `evaluation.json`. Returns {bank, evaluation, predictors:[…]}.
/// The same bank and options give the same bytes.
/// @throws DataError when the bank cannot be read or is too small, or a file cannot be written.
Json train_predictors(const std::filesystem::path& bank_file, const std::filesystem::path& folder,
                      const forecast::EvaluateOptions& options);

/// What the verb `predictor eval` does: the held-out evaluation of a bank, nothing written.
Json evaluate_bank(const std::filesystem::path& bank_file,
                   const forecast::EvaluateOptions& options);

}  // namespace emdyn::forecast
