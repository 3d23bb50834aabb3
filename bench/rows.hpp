#pragma once
#include <optional>
#include <string>
#include <vector>

#include "emdyn/core/json.hpp"

namespace emdyn::bench {

/// One figure of a benchmark, beside the baseline measured in the same run.
struct Row {
  std::string name;
  double value = 0.0;
  std::string unit;
  std::optional<double> baseline;
  std::string baseline_name;
  std::optional<double> low{};  ///< 95 % interval of the value, where it is an estimate.
  std::optional<double> high{};
  std::optional<bool> passes{};  ///< Where the figure has a stated bar.
  std::string target{};          ///< That bar in words: "<= 0.05".
};

/// `{"rows": [{name, value, unit, baseline, baseline_name, ratio}]}`; ratio = value / baseline;
/// low, high, passes and
/// target where the row has them.
Json rows_json(const std::vector<Row>& rows);

}  // namespace emdyn::bench
