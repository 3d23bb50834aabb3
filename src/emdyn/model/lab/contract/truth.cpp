#include "emdyn/model/lab/contract/truth.hpp"

#include <fmt/format.h>

#include <cmath>

namespace emdyn::model::lab {

double Truth::relative_error() const noexcept {
  const double scale = expected != 0.0 ? std::fabs(expected) : 1.0;
  return std::fabs(measured.estimate - expected) / scale;
}

void to_json(Json& json, const Truth& truth) {
  json = Json{{"quantity", truth.quantity},
              {"expected", number_or_null(truth.expected)},
              {"measured", truth.measured},
              {"relative_error", number_or_null(truth.relative_error())},
              {"source", truth.source}};
}

std::string describe(const Truth& truth) {
  return fmt::format("{} {:.4g} [{:.4g}, {:.4g}]; theory {:.4g} ({:.1f} % off)", truth.quantity,
                     truth.measured.estimate, truth.measured.low, truth.measured.high,
                     truth.expected, 100.0 * truth.relative_error());
}

}  // namespace emdyn::model::lab
