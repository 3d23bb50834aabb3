#include "emdyn/probe/spectra/correlation_traps.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::probe {

CorrelationTraps correlation_traps(std::vector<float> entries, std::size_t rows,
                                   std::size_t columns, const CorrelationTrapsConfig& config) {
  checked("correlation_traps", kCorrelationTrapsFields, config);
  if (rows == 0 || columns == 0 || entries.size() / rows != columns || entries.size() % rows != 0) {
    throw DataError(fmt::format("correlation traps: {} entries do not fill {} x {}", entries.size(),
                                rows, columns));
  }
  if (entries.size() > std::numeric_limits<std::uint32_t>::max())
    throw DataError("correlation traps: more than 4,294,967,295 entries");
  double sum = 0.0;
  for (const float entry : entries) sum += static_cast<double>(entry);
  const double mean = sum / static_cast<double>(entries.size());
  for (float& entry : entries) entry = static_cast<float>(static_cast<double>(entry) - mean);
  Philox random(static_cast<std::uint64_t>(config.seed));
  shuffle(entries, random);
  const Spectrum shuffled =
      spectrum(math::MatrixView<float>{entries.data(), rows, columns, columns, 1});
  const MarchenkoPasturFit fit = marchenko_pastur(shuffled, {config.level});
  return {fit.spikes, fit.threshold > 0.0 ? shuffled.eigenvalues[0] / fit.threshold : 0.0,
          fit.upper_edge};
}

void to_json(Json& json, const CorrelationTraps& traps) {
  json = Json{{"count", traps.count},
              {"excess", number_or_null(traps.excess)},
              {"edge", number_or_null(traps.edge)}};
}

}  // namespace emdyn::probe
