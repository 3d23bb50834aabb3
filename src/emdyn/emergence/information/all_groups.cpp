#include <fmt/format.h>

#include <algorithm>
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
constexpr double kLeastPivot = 1e-13;

/// ln det of the correlations of every group of `size` or `size` − 1 variables, by bit mask.
class Minors {
 public:
  Minors(const Eigen::MatrixXd& correlation, std::size_t size)
      : n_(static_cast<std::size_t>(correlation.rows())),
        size_(size),
        logs_(std::size_t{1} << n_, 0.0) {
    const std::size_t split = std::min(kSplit, n_);
    std::vector<double> start(n_ * n_);
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t j = 0; j < n_; ++j) {
        start[i * n_ + j] = correlation(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j));
      }
    }
    std::vector<std::uint8_t> singular(std::size_t{1} << split, 0);
    parallel_for(singular.size(), [&](std::size_t first) {
      Walk walk{std::vector<double>((n_ + 1) * n_ * n_), false};
      std::copy(start.begin(), start.end(), walk.matrices.begin());
      prefix(walk, first, split);
      singular[first] = walk.singular;
    });
    for (const std::uint8_t bad : singular) {
      if (bad != 0) {
        throw DataError(
            "o_information: the covariance is singular; leave out signals that are combinations of "
            "others");
      }
    }
  }

  double operator()(std::uint32_t mask) const { return logs_[mask]; }

 private:
  struct Walk {
    std::vector<double> matrices;  ///< A matrix [n, n] for each depth of inclusion.
    bool singular;
  };

  double* matrix(Walk& walk, std::size_t depth) const {
    return walk.matrices.data() + depth * n_ * n_;
  }

  /// Conditions the later variables on variable `at`; false when it is determined already.
  bool include(Walk& walk, std::size_t depth, std::size_t at, double& product) const {
    const double* before = matrix(walk, depth);
    double* after = matrix(walk, depth + 1);
    const double pivot = before[at * n_ + at];
    if (!(pivot > kLeastPivot)) {
      walk.singular = true;
      return false;
    }
    product *= pivot;
    const double* row = before + at * n_;
    for (std::size_t i = at + 1; i < n_; ++i) {
      const double factor = row[i] / pivot;
      // Of a symmetric matrix the part at and right of the diagonal is enough.
      for (std::size_t j = i; j < n_; ++j) after[i * n_ + j] = before[i * n_ + j] - factor * row[j];
    }
    return true;
  }

  void prefix(Walk& walk, std::size_t first, std::size_t split) {
    std::size_t depth = 0;
    double product = 1.0;
    for (std::size_t at = 0; at < split; ++at) {
      if ((first >> at & 1U) == 0) continue;
      if (depth >= size_) return;
      if (!include(walk, depth, at, product)) return;
      ++depth;
    }
    descend(walk, depth, split, static_cast<std::uint32_t>(first), product);
  }

  void descend(Walk& walk, std::size_t depth, std::size_t at, std::uint32_t mask, double product) {
    if (depth + (n_ - at) + 1 < size_) return;  // Too few are left.
    if (at == n_ || depth == size_) {
      logs_[mask] = std::log(product);  // Pivots of correlations: no overflow, and no underflow.
      return;
    }
    descend(walk, depth, at + 1, mask, product);
    double deeper = product;
    if (!include(walk, depth, at, deeper)) return;
    descend(walk, depth + 1, at + 1, mask | std::uint32_t{1} << at, deeper);
  }

  std::size_t n_;
  std::size_t size_;
  std::vector<double> logs_;
};

/// The groups of `size` of n variables as masks, in lexicographic order of their members.
std::vector<std::uint32_t> masks_of(std::size_t n, std::size_t size) {
  std::vector<std::uint32_t> masks;
  Parts group = all_of(size);
  while (true) {
    std::uint32_t mask = 0;
    for (const std::size_t member : group) mask |= std::uint32_t{1} << member;
    masks.push_back(mask);
    std::size_t at = size;
    while (at > 0 && group[at - 1] == n - size + at - 1) --at;
    if (at == 0) return masks;
    ++group[at - 1];
    for (std::size_t i = at; i < size; ++i) group[i] = group[i - 1] + 1;
  }
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
  const std::vector<std::uint32_t>& masks = scored.masks;
  constexpr std::size_t kBlock = 4096;
  parallel_for((masks.size() + kBlock - 1) / kBlock, [&](std::size_t block) {
    const std::size_t end = std::min(masks.size(), (block + 1) * kBlock);
    for (std::size_t i = block * kBlock; i < end; ++i) {
      // Ω = (n−2)H(X) + Σ [H(X_j) − H(X_−j)]; single entropies of correlations are 0.
      double rests = 0.0;
      for (std::uint32_t left = masks[i]; left != 0; left &= left - 1) {
        rests += minors(masks[i] & ~(left & (~left + 1)));
      }
      scored.o_information[i] =
          0.5 * ((static_cast<double>(size) - 2.0) * minors(masks[i]) - rests);
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
