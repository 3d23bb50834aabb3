#include "emdyn/emergence/warning/joint_warning.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <cmath>
#include <limits>
#include <numbers>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/math/kendall.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::emergence {
namespace {

using Matrix = Eigen::MatrixXd;
using JointValues = std::array<double, kJointIndicatorNames.size()>;

constexpr Eigen::Index kComponents = 3;  // More states than a window of a hundred bears.
constexpr Eigen::Index kDelays = 4;
constexpr Eigen::Index kModes = 6;
constexpr double kLocality = 1.0;  // θ of the S-map, in mean distances.
constexpr double kRidge = 1e-6;    // Of the variance: keeps equal states apart from singular.
constexpr std::size_t kFewestTrendValues = 5;
constexpr std::uint64_t kJointStream = 0x4a4f494e000000ULL;

/// Columns less their least-squares lines.
Matrix without_lines(const Matrix& rows) {
  const Eigen::VectorXd time =
      Eigen::VectorXd::LinSpaced(rows.rows(), -0.5 * static_cast<double>(rows.rows() - 1),
                                 0.5 * static_cast<double>(rows.rows() - 1));
  const Matrix centred = rows.rowwise() - rows.colwise().mean();
  const Eigen::RowVectorXd slopes = time.transpose() * centred / time.squaredNorm();
  return centred - time * slopes;
}

/// Leading principal components of residuals, [rows, components].
Matrix leading_components(const Matrix& residuals, const Matrix& vectors) {
  const Eigen::Index kept = std::min(kComponents, residuals.cols());
  return residuals * vectors.rightCols(kept);
}

double jacobian_eigenvalue(const Matrix& states) {
  const Eigen::Index steps = states.rows() - 1;
  const Matrix before = states.topRows(steps), after = states.bottomRows(steps);
  const Eigen::VectorXd distances = (before.rowwise() - states.row(steps)).rowwise().norm();
  const double mean = distances.mean();
  if (!(mean > 0.0)) return std::numeric_limits<double>::quiet_NaN();
  const Eigen::VectorXd weights = (-kLocality / mean * distances).array().exp();
  const Matrix weighted = before.array().colwise() * weights.array();
  Matrix gram = weighted.transpose() * before;
  gram.diagonal().array() += kRidge * gram.trace();
  const Matrix map = gram.ldlt().solve(weighted.transpose() * after);
  return map.eigenvalues().cwiseAbs().maxCoeff();
}

double prediction_residual(const Matrix& states) {
  const Eigen::Index rows = states.rows() - kDelays + 1, width = states.cols() * kDelays;
  Matrix hankel(rows, width);
  for (Eigen::Index d = 0; d < kDelays; ++d)
    hankel.middleCols(d * states.cols(), states.cols()) = states.middleRows(d, rows);
  const Eigen::SelfAdjointEigenSolver<Matrix> modes(hankel.transpose() * hankel);
  const Matrix reduced = hankel * modes.eigenvectors().rightCols(std::min(kModes, width));
  const Matrix before = reduced.topRows(rows - 1), after = reduced.bottomRows(rows - 1);
  Matrix gram = before.transpose() * before;
  gram.diagonal().array() += kRidge * gram.trace();
  const Matrix map = gram.ldlt().solve(before.transpose() * after);
  // The newest states only: the delayed ones are known already.
  const Matrix predicted =
      before * map *
      modes.eigenvectors().rightCols(std::min(kModes, width)).bottomRows(states.cols()).transpose();
  const Matrix actual = hankel.bottomRightCorner(rows - 1, states.cols());
  const double all = actual.squaredNorm();
  return all > 0.0 ? (actual - predicted).squaredNorm() / all
                   : std::numeric_limits<double>::quiet_NaN();
}

JointValues joint_values(const Matrix& window) {
  const Matrix residuals = without_lines(window);
  const Matrix covariance =
      residuals.transpose() * residuals / static_cast<double>(residuals.rows() - 2);
  const Eigen::SelfAdjointEigenSolver<Matrix> solved(covariance);
  const double largest = solved.eigenvalues()(covariance.rows() - 1);
  JointValues values;
  values.fill(std::numeric_limits<double>::quiet_NaN());
  values[0] = largest;
  if (!(largest > 0.0)) return values;
  values[1] = largest / covariance.trace();
  const Eigen::VectorXd deviations = covariance.diagonal().cwiseMax(0.0).cwiseSqrt();
  double correlation = 0.0, pairs = 0.0;
  for (Eigen::Index i = 0; i < covariance.rows(); ++i) {
    for (Eigen::Index j = i + 1; j < covariance.cols(); ++j) {
      const double scale = deviations(i) * deviations(j);
      if (scale > 0.0) correlation += std::fabs(covariance(i, j)) / scale;
      pairs += 1.0;
    }
  }
  values[2] = deviations.mean() * correlation / pairs;
  const Matrix states = leading_components(residuals, solved.eigenvectors());
  values[3] = jacobian_eigenvalue(states);
  values[4] = prediction_residual(states);
  return values;
}

std::vector<JointValues> roll_joint(const Matrix& rows, Eigen::Index window, Eigen::Index stride) {
  std::vector<JointValues> all;
  for (Eigen::Index end = window; end <= rows.rows(); end += stride)
    all.push_back(joint_values(rows.middleRows(end - window, window)));
  return all;
}

double joint_trend(const std::vector<JointValues>& rows, std::size_t k) {
  std::vector<double> x, y;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!std::isfinite(rows[i][k])) continue;
    x.push_back(static_cast<double>(i));
    y.push_back(rows[i][k]);
  }
  if (y.size() < kFewestTrendValues) return 0.0;
  const double tau = math::kendall_tau(x, y);
  return std::isnan(tau) ? 0.0 : tau;
}

