#include "emdyn/probe/optimisation/gradient_noise.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <vector>

#include "emdyn/core/error.hpp"

namespace emdyn::probe {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double ratio(double noise, double gradient_squared) {
  if (std::isnan(noise) || std::isnan(gradient_squared)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return gradient_squared > 0.0 ? std::max(0.0, noise) / gradient_squared : kInfinity;
}

struct Sums {
  double small = 0.0;
  double big = 0.0;
};

GradientNoise from_means(double small_squared, double big_squared, double small, double big) {
  GradientNoise noise;
  noise.gradient_squared = (big * big_squared - small * small_squared) / (big - small);
  noise.noise = (small_squared - big_squared) / (1.0 / small - 1.0 / big);
  noise.scale.value = ratio(noise.noise, noise.gradient_squared);
  return noise;
}

/// From n, Σ|gᵢ|² and |Σgᵢ|².
GradientNoise from_sums(double count, double squares, double sum_squared) {
  GradientNoise noise;
  const double mean_squared = sum_squared / (count * count);
  noise.noise = std::max(0.0, squares - count * mean_squared) / (count - 1.0);
  if (std::isnan(squares)) noise.noise = squares;
  noise.gradient_squared = mean_squared - noise.noise / count;
  noise.scale.value = ratio(noise.noise, noise.gradient_squared);
  return noise;
}

}  // namespace

GradientNoise gradient_noise(std::span<const BatchPair> pairs, double small, double big) {
  if (!(small >= 1.0 && big > small && std::isfinite(big))) {
    throw DataError(fmt::format("gradient noise needs batch sizes 1 <= small < big, got {} and {}",
                                small, big));
  }
  if (pairs.empty()) throw DataError("gradient noise needs at least one pair of batches");
  Sums sums;
  for (const BatchPair& pair : pairs) {
    if (!(pair.small_squared >= 0.0 && pair.big_squared >= 0.0 &&
          std::isfinite(pair.small_squared + pair.big_squared))) {
      throw DataError(fmt::format("gradient noise: squared lengths {} and {} must be >= 0",
                                  pair.small_squared, pair.big_squared));
    }
    sums.small += pair.small_squared;
    sums.big += pair.big_squared;
  }
  const auto count = static_cast<double>(pairs.size());
  GradientNoise noise = from_means(sums.small / count, sums.big / count, small, big);
  if (pairs.size() < 2 || !std::isfinite(noise.scale.value)) return noise;
  std::vector<double> left_out;
  for (const BatchPair& pair : pairs) {
    left_out.push_back(from_means((sums.small - pair.small_squared) / (count - 1.0),
                                  (sums.big - pair.big_squared) / (count - 1.0), small, big)
                           .scale.value);
  }
  noise.scale.standard_error = jackknife_error(left_out);
  return noise;
}

template <class Scalar>
GradientNoise gradient_noise(const math::MatrixView<Scalar>& gradients) {
  if (gradients.rows < 2 || gradients.columns == 0) {
    throw DataError(
        fmt::format("gradient noise needs the gradients of at least two examples, got {} x {}",
                    gradients.rows, gradients.columns));
  }
  std::vector<double> sum(gradients.columns, 0.0);
  std::vector<double> own(gradients.rows, 0.0);
  double squares = 0.0;
  for (std::size_t i = 0; i < gradients.rows; ++i) {
    for (std::size_t j = 0; j < gradients.columns; ++j) {
      const double value = gradients(i, j);
      sum[j] += value;
      own[i] += value * value;
    }
    squares += own[i];
  }
  double sum_squared = 0.0;
  for (const double value : sum) sum_squared += value * value;
  const auto count = static_cast<double>(gradients.rows);
  GradientNoise noise = from_sums(count, squares, sum_squared);
  if (gradients.rows < 3 || !std::isfinite(noise.scale.value)) return noise;
  std::vector<double> left_out(gradients.rows);
  for (std::size_t i = 0; i < gradients.rows; ++i) {
    double inner = 0.0;  // gᵢ · Σg
    for (std::size_t j = 0; j < gradients.columns; ++j) inner += gradients(i, j) * sum[j];
    left_out[i] =
        from_sums(count - 1.0, squares - own[i], sum_squared - 2.0 * inner + own[i]).scale.value;
  }
  noise.scale.standard_error = jackknife_error(left_out);
  return noise;
}

void to_json(Json& json, const GradientNoise& noise) {
  json = Json{{"gradient_squared", number_or_null(noise.gradient_squared)},
              {"noise", number_or_null(noise.noise)},
              {"scale", noise.scale}};
}

template GradientNoise gradient_noise(const math::MatrixView<float>&);
template GradientNoise gradient_noise(const math::MatrixView<double>&);

}  // namespace emdyn::probe
