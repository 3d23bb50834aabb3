#include "emdyn/emergence/information/ksg.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/math/special_functions/digamma.hpp>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/information/neighbours.hpp"

namespace emdyn::emergence::information {
namespace {

constexpr double kJitter = 1e-10;
constexpr std::size_t kPointBlock = 512;
constexpr std::uint64_t kJitterStream = 0x4b53470000000000ULL;

/// ψ(1), ψ(2), …, ψ(count): every argument of these estimators is a count.
std::vector<double> digamma_table(std::size_t count) {
  std::vector<double> table(count + 1, 0.0);
  table[0] = -HUGE_VAL;
  if (count >= 1) table[1] = boost::math::digamma(1.0);
  for (std::size_t n = 2; n <= count; ++n) {
    table[n] = table[n - 1] + 1.0 / static_cast<double>(n - 1);
  }
  return table;
}

void require_rows(std::string_view what, Eigen::Index rows, std::size_t neighbours) {
  if (neighbours == 0) throw ConfigError(fmt::format("{}: neighbours must be >= 1, got 0", what));
  if (static_cast<std::size_t>(rows) > neighbours + 1) return;
  throw DataError(fmt::format("{}: {} rows were given; with {} neighbours at least {} are needed",
                              what, rows, neighbours, neighbours + 2));
}

/// Sums `term(point)` over all points. Points are visited where they lie in memory, and summed in
/// the order of their index, so neither threads nor the tree's shape touch the result.
template <class Term>
double sum_over_points(const Neighbours& joint, Term&& term) {
  std::vector<double> terms(joint.size());
  parallel_for((joint.size() + kPointBlock - 1) / kPointBlock, [&](std::size_t block) {
    const std::size_t end = std::min(joint.size(), (block + 1) * kPointBlock);
    for (std::size_t at = block * kPointBlock; at < end; ++at) {
      const std::uint32_t i = joint.order()[at];
      terms[i] = term(i);
    }
  });
  double sum = 0.0;
  for (const double value : terms) sum += value;
  return sum;
}

Signals side_by_side(const std::vector<Signals>& parts) {
  Eigen::Index columns = 0;
  for (const Signals& part : parts) columns += part.cols();
  Signals joint(parts[0].rows(), columns);
  Eigen::Index at = 0;
  for (const Signals& part : parts) {
    joint.middleCols(at, part.cols()) = part;
    at += part.cols();
  }
  return joint;
}

/// The largest distance, within one part, to the neighbours found in all parts together.
double reach(const Signals& part, std::size_t i, std::span<const NearPoint> found) {
  double largest = 0.0;
  const auto row = static_cast<Eigen::Index>(i);
  for (const NearPoint& neighbour : found) {
    for (Eigen::Index d = 0; d < part.cols(); ++d) {
      largest = std::max(
          largest, std::fabs(part(row, d) - part(static_cast<Eigen::Index>(neighbour.index), d)));
    }
  }
  return largest;
}

}  // namespace

Signals prepared_for_neighbours(const SignalsView& signals, std::uint64_t seed,
                                std::uint64_t first_column) {
  Signals prepared = standardised(signals);
  for (Eigen::Index j = 0; j < prepared.cols(); ++j) {
    Philox random(seed, kJitterStream + first_column + static_cast<std::uint64_t>(j));
    for (Eigen::Index i = 0; i < prepared.rows(); ++i) prepared(i, j) += kJitter * random.normal();
  }
  return prepared;
}

double ksg_total_correlation(const std::vector<Signals>& parts, const KsgOptions& options) {
  if (parts.size() < 2) {
    throw DataError(fmt::format("ksg: {} parts were given; at least 2 are needed", parts.size()));
  }
  for (const Signals& part : parts) {
    if (part.rows() != parts[0].rows() || part.cols() == 0) {
      throw DataError("ksg: all parts must have a dimension and equally many rows");
    }
  }
  require_rows("ksg", parts[0].rows(), options.neighbours);
  const Neighbours joint(side_by_side(parts));
  std::vector<Neighbours> marginals;
  for (const Signals& part : parts) marginals.emplace_back(part);
  const std::vector<double> psi = digamma_table(joint.size());
  const std::size_t k = options.neighbours;
  const auto others = static_cast<double>(parts.size() - 1);
  const bool one = options.kind == KsgKind::one;
  const double sum = sum_over_points(joint, [&](std::size_t i) {
    thread_local std::vector<NearPoint> found;
    found.resize(k);
    joint.nearest(i, found);
    double term = 0.0;
    for (std::size_t m = 0; m < parts.size(); ++m) {
      term += one ? psi[marginals[m].count_below(i, found.back().distance) + 1]
                  : psi[marginals[m].count_within(i, reach(parts[m], i, found))];
    }
    return term;
  });
  const auto n = static_cast<double>(joint.size());
  const double correction = one ? 0.0 : others / static_cast<double>(k);
  return psi[k] - correction + others * psi[joint.size()] - sum / n;
}

double ksg_conditional_information(const SignalsView& x, const SignalsView& y, const SignalsView& z,
                                   const KsgOptions& options) {
  if (z.cols() == 0) return ksg_total_correlation({x, y}, options);
  if (x.rows() != y.rows() || x.rows() != z.rows() || x.cols() == 0 || y.cols() == 0) {
    throw DataError("ksg: all parts must have a dimension and equally many rows");
  }
  require_rows("ksg", x.rows(), options.neighbours);
  const Neighbours joint(side_by_side({x, y, z}));
  const Neighbours xz(side_by_side({x, z}));
  const Neighbours yz(side_by_side({y, z}));
  const Neighbours condition(z);
  const std::vector<double> psi = digamma_table(joint.size());
  const std::size_t k = options.neighbours;
  const double sum = sum_over_points(joint, [&](std::size_t i) {
    thread_local std::vector<NearPoint> found;
    found.resize(k);
    joint.nearest(i, found);
    const double radius = found.back().distance;
    return psi[xz.count_below(i, radius) + 1] + psi[yz.count_below(i, radius) + 1] -
           psi[condition.count_below(i, radius) + 1];
  });
  return psi[k] - sum / static_cast<double>(joint.size());
}

}  // namespace emdyn::emergence::information
