#include "tcpd_methods.hpp"

#include <cmath>

#include "emdyn/core/philox.hpp"
#include "emdyn/segment/segment.hpp"

namespace emdyn::bench {
namespace {

using segment::Noise;
using segment::Regime;
using segment::Search;

Segmenter segmenter(std::string name, Search search, Regime regime,
                    Noise noise = Noise::null_model) {
  segment::Options options;
  options.search = search;
  options.regime = regime;
  options.noise = noise;
  return {std::move(name), [options](std::span<const double> values) {
            std::vector<std::size_t> found;
            for (const auto& change : segment::segment(values, options).changes) {
              found.push_back(change.index);
            }
            return found;
          }};
}

/// Change points where a sample lies more than three deviations from the mean of the `window`
/// samples before it; learning starts anew there.
std::vector<std::size_t> three_sigma(std::span<const double> values, std::size_t window) {
  constexpr std::size_t kLearn = 10;
  std::vector<std::size_t> found;
  std::size_t from = 0;
  for (std::size_t i = kLearn; i < values.size(); ++i) {
    const std::size_t first = i - from > window ? i - window : from;
    const double n = static_cast<double>(i - first);
    if (i - first < kLearn) continue;
    double mean = 0.0;
    for (std::size_t k = first; k < i; ++k) mean += values[k] / n;
    double square = 0.0;
    for (std::size_t k = first; k < i; ++k) square += (values[k] - mean) * (values[k] - mean);
    if (std::abs(values[i] - mean) <= 3.0 * std::sqrt(square / (n - 1.0))) continue;
    found.push_back(i);
    from = i;
  }
  return found;
}

/// One change point per hundred samples on average, anywhere.
std::vector<std::size_t> at_random(std::span<const double> values) {
  Philox random(values.size());
  std::vector<std::size_t> found;
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (random.below(100) == 0) found.push_back(i);
  }
  return found;
}

}  // namespace

std::vector<Segmenter> retrospective_segmenters() {
  return {
      segmenter("segment", Search::pelt, Regime::trend),
      segmenter("segment_autoregressive", Search::pelt, Regime::trend, Noise::autoregressive),
      segmenter("binary_trend", Search::binary, Regime::trend),
      segmenter("pelt_mean", Search::pelt, Regime::mean),
      segmenter("pelt_mean_differences", Search::pelt, Regime::mean, Noise::differences),
      segmenter("binary_mean", Search::binary, Regime::mean),
      segmenter("pelt_mean_variance", Search::pelt, Regime::mean_variance),
      segmenter("pelt_distribution", Search::pelt, Regime::distribution),
      segmenter("bocpd_map", Search::bocpd, Regime::mean),
      {"zscore", [](std::span<const double> v) { return three_sigma(v, v.size()); }},
      {"windowed_gaussian", [](std::span<const double> v) { return three_sigma(v, 50); }},
      {"random", at_random},
  };
}

std::vector<Row> bench_tcpd(const std::filesystem::path& folder) {
  const auto series = load_tcpd(folder);
  return tcpd_rows(series, retrospective_segmenters());
}

}  // namespace emdyn::bench
