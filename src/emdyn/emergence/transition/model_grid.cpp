#include "emdyn/emergence/transition/model_grid.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace emdyn::emergence {
namespace {

using series::TransitionModel;

constexpr std::array kPhi{-0.3, 0.0,  0.2,  0.4,  0.55,  0.7,  0.8,
                          0.87, 0.92, 0.95, 0.97, 0.985, 0.995};
constexpr std::size_t kConstant = 0, kSmooth = 1, kSigmoid = 2, kJump = 3, kKink = 4, kCollapse = 5;
constexpr int kLinearColumn = 1;

/// Packed index of (row, column) of a lower triangle.
constexpr std::size_t packed(std::size_t row, std::size_t column) {
  return row * (row + 1) / 2 + column;
}

/// What the inner product of two whitened vectors is made of, for every φ.
struct InnerProduct {
  double plain = 0.0, shifted = 0.0, ends = 0.0;
  double whitened(double phi) const { return plain - phi * shifted + phi * phi * (plain - ends); }
};

/// The inverse of the Cholesky factor of a packed matrix; false when it is not positive definite.
bool invert_cholesky(const std::array<double, 6>& gram, std::size_t count,
                     std::array<double, 6>& inverse) {
  std::array<double, 6> lower{};
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      double sum = gram[packed(a, b)];
      for (std::size_t k = 0; k < b; ++k) sum -= lower[packed(a, k)] * lower[packed(b, k)];
      if (a != b) {
        lower[packed(a, b)] = sum / lower[packed(b, b)];
        continue;
      }
      if (!(sum > 1e-10 * gram[packed(a, a)] && gram[packed(a, a)] > 1e-12)) return false;
      lower[packed(a, a)] = std::sqrt(sum);
    }
  }
  for (std::size_t b = 0; b < count; ++b) {
    for (std::size_t a = b; a < count; ++a) {
      double sum = a == b ? 1.0 : 0.0;
      for (std::size_t k = b; k < a; ++k) sum -= lower[packed(a, k)] * inverse[packed(k, b)];
      inverse[packed(a, b)] = sum / lower[packed(a, a)];
    }
  }
  return true;
}

/// Normal equations solved with the inverse Cholesky factor.
std::array<double, 3> solve(std::size_t count, const std::array<double, 6>& inverse,
                            const std::array<double, 3>& right) {
  std::array<double, 3> z{};
  std::array<double, 3> result{};
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b <= a; ++b) z[a] += inverse[packed(a, b)] * right[b];
  }
  for (std::size_t b = 0; b < count; ++b) {
    for (std::size_t a = b; a < count; ++a) result[b] += inverse[packed(a, b)] * z[a];
  }
  return result;
}

/// What rose has to fall again, by at least half and at most double.
bool returns(const std::array<double, 3>& c) {
  return c[0] * c[1] < 0.0 && std::fabs(c[1]) >= 0.5 * std::fabs(c[0]) &&
         std::fabs(c[0]) >= 0.5 * std::fabs(c[1]);
}

}  // namespace

std::span<const double> phi_grid() noexcept { return kPhi; }

ModelGrid::ModelGrid(const Frame& frame, std::span<const double> positions, const Choice& choice)
    : frame_(frame), positions_(positions.begin(), positions.end()) {
  column(Basis{});                                // the constant's place
  column({CurveShape::linear, false, 0.0, 1.0});  // kLinearColumn
  design(kConstant, 1, {});
  if (choice.smooth) add_smooth();
  if (choice.linear_axis) add_transitions(false, choice);
  if (choice.log_axis && frame_.has_log()) add_transitions(true, choice);

  const auto n = static_cast<Eigen::Index>(positions_.size());
  columns_.resize(n, static_cast<Eigen::Index>(bases_.size()));
  for (Eigen::Index j = 0; j < columns_.cols(); ++j) {
    for (Eigen::Index i = 0; i < n; ++i) {
      const auto& basis = bases_[static_cast<std::size_t>(j)];
      columns_(i, j) = j == 0 ? 1.0 : basis.value(frame_, positions_[static_cast<std::size_t>(i)]);
    }
  }
  shifted_.setZero(n, columns_.cols());
  shifted_.topRows(n - 1) += columns_.bottomRows(n - 1);
  shifted_.bottomRows(n - 1) += columns_.topRows(n - 1);
  factorise();
}

