#include "emdyn/emergence/transition/monotone_fit.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

namespace emdyn::emergence {
namespace {

/// Knots around [onset, end], fine about the onset; each piece holds a sample.
std::vector<double> place_knots(std::span<const double> u, double onset, double end) {
  const double width = end - onset;
  std::vector<double> wanted{u.front()};
  const auto stretch = [&](double from, double to, double step) {
    for (double at = from; at < to - 1e-9 * width; at += step) wanted.push_back(at);
  };
  stretch(onset - 3.0 * width, onset - 0.6 * width, 0.6 * width);
  stretch(onset - 0.6 * width, onset + 0.5 * width, width / 12.0);
  stretch(onset + 0.5 * width, end + 0.8 * width, width / 5.0);
  stretch(end + 0.8 * width, end + 3.0 * width, 0.6 * width);
  wanted.push_back(u.back());
  std::ranges::sort(wanted);
  std::vector<double> knots{u.front()};
  for (const double knot : wanted) {
    if (knot <= knots.back() || knot > u.back()) continue;
    const auto first = std::ranges::upper_bound(u, knots.back());
    if (first != u.end() && *first <= knot) knots.push_back(knot);
  }
  return knots;
}

Eigen::MatrixXd whitened_rows(const Eigen::MatrixXd& rows, double phi) {
  Eigen::MatrixXd white = rows;
  const Eigen::Index n = rows.rows();
  white.bottomRows(n - 1) -= phi * rows.topRows(n - 1);
  white.row(0) *= std::sqrt(1.0 - phi * phi);
  return white;
}

/// The unconstrained solution of the chosen variables.
Eigen::VectorXd solve_chosen(const Eigen::MatrixXd& gram, const Eigen::VectorXd& right,
                             const std::vector<Eigen::Index>& chosen) {
  const auto count = static_cast<Eigen::Index>(chosen.size());
  Eigen::MatrixXd part(count, count);
  Eigen::VectorXd target(count);
  for (Eigen::Index a = 0; a < count; ++a) {
    const Eigen::Index row = chosen[static_cast<std::size_t>(a)];
    target(a) = right(row);
    for (Eigen::Index b = 0; b < count; ++b)
      part(a, b) = gram(row, chosen[static_cast<std::size_t>(b)]);
  }
  part.diagonal().array() *= 1.0 + 1e-12;
  return part.ldlt().solve(target);
}

}  // namespace

Eigen::VectorXd nonnegative_least_squares(const Eigen::MatrixXd& gram,
                                          const Eigen::VectorXd& right) {
  const Eigen::Index size = right.size();
  Eigen::VectorXd x = Eigen::VectorXd::Zero(size);
  std::vector<bool> active(static_cast<std::size_t>(size), false);
  const double tolerance = 1e-10 * std::max(right.cwiseAbs().maxCoeff(), 1e-300);
  for (Eigen::Index round = 0; round < 3 * size; ++round) {
    const Eigen::VectorXd slope = right - gram * x;
    Eigen::Index next = -1;
    for (Eigen::Index j = 0; j < size; ++j) {
      if (active[static_cast<std::size_t>(j)] || slope(j) <= tolerance) continue;
      if (next < 0 || slope(j) > slope(next)) next = j;
    }
    if (next < 0) break;
    active[static_cast<std::size_t>(next)] = true;
    for (;;) {
      std::vector<Eigen::Index> chosen;
      for (Eigen::Index j = 0; j < size; ++j)
        if (active[static_cast<std::size_t>(j)]) chosen.push_back(j);
      const Eigen::VectorXd z = solve_chosen(gram, right, chosen);
      // As far towards the unconstrained solution as every variable stays positive.
      double step = 1.0;
      std::size_t limiting = chosen.size();
      for (std::size_t a = 0; a < chosen.size(); ++a) {
        const double to = z(static_cast<Eigen::Index>(a)), from = x(chosen[a]);
        const double reach = to <= 0.0 ? from / std::max(from - to, 1e-300) : 1.0;
        if (reach >= step) continue;
        step = reach;
        limiting = a;
      }
      for (std::size_t a = 0; a < chosen.size(); ++a) {
        double& value = x(chosen[a]);
        value += step * (z(static_cast<Eigen::Index>(a)) - value);
        if (a != limiting && (step >= 1.0 || value > 1e-14)) continue;
        value = 0.0;
        active[static_cast<std::size_t>(chosen[a])] = false;
      }
      if (step >= 1.0) break;
    }
  }
  return x;
}

MonotoneFit::MonotoneFit(std::span<const double> u, double onset, double end, bool rising)
    : u_(u.begin(), u.end()), knots_(place_knots(u, onset, end)), sign_(rising ? 1.0 : -1.0) {
  const auto n = static_cast<Eigen::Index>(u_.size());
  columns_.resize(n, static_cast<Eigen::Index>(knots_.size()));
  columns_.col(0).setOnes();
  for (Eigen::Index j = 1; j < columns_.cols(); ++j) {
    const double low = knots_[static_cast<std::size_t>(j - 1)];
    const double high = knots_[static_cast<std::size_t>(j)];
    for (Eigen::Index i = 0; i < n; ++i) {
      columns_(i, j) =
          sign_ * std::clamp((u_[static_cast<std::size_t>(i)] - low) / (high - low), 0.0, 1.0);
    }
  }
}

MonotoneFit::Result MonotoneFit::operator()(std::span<const double> values, double phi) const {
  const auto n = static_cast<Eigen::Index>(values.size());
  const Eigen::Map<const Eigen::VectorXd> y(values.data(), n);
  const Eigen::MatrixXd white = whitened_rows(columns_, phi);
  const Eigen::VectorXd target = whitened_rows(y, phi);
  // The constant is free: it is taken out of everything else.
  const Eigen::VectorXd one = white.col(0);
  const double power = one.squaredNorm();
  Eigen::MatrixXd pieces = white.rightCols(white.cols() - 1);
  const Eigen::RowVectorXd shares = one.transpose() * pieces / power;
  pieces.noalias() -= one * shares;
  const Eigen::VectorXd rest = target - one * (one.dot(target) / power);
  const Eigen::VectorXd steps =
      nonnegative_least_squares(pieces.transpose() * pieces, pieces.transpose() * rest);
  const double constant = one.dot(target) / power - shares.dot(steps);
  Result result;
  const Eigen::VectorXd fitted = (columns_.rightCols(steps.size()) * steps).array() + constant;
  result.fitted.assign(fitted.data(), fitted.data() + n);
  const double total = steps.sum();
  double reached = 0.0;
  result.onset = u_.front();
  bool placed = false;
  for (Eigen::Index j = 0; j < steps.size(); ++j) {
    if (steps(j) > 0.0) ++result.freedom;
    if (!placed && total > 0.0 && reached + steps(j) >= 0.1 * total) {
      const double low = knots_[static_cast<std::size_t>(j)];
      const double high = knots_[static_cast<std::size_t>(j + 1)];
      result.onset = low + (high - low) * (0.1 * total - reached) / steps(j);
      placed = true;
    }
    reached += steps(j);
  }
  return result;
}

}  // namespace emdyn::emergence
