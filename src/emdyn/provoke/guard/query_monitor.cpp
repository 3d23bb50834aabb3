#include "emdyn/provoke/guard/query_monitor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"

namespace emdyn::provoke::guard {
namespace {

constexpr std::size_t kNoEntry = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kCalmAccounts = 400;
constexpr std::size_t kCalmInputs = 2000;

double code_distance(const float* a, const float* b, std::size_t dimensions) noexcept {
  double sum = 0.0;
  for (std::size_t d = 0; d < dimensions; ++d) {
    const double difference = static_cast<double>(a[d]) - static_cast<double>(b[d]);
    sum += difference * difference;
  }
  return std::sqrt(sum);
}

/// Reorders the values. @pre 1 <= k <= values.size().
template <class Value>
double mean_of_smallest(std::span<Value> values, std::size_t k) noexcept {
  const auto last = values.begin() + static_cast<std::ptrdiff_t>(k);
  std::nth_element(values.begin(), last - 1, values.end());
  std::sort(values.begin(), last);  // A sum in a fixed order.
  double sum = 0.0;
  for (const Value value : values.first(k)) sum += static_cast<double>(value);
  return sum / static_cast<double>(k);
}

void require_calm(std::size_t count, const QueryMonitor::Settings& settings) {
  if (count > settings.neighbours) return;
  throw DataError(fmt::format("query_monitor: {} calm inputs; more than {} are needed", count,
                              settings.neighbours));
}

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
    distances_[count++] = code_distance(code, other, settings_.dimensions);
  }
  if (count < settings_.neighbours) return HUGE_VAL;
  return mean_of_smallest(std::span(distances_).first(count), settings_.neighbours);
}

double QueryMonitor::distance(std::span<const float> input) {
  std::vector<float> code(settings_.dimensions);
  encode(input, code.data());
  return nearest_mean(code.data(), kNoEntry);
}

bool QueryMonitor::observe(std::span<const float> input) {
  std::vector<float> code(settings_.dimensions);
  encode(input, code.data());
  ++queries_;
  last_distance_ = nearest_mean(code.data(), kNoEntry);
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
  require_calm(count, settings);
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

double QueryMonitor::calibrate_accounts(std::span<const float> inputs, std::size_t input_size,
                                        double false_positives, std::size_t queries,
                                        const Settings& settings) {
  const std::size_t count = std::min(inputs.size() / input_size, kCalmInputs);
  require_calm(count, settings);
  QueryMonitor monitor(input_size, 0.0, settings);
  const std::size_t d = settings.dimensions;
  std::vector<float> codes(count * d);
  for (std::size_t i = 0; i < count; ++i)
    monitor.encode(inputs.subspan(i * input_size, input_size), codes.data() + i * d);
  std::vector<float> apart(count * count);
  parallel_for(count, [&](std::size_t i) {
    for (std::size_t j = 0; j < count; ++j)
      apart[i * count + j] =
          static_cast<float>(code_distance(codes.data() + i * d, codes.data() + j * d, d));
  });
  std::vector<double> closest(kCalmAccounts);
  parallel_for(kCalmAccounts, [&](std::size_t a) {
    Philox random(settings.seed, a + 1);
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    shuffle(order, random);
    order.resize(std::min(queries, count));
    closest[a] = HUGE_VAL;
    std::vector<float> near;
    for (std::size_t q = settings.neighbours; q < order.size(); ++q) {
      near.clear();
      const std::size_t first = q - std::min(q, settings.memory);
      for (std::size_t i = first; i < q; ++i) near.push_back(apart[order[q] * count + order[i]]);
      closest[a] = std::min(closest[a], mean_of_smallest(std::span(near), settings.neighbours));
    }
  });
  std::ranges::sort(closest);
  return closest[static_cast<std::size_t>(false_positives * static_cast<double>(kCalmAccounts))];
}

}  // namespace emdyn::provoke::guard
