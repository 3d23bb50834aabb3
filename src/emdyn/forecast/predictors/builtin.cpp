#include "emdyn/forecast/predictors/builtin.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/json.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/forecast/predictors/builtin_data.hpp"

namespace emdyn::forecast {

std::span<const Predictor> builtin_predictors() {
  static const std::vector<Predictor> predictors = [] {
    std::vector<Predictor> parsed;
    for (const std::string_view text : builtin_data()) {
      if (!text.empty()) parsed.push_back(predictor_from_json(parse_json(text, "predictors/")));
    }
    return parsed;
  }();
  return predictors;
}

const Predictor& builtin_predictor(std::string_view name) {
  std::vector<std::string> names;
  for (const Predictor& predictor : builtin_predictors()) {
    if (predictor.name == name) return predictor;
    names.push_back(predictor.name);
  }
  throw ConfigError(fmt::format("unknown predictor \"{}\"; predictors: {}", terminal_safe(name),
                                fmt::join(names, ", ")));
}

const Predictor& choose_predictor(const series::Run& run, const ForecastOptions& options) {
  const auto predictors = builtin_predictors();
  if (predictors.empty()) {
    throw UnavailableError("this build has no predictors; make them with scripts/train.sh");
  }
  for (const Predictor& predictor : predictors) {
    if (forecast(predictor, run, options).status != series::ForecastStatus::abstained) {
      return predictor;
    }
  }
  return predictors.back();
}

}  // namespace emdyn::forecast
