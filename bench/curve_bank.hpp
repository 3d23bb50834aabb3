#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "emdyn/forecast/features/history.hpp"

namespace emdyn::bench {

/// A signal of a whole run, to foretell its later part from its earlier one.
struct BankCurve {
  std::string source{};  ///< Families of one source are left out together.
  std::string family{};
  std::string run{};
  std::string signal{};
  forecast::History history{};        ///< Finite records.
  forecast::History learning_rate{};  ///< Where the run logs it.
};

/// Curves of laws, random walks, jumps and really trained tiny networks, all made here; with `data`
/// (the folder of nanogpt_train_loss.csv.gz, pythia_v1_zero_shot.csv.gz and
/// bigscience_checkpoint_evals.csv.gz) those of recorded trainings too. Deterministic.
/// @param most curves of a family, >= 1. @throws DataError when a file cannot be read.
std::vector<BankCurve> curve_bank(const std::string& data, std::size_t most);

}  // namespace emdyn::bench