/// Rows without a gap; signals in units of their deviation in the first window, those that do not
/// change in it left out.
struct JointRows {
  Matrix values{};
  std::vector<double> positions{};
};
JointRows joint_rows(const Eigen::Ref<const Matrix>& signals, std::span<const double> positions,
                     Eigen::Index window) {
  std::vector<Eigen::Index> complete;
  JointRows out;
  for (Eigen::Index i = 0; i < signals.rows(); ++i) {
    if (!signals.row(i).allFinite()) continue;
    complete.push_back(i);
    out.positions.push_back(positions[static_cast<std::size_t>(i)]);
  }
  const Matrix all = signals(complete, Eigen::all);
  if (all.rows() < window) return out;
  const Matrix first = without_lines(all.topRows(window));
  std::vector<Eigen::Index> changing;
  for (Eigen::Index j = 0; j < all.cols(); ++j) {
    const double scale = all.col(j).cwiseAbs().maxCoeff();
    if (first.col(j).norm() > 1e-10 * scale) changing.push_back(j);
  }
  out.values = all(Eigen::all, changing);
  for (std::size_t j = 0; j < changing.size(); ++j) {
    const double deviation =
        first.col(changing[j]).norm() / std::sqrt(static_cast<double>(window - 2));
    out.values.col(static_cast<Eigen::Index>(j)) /= deviation;
  }
  return out;
}

/// What disjoint windows leave, stacked: a stationary stretch as long as whole windows fit.
Matrix stationary_rows(const Matrix& rows, Eigen::Index window) {
  const Eigen::Index windows = rows.rows() / window, skipped = rows.rows() - windows * window;
  Matrix out(windows * window, rows.cols());
  for (Eigen::Index w = 0; w < windows; ++w)
    out.middleRows(w * window, window) =
        without_lines(rows.middleRows(skipped + w * window, window));
  return out;
}

