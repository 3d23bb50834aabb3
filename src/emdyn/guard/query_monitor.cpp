#include "emdyn/guard/query_monitor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"

namespace emdyn::guard {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

}  // namespace

QueryMonitor::QueryMonitor(std::size_t input_size, double threshold, const Settings& settings)
    : settings_(settings),
      input_size_(input_size),
      threshold_(threshold),
      projection_(settings.dimensions * input_size),
      codes_(settings.memory * settings.dimensions),
      distances_(settings.memory),
      last_distance_(HUGE_VAL) {
  if (settings.neighbours == 0 || settings.memory <= settings.neighbours)
    throw ConfigError(
        "query_monitor: memory must be larger than neighbours, neighbours at least 1");
  if (input_size == 0 || settings.dimensions == 0)
    throw ConfigError("query_monitor: inputs and projection need at least one value");
  // Signs keep distances as well as normal numbers do: Achlioptas 2003.
  Philox random(settings.seed);
  const auto scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(settings.dimensions)));
  for (float& entry : projection_) entry = random.below(2) == 0 ? -scale : scale;
}

void QueryMonitor::encode(std::span<const float> input, float* code) const noexcept {
  for (std::size_t d = 0; d < settings_.dimensions; ++d) {
    const float* row = projection_.data() + d * input_size_;
    float sum = 0.0F;
    for (std::size_t j = 0; j < input_size_; ++j) sum += row[j] * input[j];
    code[d] = sum;
  }
}

double QueryMonitor::nearest_mean(const float* code, std::size_t skip) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < used_; ++i) {
    if (i == skip) continue;
    const float* other = codes_.data() + i * settings_.dimensions;
    double sum = 0.0;
    for (std::size_t d = 0; d < settings_.dimensions; ++d) {
      const double difference = static_cast<double>(code[d]) - static_cast<double>(other[d]);
      sum += difference * difference;
    }
    distances_[count++] = std::sqrt(sum);
  }
  const std::size_t k = settings_.neighbours;
  if (count < k) return HUGE_VAL;
  std::nth_element(distances_.begin(), distances_.begin() + static_cast<std::ptrdiff_t>(k - 1),
                   distances_.begin() + static_cast<std::ptrdiff_t>(count));
  std::sort(distances_.begin(), distances_.begin() + static_cast<std::ptrdiff_t>(k));
  double sum = 0.0;
  for (std::size_t i = 0; i < k; ++i) sum += distances_[i];
  return sum / static_cast<double>(k);
}

bool QueryMonitor::observe(std::span<const float> input) {
  std::vector<float> code(settings_.dimensions);
  encode(input, code.data());
  ++queries_;
  last_distance_ = nearest_mean(code.data(), kNone);
  if (last_distance_ < threshold_) {
    ++flags_;
    used_ = 0;
    next_ = 0;
    return true;
  }
  std::ranges::copy(code,
                    codes_.begin() + static_cast<std::ptrdiff_t>(next_ * settings_.dimensions));
  next_ = (next_ + 1) % settings_.memory;
  used_ = std::min(used_ + 1, settings_.memory);
  return false;
}

double QueryMonitor::calibrate(std::span<const float> inputs, std::size_t input_size,
                               double false_positives, const Settings& settings) {
  const std::size_t count = inputs.size() / input_size;
  if (count <= settings.neighbours) {
    throw DataError(fmt::format("query_monitor: {} calm inputs; more than {} are needed", count,
                                settings.neighbours));
  }
  Settings all = settings;
  all.memory = count;
  QueryMonitor monitor(input_size, 0.0, all);
  for (std::size_t i = 0; i < count; ++i) {
    monitor.encode(inputs.subspan(i * input_size, input_size),
                   monitor.codes_.data() + i * settings.dimensions);
  }
  monitor.used_ = count;
  std::vector<double> calm(count);
  for (std::size_t i = 0; i < count; ++i)
    calm[i] = monitor.nearest_mean(monitor.codes_.data() + i * settings.dimensions, i);
  std::ranges::sort(calm);
  // The k-th smallest with k chosen so that at most the share lies strictly below it.
  const auto below = static_cast<std::size_t>(false_positives * static_cast<double>(count));
  return calm[std::min(below, count - 1)];
}

}  // namespace emdyn::guard