int ModelGrid::column(const Basis& basis) {
  bases_.push_back(basis);
  return static_cast<int>(bases_.size()) - 1;
}

void ModelGrid::design(std::size_t model, int parameters, std::initializer_list<int> columns) {
  Design added;
  added.model = model;
  added.parameters = parameters;
  for (const int index : columns) added.columns[static_cast<std::size_t>(added.count++)] = index;
  designs_.push_back(added);
}

/// A curve is slow unless it goes from 10 % to 90 % of its change within half of the samples with
/// some on either level: an exponential approach that takes most of a training is slow, but along
/// log-spaced checkpoints the same curve has a plateau, a rise and a plateau.
bool ModelGrid::is_slow(const Basis& basis) const {
  const std::size_t n = positions_.size();
  const double first = basis.value(frame_, positions_.front());
  const double change = basis.value(frame_, positions_.back()) - first;
  if (change == 0.0) return true;
  const auto share = [&](std::size_t i) {
    return (basis.value(frame_, positions_[i]) - first) / change;
  };
  std::size_t low = 0;
  while (low < n && share(low) < 0.1) ++low;
  std::size_t high = low;
  while (high < n && share(high) < 0.9) ++high;
  const std::size_t margin = std::max<std::size_t>(3, n / 20);
  const bool sudden = low >= margin && n - high >= margin &&
                      static_cast<double>(high - low) < kWidestTransition * static_cast<double>(n);
  return !sudden;
}

void ModelGrid::add_slow(int parameters, const Basis& basis) {
  if (is_slow(basis)) design(kSmooth, parameters, {column(basis)});
}

void ModelGrid::add_smooth() {
  const int square = column({CurveShape::square, false, 0.0, 1.0});
  const int cube = column({CurveShape::cube, false, 0.0, 1.0});
  design(kSmooth, 2, {kLinearColumn});
  design(kSmooth, 3, {kLinearColumn, square});
  design(kSmooth, 4, {kLinearColumn, square, cube});
  for (const double shift : {0.001, 0.003, 0.01, 0.03, 0.1, 0.3}) {
    for (const double exponent : {-3.0, -2.0, -1.0, -0.5, 0.5})
      add_slow(4, {CurveShape::power, false, shift, exponent});
    add_slow(4, {CurveShape::logarithm, false, shift, 1.0});
  }
  for (const double scale : {0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6}) {
    add_slow(3, {CurveShape::exponential, false, 0.0, -scale});
    if (scale >= 0.08) add_slow(3, {CurveShape::exponential, false, 0.0, scale});
  }
  for (const bool log_axis : {false, true}) {
    if (log_axis && !frame_.has_log()) continue;
    if (log_axis) design(kSmooth, 2, {column({CurveShape::linear, true, 0.0, 1.0})});
    for (const double width : {0.7, 1.0}) {
      for (double location = 0.0; location <= 1.0; location += 0.125)
        add_slow(4, {CurveShape::logistic, log_axis, location, width / kLogisticWidth});
    }
  }
}

void ModelGrid::add_transitions(bool log_axis, const Choice& choice) {
  const std::size_t n = positions_.size();
  std::vector<double> u(n);
  for (std::size_t i = 0; i < n; ++i) u[i] = frame_.coordinate(positions_[i], log_axis);
  // A new level has to be seen for some samples on either side before it counts as one.
  const std::size_t margin = std::max<std::size_t>(3, n / 50);
  std::vector<double> midpoints;
  double smallest_gap = 1.0;
  for (std::size_t i = margin; i + margin <= n; ++i) {
    const double gap = u[i] - u[i - 1];
    midpoints.push_back(0.5 * (u[i] + u[i - 1]));
    if (gap > 0.0) smallest_gap = std::min(smallest_gap, gap);
    if (log_axis) continue;
    if (choice.jump && gap > 0.0) {
      design(kJump, 3, {column({CurveShape::step, false, midpoints.back(), gap})});
    }
    if (choice.kink && u[i] > 0.1 && u[i] < 0.9) {
      design(kKink, 4, {kLinearColumn, column({CurveShape::hinge, false, u[i], 1.0})});
    }
  }
  smallest_gap = std::max(smallest_gap, 0.5 / static_cast<double>(n));
  if (choice.sigmoid) {
    // Few points are cheap and need a denser grid: a misfit costs them more of the evidence.
    const bool dense = n < 100;
    for (double width = kWidestTransition; width > 1.5 * smallest_gap; width *= dense ? 0.7 : 0.5) {
      double last = -1.0;
      for (const double location : midpoints) {
        if (location < last + (dense ? 0.12 : 0.3) * width) continue;
        last = location;
        const Basis basis{CurveShape::logistic, log_axis, location, width / kLogisticWidth};
        design(kSigmoid, 4, {column(basis)});
      }
    }
  }
  if (!log_axis && choice.rise_and_collapse) add_pairs(midpoints, smallest_gap);
}

