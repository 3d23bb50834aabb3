#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/information/multivariate.hpp"

namespace emdyn::emergence::information {
namespace {

constexpr std::size_t kMostVariables = 24;
constexpr std::size_t kSplit = 6;  ///< Choices made before the work is shared out.
constexpr double kLeastMinorPivot = 1e-13;

/// C(n, k) for n, k up to kMostVariables.
using Binomials = std::array<std::array<std::uint32_t, kMostVariables + 2>, kMostVariables + 2>;
constexpr Binomials kChoose = [] {
  Binomials table{};
  for (std::size_t n = 0; n < table.size(); ++n) {
    table[n][0] = 1;
    for (std::size_t k = 1; k <= n; ++k) table[n][k] = table[n - 1][k - 1] + table[n - 1][k];
  }
  return table;
}();

/// ln det of the correlations of every group of `size` and of `size` − 1 variables. A group's place
/// is its rank in the order of masks, Σ C(member i, i + 1) over its ascending members (Knuth's
/// combinatorial number system): small tables without gaps, which stay in the cache.
class Minors {
 public:
  Minors(const Eigen::MatrixXd& correlation, std::size_t size)
      : n_(static_cast<std::size_t>(correlation.rows())),
        size_(size),
        whole_(kChoose[n_][size]),
        rest_(kChoose[n_][size - 1]) {
    const std::size_t split = std::min(kSplit, n_ - 1);
    std::vector<std::uint8_t> singular(std::size_t{1} << split, 0);
    parallel_for(singular.size(), [&](std::size_t first) {
      Walk walk{std::vector<double>((size_ + 1) * n_ * n_), false};
      for (std::size_t i = 0; i < n_; ++i) {
        for (std::size_t j = 0; j < n_; ++j) {
          walk.matrices[i * n_ + j] =
              correlation(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j));
        }
      }
      start(walk, first, split);
      singular[first] = walk.singular;
    });
    if (std::count(singular.begin(), singular.end(), std::uint8_t{0}) !=
        static_cast<std::ptrdiff_t>(singular.size())) {
      throw DataError(
          "o_information: the covariance is singular; leave out signals that are combinations of "
          "others");
    }
  }

  double whole(std::size_t rank) const { return whole_[rank]; }
  double rest(std::size_t rank) const { return rest_[rank]; }

 private:
  struct Walk {
    std::vector<double> matrices;  ///< A matrix [n, n] for each depth of inclusion.
    bool singular;
  };
  /// A group on the way: what was included of the variables before `at`.
  struct State {
    std::size_t depth = 0;
    std::size_t rank = 0;
    double product = 1.0;  ///< Of the pivots; correlations neither overflow it nor underflow it.
  };

  double pivot(const Walk& walk, const State& state, std::size_t at) const {
    return walk.matrices[state.depth * n_ * n_ + at * n_ + at];
  }

  /// Conditions the later variables on variable `at`; false when it is determined already.
  bool include(Walk& walk, State& state, std::size_t at) const {
    const double* before = walk.matrices.data() + state.depth * n_ * n_;
    double* after = walk.matrices.data() + (state.depth + 1) * n_ * n_;
    const double own = pivot(walk, state, at);
    if (!(own > kLeastMinorPivot)) {
      walk.singular = true;
      return false;
    }
    state.product *= own;
    ++state.depth;
    state.rank += kChoose[at][state.depth];
    if (state.depth == size_) return true;  // Nothing more will be asked of this matrix.
    const double* row = before + at * n_;
    for (std::size_t i = at + 1; i < n_; ++i) {
      const double factor = row[i] / own;
      // Of a symmetric matrix the part at and right of the diagonal is enough.
      for (std::size_t j = i; j < n_; ++j) after[i * n_ + j] = before[i * n_ + j] - factor * row[j];
    }
    return true;
  }

  void keep(const State& state) {
    if (state.depth == size_) whole_[state.rank] = std::log(state.product);
    if (state.depth + 1 == size_) rest_[state.rank] = std::log(state.product);
  }

