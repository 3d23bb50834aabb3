#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "emdyn/forecast/features/features.hpp"
#include "emdyn/forecast/features/target.hpp"
#include "emdyn/forecast/tabular/logistic.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::forecast {

/// One run of a bank, reduced to its prefixes.
struct BankRun {
  std::string id{};
  std::string group{};  ///< Its configuration without the seed: runs of one group stay together.
  Json configuration = Json::object();
  double deadline = 0.0;
  double chance = 0.0;  ///< Accuracy of guessing, in [0, 1).
  Outcome outcome{};
  std::optional<series::Interval> onset{};  ///< Of the fitted transition of the test accuracy.
  std::vector<double> at{};                 ///< Position of each prefix, before the target.
  std::vector<double> accuracy{};           ///< Last test accuracy recorded at or before `at`.
  FeatureTable rows{};  ///< [prefixes, features] in the order of Bank::features.
};

/// Many runs with labels, to learn a predictor from. Prefixes end before the target is reached;
/// censored runs are kept for the record and never used.
struct Bank {
  Target target{};  ///< Its deadline is that of each run.
  std::vector<std::string> features = feature_names(FeatureSet::grokking);
  std::vector<BankRun> runs{};
};

/// The group of a configuration: its text without "seed".
std::string group_of(const Json& configuration);

/// Reduces a finished run. Features are rounded to 5 significant digits, so that a bank read back
/// from its file is the same bank. Prefixes whose features cannot be computed are left out.
/// @throws DataError when the run lacks test accuracy.
BankRun summarise(const series::Run& run, const Bank& bank, double deadline, double chance,
                  const std::optional<series::Interval>& onset,
                  const series::RoleChoices& roles = {});

/// JSON lines, gzipped: a header {schema, target, features}, then one line a run, by id.
/// @throws DataError when the file cannot be written.
void write_bank(const std::filesystem::path& path, Bank bank);
/// @throws DataError when the file is missing, larger than 256 MB unpacked, or no bank.
Bank read_bank(const std::filesystem::path& path);

}  // namespace emdyn::forecast