void ModelGrid::add_pairs(std::span<const double> midpoints, double smallest_gap) {
  // Pairs share columns: one logistic for each width and place.
  for (double width = 0.24; width > smallest_gap; width *= 0.4) {
    std::vector<int> places;
    std::vector<double> locations;
    for (const double location : midpoints) {
      if (!locations.empty() && location < locations.back() + 0.34 * width) continue;
      locations.push_back(location);
      places.push_back(column({CurveShape::logistic, false, location, width / kLogisticWidth}));
    }
    const std::size_t count = places.size();
    for (std::size_t length = 3; length < count; length = length * 3 / 2 + 1) {
      const std::size_t stride = std::max<std::size_t>(1, length / 3);
      for (std::size_t i = 0; i + length < count; i += stride) {
        design(kCollapse, 6, {places[i], places[i + length]});
      }
    }
  }
}

void ModelGrid::factorise() {
  const Eigen::Index n = columns_.rows();
  const auto inner = [&](Eigen::Index a, Eigen::Index b) {
    return InnerProduct{columns_.col(a).dot(columns_.col(b)), columns_.col(a).dot(shifted_.col(b)),
                        columns_(0, a) * columns_(0, b) + columns_(n - 1, a) * columns_(n - 1, b)};
  };
  constant_products_.resize(static_cast<Eigen::Index>(kPhi.size()), columns_.cols());
  for (Eigen::Index j = 0; j < columns_.cols(); ++j) {
    const InnerProduct product = inner(0, j);
    for (std::size_t p = 0; p < kPhi.size(); ++p) {
      constant_products_(static_cast<Eigen::Index>(p), j) = product.whitened(kPhi[p]);
    }
  }
  factors_.assign(kPhi.size() * designs_.size(), {});
  for (std::size_t d = 0; d < designs_.size(); ++d) {
    const Design& design = designs_[d];
    const auto count = static_cast<std::size_t>(design.count);
    std::array<InnerProduct, 6> products{};
    for (std::size_t a = 0; a < count; ++a) {
      for (std::size_t b = 0; b <= a; ++b) {
        products[packed(a, b)] = inner(design.columns[a], design.columns[b]);
      }
    }
    for (std::size_t p = 0; p < kPhi.size(); ++p) {
      const auto row = static_cast<Eigen::Index>(p);
      std::array<double, 6> gram{};
      for (std::size_t a = 0; a < count; ++a) {
        for (std::size_t b = 0; b <= a; ++b) {
          const double along_constant = constant_products_(row, design.columns[a]) *
                                        constant_products_(row, design.columns[b]) /
                                        constant_products_(row, 0);
          gram[packed(a, b)] = products[packed(a, b)].whitened(kPhi[p]) - along_constant;
        }
      }
      Factor& factor = factors_[p * designs_.size() + d];
      factor.usable = invert_cholesky(gram, count, factor.inverse);
    }
  }
}

Eigen::MatrixXd ModelGrid::matrix(const Design& design) const {
  Eigen::MatrixXd chosen(columns_.rows(), 1 + design.count);
  chosen.col(0) = columns_.col(0);
  for (int a = 0; a < design.count; ++a)
    chosen.col(1 + a) = columns_.col(design.columns[static_cast<std::size_t>(a)]);
  return chosen;
}

ModelGrid::Observed ModelGrid::observe(std::span<const double> values) const {
  const auto n = static_cast<Eigen::Index>(values.size());
  const Eigen::Map<const Eigen::VectorXd> y(values.data(), n);
  Observed seen;
  seen.plain = columns_.transpose() * y;
  seen.shifted = shifted_.transpose() * y;
  seen.ends = columns_.row(0).transpose() * y(0) + columns_.row(n - 1).transpose() * y(n - 1);
  seen.square = y.squaredNorm();
  seen.neighbours = 2.0 * y.head(n - 1).dot(y.tail(n - 1));
  seen.corners = y(0) * y(0) + y(n - 1) * y(n - 1);
  return seen;
}