  void start(Walk& walk, std::size_t first, std::size_t split) {
    State state;
    for (std::size_t at = 0; at < split; ++at) {
      if ((first >> at & 1U) == 0) continue;
      if (state.depth == size_ || !include(walk, state, at)) return;
    }
    descend(walk, state, split);
  }

  void descend(Walk& walk, const State& state, std::size_t at) {
    if (state.depth + (n_ - at) + 1 < size_) return;  // Too few are left.
    if (state.depth == size_) return keep(state);
    State deeper = state;
    if (at + 1 == n_) {
      keep(state);
      if (include(walk, deeper, at)) keep(deeper);
      return;
    }
    descend(walk, state, at + 1);
    if (include(walk, deeper, at)) descend(walk, deeper, at + 1);
  }

  std::size_t n_;
  std::size_t size_;
  std::vector<double> whole_, rest_;
};

/// The masks with `size` of n bits, ascending (Gosper's hack).
std::vector<std::uint32_t> masks_of(std::size_t n, std::size_t size) {
  std::vector<std::uint32_t> masks(kChoose[n][size]);
  std::uint64_t mask = (std::uint64_t{1} << size) - 1;
  for (std::uint32_t& place : masks) {
    place = static_cast<std::uint32_t>(mask);
    const std::uint64_t low = mask & (~mask + 1);
    const std::uint64_t carried = mask + low;
    mask = carried | (((mask ^ carried) >> 2) / low);
  }
  return masks;
}

/// Ω = (n−2)H(X) + Σ [H(X_j) − H(X_−j)]; single entropies of correlations are 0.
double omega_of(const Minors& minors, std::uint32_t mask, std::size_t rank, std::size_t size) {
  std::array<std::size_t, kMostVariables> members;
  std::size_t count = 0;
  for (std::uint32_t left = mask; left != 0; left &= left - 1) {
    members[count++] = static_cast<std::size_t>(std::countr_zero(left));
  }
  // Without member j those after it move down one place in the rank.
  std::size_t below = 0;
  std::size_t above = 0;
  for (std::size_t i = 1; i < size; ++i) above += kChoose[members[i]][i];
  double rests = 0.0;
  for (std::size_t j = 0; j < size; ++j) {
    rests += minors.rest(below + above);
    below += kChoose[members[j]][j + 1];
    if (j + 1 < size) above -= kChoose[members[j + 1]][j + 1];
  }
  return 0.5 * ((static_cast<double>(size) - 2.0) * minors.whole(rank) - rests);
}

}  // namespace

ScoredGroups o_information_of_all(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                                  std::size_t size) {
  const auto n = static_cast<std::size_t>(covariance.rows());
  if (n > kMostVariables) {
    throw DataError(fmt::format(
        "o_information: {} variables have too many groups to score all (at most {}); use the "
        "search",
        n, kMostVariables));
  }
  if (size < 2 || size > n) {
    throw DataError(fmt::format("o_information: groups must have 2 to {} parts, got {}", n, size));
  }
  const Eigen::VectorXd scale = covariance.diagonal().cwiseSqrt().cwiseInverse();
  if (!scale.allFinite()) throw DataError("o_information: a variance is not above 0");
  const Minors minors(scale.asDiagonal() * covariance * scale.asDiagonal(), size);
  ScoredGroups scored;
  scored.masks = masks_of(n, size);
  scored.o_information.resize(scored.masks.size());
  constexpr std::size_t kGroupBlock = 4096;
  parallel_for((scored.masks.size() + kGroupBlock - 1) / kGroupBlock, [&](std::size_t block) {
    const std::size_t end = std::min(scored.masks.size(), (block + 1) * kGroupBlock);
    for (std::size_t i = block * kGroupBlock; i < end; ++i) {
      scored.o_information[i] = omega_of(minors, scored.masks[i], i, size);
    }
  });
  return scored;
}

Parts ScoredGroups::group(std::size_t i) const {
  Parts members;
  for (std::uint32_t left = masks[i]; left != 0; left &= left - 1) {
    members.push_back(static_cast<std::size_t>(std::countr_zero(left)));
  }
  return members;
}

}  // namespace emdyn::emergence::information
