#include "emdyn/probe/activity/activity_profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"

namespace emdyn::probe {
namespace {

template <class Scalar>
void require_activations(const math::MatrixView<Scalar>& view) {
  if (view.size() > 0) return;
  throw DataError(
      fmt::format("activity of an empty layer ({} samples x {} units)", view.rows, view.columns));
}

/// How many samples make a unit an outlier there.
std::size_t enough(double share, std::size_t count) {
  return std::max<std::size_t>(
      1, static_cast<std::size_t>(std::ceil(share * static_cast<double>(count) - 1e-9)));
}

template <class Scalar>
std::vector<std::size_t> outlier_counts(const math::MatrixView<Scalar>& view, double magnitude) {
  std::vector<std::size_t> counts(view.columns, 0);
  for (std::size_t i = 0; i < view.rows; ++i) {
    for (std::size_t j = 0; j < view.columns; ++j) {
      if (std::abs(view(i, j)) >= magnitude) ++counts[j];
    }
  }
  return counts;
}

template <class Scalar>
void count_zeros(const math::MatrixView<Scalar>& view, double zero_below,
                 ActivityProfile& profile) {
  std::vector<unsigned char> alive(view.columns, 0);
  double sum = 0.0;
  double squares = 0.0;
  for (std::size_t i = 0; i < view.rows; ++i) {
    std::size_t zeros = 0;
    for (std::size_t j = 0; j < view.columns; ++j) {
      if (std::abs(view(i, j)) <= zero_below) {
        ++zeros;
      } else {
        alive[j] = 1;
      }
    }
    const double share = static_cast<double>(zeros) / static_cast<double>(view.columns);
    sum += share;
    squares += share * share;
  }
  const auto samples = static_cast<double>(view.rows);
  profile.sparsity.value = sum / samples;
  if (view.rows > 1) {
    const double variance = std::max(0.0, squares - sum * sum / samples) / (samples - 1.0);
    profile.sparsity.standard_error = std::sqrt(variance / samples);
  }
  profile.dead_units = static_cast<std::size_t>(std::ranges::count(alive, 0));
  profile.dead_upper = -std::expm1(std::log(0.05) / samples);
}

template <class Scalar>
double max_to_median(const math::MatrixView<Scalar>& view) {
  std::vector<double> sizes;
  sizes.reserve(view.size());
  for (std::size_t i = 0; i < view.rows; ++i) {
    for (std::size_t j = 0; j < view.columns; ++j) {
      sizes.push_back(std::abs(view(i, j)));
      if (std::isnan(sizes.back())) return kUndefined;
    }
  }
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::nth_element(sizes.begin(), middle, sizes.end());
  double median = *middle;
  const double largest = *std::max_element(middle, sizes.end());
  if (sizes.size() % 2 == 0) median = 0.5 * (median + *std::max_element(sizes.begin(), middle));
  if (largest == 0.0) return kUndefined;
  return largest / median;
}

double kurtosis_of(double fourth, double second, std::size_t units) {
  return second > 0.0 ? fourth * static_cast<double>(units) / (second * second) : kUndefined;
}

template <class Scalar>
Estimate unit_kurtosis(const math::MatrixView<Scalar>& view) {
  std::vector<double> power(view.columns, 0.0);  // Σ over samples of a²: scale does not matter.
  for (std::size_t i = 0; i < view.rows; ++i) {
    for (std::size_t j = 0; j < view.columns; ++j) power[j] += view(i, j) * view(i, j);
  }
  const auto without = [&](std::size_t left_out) {
    double fourth = 0.0;
    double second = 0.0;
    for (std::size_t j = 0; j < view.columns; ++j) {
      double value = power[j];
      if (left_out < view.rows) value -= view(left_out, j) * view(left_out, j);
      fourth += value * value;
      second += value;
    }
    return kurtosis_of(fourth, second, view.columns);
  };
  Estimate kurtosis{without(view.rows), std::nullopt};
  if (!std::isfinite(kurtosis.value)) return kurtosis;
  std::vector<double> left_out(view.rows);
  for (std::size_t i = 0; i < view.rows; ++i) left_out[i] = without(i);
  kurtosis.standard_error = jackknife_error(left_out);
  return kurtosis;
}

}  // namespace

template <class Scalar>
ActivityProfile activity_profile(const math::MatrixView<Scalar>& activations,
                                 const ActivityConfig& config) {
  checked("activity", kActivityFields, config);
  require_activations(activations);
  ActivityProfile profile;
  profile.samples = activations.rows;
  profile.units = activations.columns;
  count_zeros(activations, config.zero_below, profile);
  const std::size_t needed = enough(config.outlier_samples, activations.rows);
  const auto counts = outlier_counts(activations, config.outlier_magnitude);
  profile.outlier_units = static_cast<std::size_t>(
      std::ranges::count_if(counts, [&](std::size_t count) { return count >= needed; }));
  profile.max_to_median = max_to_median(activations);
  profile.unit_kurtosis = unit_kurtosis(activations);
  return profile;
}

template <class Scalar>
std::vector<std::size_t> outlier_features(std::span<const math::MatrixView<Scalar>> layers,
                                          const ActivityConfig& config) {
  checked("activity", kActivityFields, config);
  if (layers.empty()) return {};
  const std::size_t width = layers[0].columns;
  std::vector<std::size_t> layers_of(width, 0);
  for (const auto& layer : layers) {
    require_activations(layer);
    if (layer.columns != width) {
      throw DataError(fmt::format("outlier features need layers of one width, got {} and {}", width,
                                  layer.columns));
    }
    const std::size_t needed = enough(config.outlier_samples, layer.rows);
    const auto counts = outlier_counts(layer, config.outlier_magnitude);
    for (std::size_t j = 0; j < width; ++j) layers_of[j] += counts[j] >= needed ? 1U : 0U;
  }
  std::vector<std::size_t> features;
  const std::size_t needed = enough(config.outlier_layers, layers.size());
  for (std::size_t j = 0; j < width; ++j) {
    if (layers_of[j] >= needed) features.push_back(j);
  }
  return features;
}

void to_json(Json& json, const ActivityProfile& profile) {
  json = Json{{"sparsity", profile.sparsity},
              {"dead_units", profile.dead_units},
              {"dead_upper", number_or_null(profile.dead_upper)},
              {"outlier_units", profile.outlier_units},
              {"max_to_median", number_or_null(profile.max_to_median)},
              {"unit_kurtosis", profile.unit_kurtosis},
              {"samples", profile.samples},
              {"units", profile.units}};
}

template ActivityProfile activity_profile(const math::MatrixView<float>&, const ActivityConfig&);
template ActivityProfile activity_profile(const math::MatrixView<double>&, const ActivityConfig&);
template std::vector<std::size_t> outlier_features(std::span<const math::MatrixView<float>>,
                                                   const ActivityConfig&);
template std::vector<std::size_t> outlier_features(std::span<const math::MatrixView<double>>,
                                                   const ActivityConfig&);

}  // namespace emdyn::probe