double ModelGrid::project(const Observed& y, std::size_t p, std::vector<double>& right) const {
  const double phi = kPhi[p];
  const auto row = static_cast<Eigen::Index>(p);
  const auto whitened = [&](Eigen::Index j) {
    return InnerProduct{y.plain(j), y.shifted(j), y.ends(j)}.whitened(phi);
  };
  const double constant = whitened(0);
  const double ratio = constant / constant_products_(row, 0);
  right.resize(bases_.size());
  for (std::size_t j = 0; j < right.size(); ++j) {
    const auto column = static_cast<Eigen::Index>(j);
    right[j] = whitened(column) - constant_products_(row, column) * ratio;
  }
  right[0] = constant;
  return InnerProduct{y.square, y.neighbours, y.corners}.whitened(phi) - constant * ratio;
}

ModelScores ModelGrid::score(std::span<const double> values) const {
  const auto n = static_cast<double>(values.size());
  const Observed y = observe(values);
  const double floor = std::max(1e-14 * (y.square - y.plain(0) * y.plain(0) / n), 1e-300);
  ModelScores best{};
  for (ModelScore& score : best) score.bic = std::numeric_limits<double>::infinity();
  std::vector<double> right;
  for (std::size_t p = 0; p < kPhi.size(); ++p) {
    const double total = project(y, p, right);
    const double log_det = std::log(1.0 - kPhi[p] * kPhi[p]);
    struct Least {
      double rss = std::numeric_limits<double>::infinity();
      int parameters = 0;
    };
    std::array<Least, kModels.size()> least{};
    for (std::size_t d = 0; d < designs_.size(); ++d) {
      const Design& design = designs_[d];
      const Factor& factor = factors_[p * designs_.size() + d];
      if (!factor.usable) continue;
      std::array<double, 3> b{};
      double explained = 0.0;
      for (std::size_t a = 0; a < static_cast<std::size_t>(design.count); ++a) {
        b[a] = right[static_cast<std::size_t>(design.columns[a])];
        double z = 0.0;
        for (std::size_t k = 0; k <= a; ++k) z += factor.inverse[packed(a, k)] * b[k];
        explained += z * z;
      }
      const double rss = std::max(total - explained, floor);
      Least& so_far = least[design.model];
      if (rss >= so_far.rss && design.parameters >= so_far.parameters) continue;
      if (design.model == kCollapse && !returns(solve(2, factor.inverse, b))) continue;
      if (rss < so_far.rss) so_far = {rss, design.parameters};
      const double bic = n * std::log(rss / n) - log_det + std::log(n) * design.parameters;
      if (bic < best[design.model].bic) best[design.model] = {bic, d, p, true};
    }
  }
  return best;
}

Curve ModelGrid::curve(const ModelScore& score, std::span<const double> values) const {
  const Design& design = designs_[score.design];
  const auto row = static_cast<Eigen::Index>(score.phi);
  std::vector<double> right;
  project(observe(values), score.phi, right);
  std::array<double, 3> chosen{};
  for (std::size_t a = 0; a < static_cast<std::size_t>(design.count); ++a) {
    chosen[a] = right[static_cast<std::size_t>(design.columns[a])];
  }
  const Factor& factor = factors_[score.phi * designs_.size() + score.design];
  const std::array<double, 3> coefficients =
      solve(static_cast<std::size_t>(design.count), factor.inverse, chosen);
  Curve fitted;
  fitted.model = kModels[design.model];
  fitted.frame = frame_;
  fitted.range = range_;
  fitted.intercept = right[0] / constant_products_(row, 0);
  for (std::size_t a = 0; a < static_cast<std::size_t>(design.count); ++a) {
    const auto j = static_cast<Eigen::Index>(design.columns[a]);
    fitted.intercept -= coefficients[a] * constant_products_(row, j) / constant_products_(row, 0);
    fitted.terms.push_back({coefficients[a], basis(design.columns[a])});
  }
  return fitted;
}

double ModelGrid::phi(const ModelScore& score) const noexcept { return kPhi[score.phi]; }

}  // namespace emdyn::emergence
