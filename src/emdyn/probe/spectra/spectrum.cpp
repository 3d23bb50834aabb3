#include "emdyn/probe/spectra/spectrum.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/math/gram.hpp"

namespace emdyn::probe {
namespace {

template <class Scalar>
bool all_finite(const math::MatrixView<Scalar>& view) noexcept {
  for (std::size_t i = 0; i < view.rows; ++i) {
    for (std::size_t j = 0; j < view.columns; ++j) {
      if (!std::isfinite(view(i, j))) return false;
    }
  }
  return true;
}

std::vector<double> eigenvalues(const std::vector<double>& gram, std::size_t size) {
  const auto extent = static_cast<Eigen::Index>(size);
  const Eigen::Map<const Eigen::MatrixXd> symmetric(gram.data(), extent, extent);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(symmetric, Eigen::EigenvaluesOnly);
  std::vector<double> values(size, std::numeric_limits<double>::quiet_NaN());
  if (solver.info() != Eigen::Success) return values;
  const double least = solver.eigenvalues()(extent - 1) * static_cast<double>(size) *
                       std::numeric_limits<double>::epsilon();
  for (std::size_t i = 0; i < size; ++i) {
    const double value = solver.eigenvalues()(static_cast<Eigen::Index>(i));
    values[size - 1 - i] = value > least ? value : 0.0;
  }
  return values;
}

}  // namespace

bool Spectrum::finite() const noexcept {
  return std::ranges::all_of(eigenvalues, [](double value) { return std::isfinite(value); });
}

std::size_t Spectrum::numerical_rank() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(eigenvalues, [](double value) { return value > 0.0; }));
}

template <class Scalar>
Spectrum spectrum(const math::MatrixView<Scalar>& weights) {
  if (weights.size() == 0) {
    throw DataError(
        fmt::format("spectrum of an empty matrix ({} x {})", weights.rows, weights.columns));
  }
  Spectrum found{weights.rows, weights.columns, {}};
  const std::size_t size = found.smaller();
  if (!all_finite(weights)) {
    found.eigenvalues.assign(size, std::numeric_limits<double>::quiet_NaN());
    return found;
  }
  const math::MatrixView<Scalar> transposed{weights.data, weights.columns, weights.rows,
                                            weights.column_stride, weights.row_stride};
  found.eigenvalues =
      eigenvalues(math::gram(weights.rows < weights.columns ? transposed : weights), size);
  return found;
}

template <class Scalar>
double frobenius_norm(const math::MatrixView<Scalar>& matrix) noexcept {
  double sum = 0.0;
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    for (std::size_t j = 0; j < matrix.columns; ++j) sum += matrix(i, j) * matrix(i, j);
  }
  return std::sqrt(sum);
}

double effective_rank(const Spectrum& spectrum) noexcept {
  double nuclear = 0.0;
  for (const double value : spectrum.eigenvalues) nuclear += std::sqrt(value);
  if (nuclear == 0.0) return 0.0;
  double entropy = 0.0;
  for (const double value : spectrum.eigenvalues) {
    const double share = std::sqrt(value) / nuclear;
    if (share != 0.0) entropy -= share * std::log(share);
  }
  return std::exp(entropy);
}

template <class Scalar>
double effective_rank(const math::MatrixView<Scalar>& matrix) {
  return effective_rank(spectrum(matrix));
}

RankMeasures rank_measures(const Spectrum& spectrum) {
  double sum = 0.0;
  double squares = 0.0;
  for (const double value : spectrum.eigenvalues) {
    sum += value;
    squares += value * value;
  }
  RankMeasures measures;
  measures.frobenius_norm = std::sqrt(sum);
  measures.log_norm = std::log10(measures.frobenius_norm);
  if (sum == 0.0) return measures;
  measures.spectral_norm = std::sqrt(spectrum.eigenvalues[0]);
  measures.stable_rank = sum / spectrum.eigenvalues[0];
  measures.participation_ratio = sum / squares * sum;
  measures.numerical_rank = spectrum.numerical_rank();
  measures.effective_rank = effective_rank(spectrum);
  return measures;
}

void to_json(Json& json, const RankMeasures& measures) {
  json = Json{{"frobenius_norm", number_or_null(measures.frobenius_norm)},
              {"spectral_norm", number_or_null(measures.spectral_norm)},
              {"log_norm", number_or_null(measures.log_norm)},
              {"stable_rank", number_or_null(measures.stable_rank)},
              {"effective_rank", number_or_null(measures.effective_rank)},
              {"participation_ratio", number_or_null(measures.participation_ratio)},
              {"numerical_rank", measures.numerical_rank}};
}

template Spectrum spectrum(const math::MatrixView<float>&);
template Spectrum spectrum(const math::MatrixView<double>&);
template double frobenius_norm(const math::MatrixView<float>&) noexcept;
template double frobenius_norm(const math::MatrixView<double>&) noexcept;
template double effective_rank(const math::MatrixView<float>&);
template double effective_rank(const math::MatrixView<double>&);

}  // namespace emdyn::probe
