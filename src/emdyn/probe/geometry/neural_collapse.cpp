#include "emdyn/probe/geometry/neural_collapse.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/probe/geometry/dense.hpp"

namespace emdyn::probe {
namespace {

using dense::index;
using dense::RowMajor;
using Vector = Eigen::VectorXd;

constexpr std::size_t kGroups = 10;
constexpr std::uint32_t kMostClasses = 1U << 20;

/// The samples by class, and the group that each belongs to in the jackknife.
struct Classes {
  std::size_t count = 0;
  std::size_t least = 0;  ///< Samples of the smallest class.
  std::span<const std::uint32_t> labels{};
  std::vector<std::size_t> groups{};
};

Classes classes_of(std::span<const std::uint32_t> labels, std::size_t samples) {
  if (labels.size() != samples || samples == 0) {
    throw DataError(
        fmt::format("neural collapse: {} labels for {} samples", labels.size(), samples));
  }
  const std::uint32_t largest = *std::ranges::max_element(labels);
  if (largest == 0 || largest >= kMostClasses || largest >= samples) {
    throw DataError(fmt::format(
        "neural collapse needs at least two classes, each with samples; the largest label of {} "
        "samples is {}",
        samples, largest));
  }
  Classes classes{largest + std::size_t{1}, 0, labels, std::vector<std::size_t>(samples)};
  std::vector<std::size_t> members(classes.count, 0);
  for (std::size_t i = 0; i < samples; ++i) classes.groups[i] = members[labels[i]]++ % kGroups;
  for (std::size_t c = 0; c < classes.count; ++c) {
    if (members[c] >= 2) continue;
    throw DataError(
        fmt::format("neural collapse needs at least two samples of each class, class {} has {}", c,
                    members[c]));
  }
  classes.least = *std::ranges::min_element(members);
  return classes;
}

/// Means of the classes over the samples outside `left_out` (kGroups leaves none out).
RowMajor class_means(const RowMajor& features, const Classes& classes, std::size_t left_out) {
  RowMajor means = RowMajor::Zero(index(classes.count), features.cols());
  Vector counts = Vector::Zero(index(classes.count));
  for (std::size_t i = 0; i < classes.labels.size(); ++i) {
    if (classes.groups[i] == left_out) continue;
    means.row(classes.labels[i]) += features.row(index(i));
    counts(classes.labels[i]) += 1.0;
  }
  return counts.cwiseInverse().asDiagonal() * means;
}

RowMajor about_their_mean(const RowMajor& means) {
  return means.rowwise() - means.colwise().mean();
}

/// tr(Σ_W Σ_B⁺)/C, through the C x C Gram matrix of centred means: Σ_B has no more directions.
double within_variability(const RowMajor& features, const Classes& classes, std::size_t left_out) {
  const RowMajor means = class_means(features, classes, left_out);
  const RowMajor spread = about_their_mean(means);
  const Eigen::SelfAdjointEigenSolver<RowMajor> solver(spread * spread.transpose());
  const Vector& values = solver.eigenvalues();
  const double largest = values(values.size() - 1);
  if (!std::isfinite(largest)) return kUndefined;
  const double least = largest * static_cast<double>(classes.count) * 1e-14;
  if (!(largest > 0.0)) return std::numeric_limits<double>::infinity();
  RowMajor directions = spread.transpose() * solver.eigenvectors();  // Columns u_k s_k.
  for (Eigen::Index k = 0; k < values.size(); ++k) {
    // (h·u_k/s_k)² = (h·(u_k s_k))²/s_k⁴, and s_k² is the eigenvalue.
    directions.col(k) *= values(k) > least ? 1.0 / values(k) : 0.0;
  }
  double sum = 0.0;
  double samples = 0.0;
  for (std::size_t i = 0; i < classes.labels.size(); ++i) {
    if (classes.groups[i] == left_out) continue;
    const Eigen::RowVectorXd deviation = features.row(index(i)) - means.row(classes.labels[i]);
    sum += (deviation * directions).squaredNorm();
    samples += 1.0;
  }
  // Σ_B is the mean over C classes, which cancels the division by C.
  return sum / samples;
}

struct Frame {
  double equinorm = 0.0;
  double equiangle = 0.0;
  double max_angle = 0.0;
};

double deviation(const std::vector<double>& values, double mean) {
  double sum = 0.0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

/// How far rows are from an equiangular tight frame.
Frame frame(const RowMajor& rows) {
  const Vector norms = rows.rowwise().norm();
  const double mean_norm = norms.mean();
  std::vector<double> lengths(norms.begin(), norms.end());
  std::vector<double> cosines;
  const double ideal = -1.0 / static_cast<double>(rows.rows() - 1);
  double off = 0.0;
  double sum = 0.0;
  for (Eigen::Index a = 0; a < rows.rows(); ++a) {
    for (Eigen::Index b = 0; b < a; ++b) {
      cosines.push_back(rows.row(a).dot(rows.row(b)) / (norms(a) * norms(b)));
      off += std::abs(cosines.back() - ideal);
      sum += cosines.back();
    }
  }
  const auto pairs = static_cast<double>(cosines.size());
  return {deviation(lengths, mean_norm) / mean_norm, deviation(cosines, sum / pairs), off / pairs};
}

template <class Scalar>
Estimate disagreement(const RowMajor& features, const RowMajor& means, const RowMajor& weights,
                      std::span<const Scalar> bias) {
  const Vector lengths = means.rowwise().squaredNorm();
  std::size_t different = 0;
  for (Eigen::Index i = 0; i < features.rows(); ++i) {
    Vector logits = weights * features.row(i).transpose();
    for (std::size_t c = 0; c < bias.size(); ++c) logits(index(c)) += static_cast<double>(bias[c]);
    const Vector distances = lengths - 2.0 * means * features.row(i).transpose();
    Eigen::Index chosen = 0;
    Eigen::Index nearest = 0;
    logits.maxCoeff(&chosen);
    distances.minCoeff(&nearest);
    different += chosen != nearest ? 1 : 0;
  }
  const auto samples = static_cast<double>(features.rows());
  const double share = static_cast<double>(different) / samples;
  return {share, std::sqrt(share * (1.0 - share) / samples)};
}

}  // namespace

template <class Scalar>
NeuralCollapse neural_collapse(const math::MatrixView<Scalar>& features,
                               std::span<const std::uint32_t> labels,
                               const std::optional<LastLayer<Scalar>>& last) {
  const Classes classes = classes_of(labels, features.rows);
  if (features.columns == 0) throw DataError("neural collapse: features without units");
  if (last && (last->weights.rows != classes.count || last->weights.columns != features.columns ||
               (!last->bias.empty() && last->bias.size() != classes.count))) {
    throw DataError(fmt::format(
        "neural collapse: a classifier of {} x {} with {} biases does not fit {} classes of {} "
        "units",
        last->weights.rows, last->weights.columns, last->bias.size(), classes.count,
        features.columns));
  }
  const RowMajor values = dense::copy(features);
  const RowMajor means = class_means(values, classes, kGroups);
  NeuralCollapse result;
  result.classes = classes.count;
  result.samples = features.rows;
  result.within_variability.value = within_variability(values, classes, kGroups);
  // Leaving a group out must leave two samples of each class.
  if (classes.least >= 4 && std::isfinite(result.within_variability.value)) {
    std::vector<double> left_out;
    const std::size_t groups = std::min(kGroups, classes.least);
    for (std::size_t g = 0; g < groups; ++g) {
      left_out.push_back(within_variability(values, classes, g));
    }
    result.within_variability.standard_error = jackknife_error(left_out);
  }
  const RowMajor spread = about_their_mean(means);
  const Frame of_means = frame(spread);
  result.mean_equinorm = of_means.equinorm;
  result.mean_equiangle = of_means.equiangle;
  result.mean_max_angle = of_means.max_angle;
  if (!last) return result;
  const RowMajor weights = dense::copy(last->weights);
  const Frame of_weights = frame(weights);
  result.weight_equinorm = of_weights.equinorm;
  result.weight_equiangle = of_weights.equiangle;
  result.weight_max_angle = of_weights.max_angle;
  result.self_duality = (weights / weights.norm() - spread / spread.norm()).squaredNorm();
  result.disagreement =
      values.allFinite() ? disagreement(values, means, weights, last->bias) : Estimate{};
  return result;
}

void to_json(Json& json, const NeuralCollapse& collapse) {
  json =
      Json{{"within_variability", collapse.within_variability},
           {"mean_equinorm", number_or_null(collapse.mean_equinorm)},
           {"mean_equiangle", number_or_null(collapse.mean_equiangle)},
           {"mean_max_angle", number_or_null(collapse.mean_max_angle)},
           {"weight_equinorm", number_or_null(collapse.weight_equinorm)},
           {"weight_equiangle", number_or_null(collapse.weight_equiangle)},
           {"weight_max_angle", number_or_null(collapse.weight_max_angle)},
           {"self_duality", number_or_null(collapse.self_duality)},
           {"disagreement", collapse.disagreement ? Json(*collapse.disagreement) : Json(nullptr)},
           {"classes", collapse.classes},
           {"samples", collapse.samples}};
}

template NeuralCollapse neural_collapse(const math::MatrixView<float>&,
                                        std::span<const std::uint32_t>,
                                        const std::optional<LastLayer<float>>&);
template NeuralCollapse neural_collapse(const math::MatrixView<double>&,
                                        std::span<const std::uint32_t>,
                                        const std::optional<LastLayer<double>>&);

}  // namespace emdyn::probe
