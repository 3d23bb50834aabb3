#include "emdyn/probe/measures.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "emdyn/core/error.hpp"

namespace emdyn::probe {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Eigen::Index index(std::size_t i) { return static_cast<Eigen::Index>(i); }

template <class Scalar>
Matrix copy(const math::MatrixView<Scalar>& view) {
  Matrix matrix(index(view.rows), index(view.columns));
  for (std::size_t i = 0; i < view.rows; ++i) {
    for (std::size_t j = 0; j < view.columns; ++j) matrix(index(i), index(j)) = view(i, j);
  }
  return matrix;
}

template <class Scalar>
void require_entries(const math::MatrixView<Scalar>& view, std::string_view what) {
  if (view.size() == 0) {
    throw DataError(fmt::format("{} of an empty matrix ({} x {})", what, view.rows, view.columns));
  }
}

constexpr std::array kProbes = {
    ProbeInfo{"weight_norm", "Frobenius norm of a layer's weights",
              "Liu et al., Omnigrok: Grokking Beyond Algorithmic Data, 2022", "rows * columns"},
    ProbeInfo{"activation_mean", "mean of hidden activations", "", "samples * units"},
    ProbeInfo{"activation_variance", "population variance of hidden activations", "",
              "samples * units"},
    ProbeInfo{"activation_kurtosis", "fourth standardised moment of hidden activations", "",
              "samples * units"},
    ProbeInfo{"dead_fraction", "share of units that never activate on the sample", "",
              "samples * units"},
    ProbeInfo{"effective_rank", "exp of the entropy of the singular values",
              "Roy and Vetterli, The effective rank, EUSIPCO 2007",
              "rows * columns * min + 9 min^3"},
    ProbeInfo{"fourier_gini", "Gini coefficient of the embedding's power per frequency",
              "Nanda et al., Progress measures for grokking, 2023", "2 tokens^2 * units"},
    ProbeInfo{"fourier_top_share", "share of the embedding's power in its strongest frequencies",
              "Nanda et al., Progress measures for grokking, 2023", "2 tokens^2 * units"},
};

}  // namespace

template <class Scalar>
double frobenius_norm(const math::MatrixView<Scalar>& matrix) noexcept {
  double sum = 0.0;
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    for (std::size_t j = 0; j < matrix.columns; ++j) sum += matrix(i, j) * matrix(i, j);
  }
  return std::sqrt(sum);
}

template <class Scalar>
ActivationStats activation_stats(const math::MatrixView<Scalar>& activations, double dead_below) {
  require_entries(activations, "activation statistics");
  const auto count = static_cast<double>(activations.size());
  std::vector<unsigned char> alive(activations.columns, 0);
  double sum = 0.0;
  for (std::size_t i = 0; i < activations.rows; ++i) {
    for (std::size_t j = 0; j < activations.columns; ++j) {
      const double value = activations(i, j);
      sum += value;
      if (!(std::abs(value) <= dead_below)) alive[j] = 1;
    }
  }
  ActivationStats stats;
  stats.mean = sum / count;
  double second = 0.0;
  double fourth = 0.0;
  for (std::size_t i = 0; i < activations.rows; ++i) {
    for (std::size_t j = 0; j < activations.columns; ++j) {
      const double square = (activations(i, j) - stats.mean) * (activations(i, j) - stats.mean);
      second += square;
      fourth += square * square;
    }
  }
  stats.variance = second / count;
  stats.kurtosis =
      second > 0.0 ? fourth * count / (second * second) : std::numeric_limits<double>::quiet_NaN();
  const auto living = std::count(alive.begin(), alive.end(), 1);
  stats.dead_fraction = 1.0 - static_cast<double>(living) / static_cast<double>(alive.size());
  return stats;
}