Matrix joint_surrogate(const Matrix& stationary, Eigen::Index rows, Philox random) {
  std::vector<double> phases(static_cast<std::size_t>(stationary.rows()) / 2 + 1);
  for (double& phase : phases) phase = 2.0 * std::numbers::pi * random.uniform();
  Matrix out(rows, stationary.cols());
  for (Eigen::Index j = 0; j < stationary.cols(); ++j) {
    const std::vector<double> column(stationary.col(j).begin(), stationary.col(j).end());
    const std::vector<double> turned = with_phases(column, phases);
    for (Eigen::Index i = 0; i < rows; ++i)
      out(i, j) = turned[static_cast<std::size_t>(i % stationary.rows())];
  }
  return out;
}

void require_joint_positions(std::span<const double> positions, Eigen::Index rows) {
  if (positions.size() != static_cast<std::size_t>(rows)) {
    throw DataError(fmt::format("joint_warning: {} positions for {} rows", positions.size(), rows));
  }
  for (std::size_t i = 1; i < positions.size(); ++i) {
    if (!(positions[i] >= positions[i - 1]))
      throw DataError(fmt::format("joint_warning: position {} goes back", positions[i]));
  }
}

}  // namespace

EarlyWarning joint_warning(const Eigen::Ref<const Eigen::MatrixXd>& signals,
                           std::span<const double> positions, const EarlyWarningOptions& options) {
  checked(EarlyWarningOptions::kName, kEarlyWarningFields, options);
  require_joint_positions(positions, signals.rows());
  const Eigen::Index window = options.window;
  const JointRows rows = joint_rows(signals, positions, window);
  EarlyWarning warning;
  warning.window = static_cast<std::size_t>(window);
  warning.points = rows.positions.size();
  if (rows.values.rows() < 2 * window || rows.values.cols() < 2) {
    warning.note = fmt::format(
        "{} rows without gaps of {} changing signals; two windows of {} and two signals are needed",
        warning.points, rows.values.cols(), window);
    return warning;
  }
  const Eigen::Index stride =
      options.stride > 0 ? options.stride
                         : std::max<Eigen::Index>({1, window / 10, rows.values.rows() / 80});
  const auto found = roll_joint(rows.values, window, stride);
  const auto replicates = static_cast<std::size_t>(options.replicates);
  const Matrix stationary = stationary_rows(rows.values, window);
  std::vector<std::vector<JointValues>> surrogates(replicates);
  parallel_for(replicates, [&](std::size_t i) {
    const Philox random(static_cast<std::uint64_t>(options.seed), kJointStream + i);
    surrogates[i] =
        roll_joint(joint_surrogate(stationary, rows.values.rows(), random), window, stride);
  });
  for (std::size_t i = 0; i < found.size(); ++i)
    warning.positions.push_back(rows.positions[static_cast<std::size_t>(
        window - 1 + static_cast<Eigen::Index>(i) * stride)]);
  for (std::size_t k = 0; k < kJointIndicatorNames.size(); ++k) {
    Indicator indicator;
    indicator.name = kJointIndicatorNames[k];
    indicator.slowing = kJointIndicatorSlowing[k];
    for (const JointValues& row : found) indicator.values.push_back(row[k]);
    indicator.tau = joint_trend(found, k);
    std::vector<double> column;
    for (const auto& each : surrogates) column.push_back(joint_trend(each, k));
    if (!column.empty()) indicator.p_value = trend_p_value(column, indicator.tau);
    for (std::size_t row = 0; row < found.size() && !column.empty(); ++row) {
      for (std::size_t i = 0; i < replicates; ++i) column[i] = surrogates[i][row][k];
      indicator.low.push_back(math::quantile(column, 0.5 * (1.0 - options.level)));
      indicator.high.push_back(math::quantile(column, 0.5 * (1.0 + options.level)));
    }
    warning.indicators.push_back(std::move(indicator));
  }
  return warning;
}

}  // namespace emdyn::emergence
