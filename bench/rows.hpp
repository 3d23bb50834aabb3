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
};

/// `{"rows": [{name, value, unit, baseline, baseline_name, ratio}]}`; ratio = value / baseline.
Json rows_json(const std::vector<Row>& rows);

}  // namespace emdyn::bench