template <class Scalar>
std::vector<double> singular_values(const math::MatrixView<Scalar>& view) {
  require_entries(view, "singular values");
  const Matrix matrix = copy(view);
  if (!matrix.allFinite()) {
    return std::vector<double>(std::min(view.rows, view.columns),
                               std::numeric_limits<double>::quiet_NaN());
  }
  const Matrix gram = view.rows < view.columns ? Matrix(matrix * matrix.transpose())
                                               : Matrix(matrix.transpose() * matrix);
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(gram, Eigen::EigenvaluesOnly);
  std::vector<double> values(static_cast<std::size_t>(gram.rows()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[values.size() - 1 - i] = std::sqrt(std::max(0.0, solver.eigenvalues()(index(i))));
  }
  return values;
}

double effective_rank(std::span<const double> values) noexcept {
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  if (sum == 0.0) return 0.0;
  double entropy = 0.0;
  for (const double value : values) {
    const double share = value / sum;
    if (share != 0.0) entropy -= share * std::log(share);
  }
  return std::exp(entropy);
}

template <class Scalar>
double effective_rank(const math::MatrixView<Scalar>& matrix) {
  return effective_rank(singular_values(matrix));
}

FourierProbe::FourierProbe(std::size_t rows, std::size_t top) : rows_(rows), top_(top) {
  if (rows < 3 || top < 1) {
    throw ConfigError(fmt::format(
        "Fourier concentration needs at least 3 rows and 1 top frequency, got {} and {}", rows,
        top));
  }
  for (std::size_t k = 1; k <= rows / 2; ++k) {
    for (const bool sine : {false, true}) {
      for (std::size_t i = 0; i < rows; ++i) {
        const double angle =
            2.0 * std::numbers::pi * static_cast<double>(k * i % rows) / static_cast<double>(rows);
        waves_.push_back(sine ? std::sin(angle) : std::cos(angle));
      }
    }
  }
}

template <class Scalar>
FourierConcentration FourierProbe::measure(const math::MatrixView<Scalar>& embedding,
                                           std::span<const std::uint32_t> order) const {
  if ((order.empty() && embedding.rows != rows_) || (!order.empty() && order.size() != rows_)) {
    throw DataError(fmt::format("Fourier concentration was made for {} rows, got {}", rows_,
                                order.empty() ? embedding.rows : order.size()));
  }
  Matrix values(index(rows_), index(embedding.columns));
  for (std::size_t i = 0; i < rows_; ++i) {
    const std::size_t row = order.empty() ? i : order[i];
    if (row >= embedding.rows) {
      throw DataError(fmt::format("row {} is beyond the embedding's {}", row, embedding.rows));
    }
    for (std::size_t j = 0; j < embedding.columns; ++j) {
      values(index(i), index(j)) = embedding(row, j);
    }
  }
  values.rowwise() -= values.colwise().mean().eval();
  const std::size_t frequencies = rows_ / 2;
  const Eigen::Map<const Matrix> waves(waves_.data(), index(2 * frequencies), index(rows_));
  const Matrix transform = waves * values;
  FourierConcentration result;
  result.power.resize(frequencies);
  for (std::size_t k = 0; k < frequencies; ++k) {
    result.power[k] =
        transform.row(index(2 * k)).squaredNorm() + transform.row(index(2 * k + 1)).squaredNorm();
  }
  const double total = std::accumulate(result.power.begin(), result.power.end(), 0.0);
  if (total == 0.0) return result;
  result.gini = gini(result.power);
  std::vector<double> sorted = result.power;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  const auto top = sorted.begin() + static_cast<std::ptrdiff_t>(std::min(top_, sorted.size()));
  result.top_share = std::accumulate(sorted.begin(), top, 0.0) / total;
  return result;
}

double gini(std::vector<double> values) noexcept {
  std::sort(values.begin(), values.end());
  const auto count = static_cast<double>(values.size());
  double sum = 0.0;
  double weighted = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += values[i];
    weighted += (2.0 * (static_cast<double>(i) + 1.0) - count - 1.0) * values[i];
  }
  return sum == 0.0 ? 0.0 : weighted / (count * sum);
}

std::span<const ProbeInfo> probes() noexcept { return kProbes; }

template double frobenius_norm(const math::MatrixView<float>&) noexcept;
template double frobenius_norm(const math::MatrixView<double>&) noexcept;
template ActivationStats activation_stats(const math::MatrixView<float>&, double);
template ActivationStats activation_stats(const math::MatrixView<double>&, double);
template std::vector<double> singular_values(const math::MatrixView<float>&);
template std::vector<double> singular_values(const math::MatrixView<double>&);
template double effective_rank(const math::MatrixView<float>&);
template double effective_rank(const math::MatrixView<double>&);
template FourierConcentration FourierProbe::measure(const math::MatrixView<float>&,
                                                    std::span<const std::uint32_t>) const;
template FourierConcentration FourierProbe::measure(const math::MatrixView<double>&,
                                                    std::span<const std::uint32_t>) const;

}  // namespace emdyn::probe
