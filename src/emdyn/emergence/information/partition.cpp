// Systems of more than two parts: the cut that loses least, and coarse-graining.
#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/information/gaussian.hpp"
#include "emdyn/emergence/information/phiid.hpp"

namespace emdyn::emergence::information {
namespace {

constexpr std::size_t kMostCutSignals = 12;

/// The halves with signal 0 in the first, so that no cut comes twice.
std::vector<std::vector<bool>> all_cuts(std::size_t n) {
  std::vector<std::vector<bool>> cuts;
  for (std::size_t mask = 1; mask < std::size_t{1} << (n - 1); ++mask) {
    std::vector<bool> second(n, false);
    for (std::size_t j = 1; j < n; ++j) second[j] = (mask >> (j - 1) & 1U) != 0;
    cuts.push_back(std::move(second));
  }
  return cuts;
}

/// Cuts along the sorted second eigenvector of the Laplacian of |correlation| (Fiedler 1973), and
/// each signal against the rest.
std::vector<std::vector<bool>> likely_cuts(const Eigen::MatrixXd& correlation) {
  const Eigen::Index n = correlation.rows();
  Eigen::MatrixXd laplacian = -correlation.cwiseAbs();
  laplacian.diagonal().setZero();
  const Eigen::VectorXd degree = -laplacian.rowwise().sum();
  laplacian.diagonal() = degree;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(laplacian);
  const Eigen::VectorXd fiedler = solver.eigenvectors().col(1);
  Parts order = all_of(static_cast<std::size_t>(n));
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return fiedler(static_cast<Eigen::Index>(a)) < fiedler(static_cast<Eigen::Index>(b));
  });
  std::vector<std::vector<bool>> cuts;
  for (std::size_t size = 1; size < order.size(); ++size) {
    std::vector<bool> second(order.size(), false);
    for (std::size_t i = 0; i < size; ++i) second[order[i]] = true;
    cuts.push_back(std::move(second));
  }
  for (std::size_t j = 0; j < order.size(); ++j) {
    std::vector<bool> second(order.size(), false);
    second[j] = true;
    cuts.push_back(std::move(second));
  }
  return cuts;
}

Bipartition bipartition_of(const std::vector<bool>& second) {
  Bipartition cut;
  for (std::size_t j = 0; j < second.size(); ++j) {
    (second[j] ? cut.second : cut.first).push_back(j);
  }
  return cut;
}

Parts shifted(const Parts& group, std::size_t by) {
  Parts later = group;
  for (std::size_t& member : later) member += by;
  return later;
}

}  // namespace

Bipartition least_integrated_cut(const SignalsView& signals, std::size_t lag) {
  const auto n = static_cast<std::size_t>(signals.cols());
  if (n < 2) {
    throw DataError(
        fmt::format("least_integrated_cut: {} parts were given; at least 2 are needed", n));
  }
  require_usable("least_integrated_cut", signals, lag + 4 * n + 4);
  const StepPairs steps = steps_of(standardised(signals), lag);
  Signals rows(steps.before.rows(), 2 * signals.cols());
  rows << steps.before, steps.after;
  const EntropyOf entropy =
      gaussian_entropies(covariance_of(rows), static_cast<std::size_t>(rows.rows()));
  const auto stored = [&](const Parts& group) {
    return mutual_information(entropy, group, shifted(group, n));
  };
  const double whole = stored(all_of(n));
  const std::vector<std::vector<bool>> cuts =
      n <= kMostCutSignals ? all_cuts(n) : likely_cuts(covariance_of(standardised(signals)));
  std::vector<Bipartition> scored(cuts.size());
  parallel_for(cuts.size(), [&](std::size_t i) {
    Bipartition cut = bipartition_of(cuts[i]);
    const double first = stored(cut.first);
    const double second = stored(cut.second);
    const double across = std::min(mutual_information(entropy, cut.first, shifted(cut.second, n)),
                                   mutual_information(entropy, cut.second, shifted(cut.first, n)));
    cut.integrated = whole - first - second + std::min({first, second, across});
    cut.a_part =
        cut.integrated / static_cast<double>(std::min(cut.first.size(), cut.second.size()));
    scored[i] = std::move(cut);
  });
  return *std::min_element(
      scored.begin(), scored.end(),
      [](const Bipartition& a, const Bipartition& b) { return a.a_part < b.a_part; });
}

Signals coarse_grained(const SignalsView& signals, const std::vector<Parts>& groups) {
  const Signals standard = standardised(signals);
  Signals coarse(signals.rows(), static_cast<Eigen::Index>(groups.size()));
  for (std::size_t g = 0; g < groups.size(); ++g) {
    require_group("coarse_grained", groups[g], static_cast<std::size_t>(signals.cols()), 1);
    const Signals members = columns_of(standard, groups[g]);
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance_of(members));
    const Eigen::VectorXd direction = solver.eigenvectors().col(members.cols() - 1);
    // The eigenvector's own sign is arbitrary: the first member keeps its sign.
    const double turn = direction(0) < 0.0 ? -1.0 : 1.0;
    const Eigen::VectorXd signs =
        direction.unaryExpr([turn](double value) { return turn * value < 0.0 ? -1.0 : 1.0; });
    coarse.col(static_cast<Eigen::Index>(g)) =
        members * signs / static_cast<double>(members.cols());
  }
  return coarse;
}

}  // namespace emdyn::emergence::information
