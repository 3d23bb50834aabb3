#include "emdyn/emergence/samples/samples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::emergence {

Samples clean(std::string_view name, std::span<const double> positions,
              std::span<const double> values) {
  if (positions.size() != values.size()) {
    throw DataError(fmt::format("{}: {} positions but {} values; give one for each", name,
                                positions.size(), values.size()));
  }
  Samples samples;
  double repeats = 1.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = positions[i];
    if (!std::isfinite(x)) {
      throw DataError(fmt::format("{}: position {} of {} is not finite", name, i, values.size()));
    }
    if (i > 0 && x < positions[i - 1]) {
      throw DataError(fmt::format("{}: position goes back from {} to {}; fit one segment at a time",
                                  name, positions[i - 1], x));
    }
    if (!std::isfinite(values[i])) {
      ++samples.dropped;
    } else if (!samples.positions.empty() && samples.positions.back() == x) {
      repeats += 1.0;
      samples.values.back() += (values[i] - samples.values.back()) / repeats;
    } else {
      repeats = 1.0;
      samples.positions.push_back(x);
      samples.values.push_back(values[i]);
    }
  }
  return samples;
}

Samples binned(const Samples& samples, std::size_t begin, std::size_t end, std::size_t most) {
  const std::size_t count = end - begin;
  const std::size_t size = std::max<std::size_t>(1, (count + most - 1) / most);
  Samples result;
  for (std::size_t i = begin; i < end; i += size) {
    const std::size_t stop = std::min(i + size, end);
    if (stop - i < size && 2 * (stop - i) < size && !result.values.empty()) break;
    const auto part = [&](const std::vector<double>& all) {
      return math::mean(std::span(all).subspan(i, stop - i));
    };
    result.positions.push_back(part(samples.positions));
    result.values.push_back(part(samples.values));
  }
  return result;
}

}  // namespace emdyn::emergence
