#pragma once
#include <string>
#include <vector>

namespace emdyn::forecast {

/// What needs no predictor and stands beside one: persistence, the prior, …
struct BaselineForecast {
  std::string name{};
  std::vector<double> positions{};
  std::vector<double> probabilities{};  ///< In [0, 1], one for each position.
};

}  // namespace emdyn::forecast
