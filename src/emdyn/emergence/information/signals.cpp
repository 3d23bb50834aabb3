#include "emdyn/emergence/information/signals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "emdyn/core/error.hpp"

namespace emdyn::emergence::information {

Parts all_of(std::size_t count) {
  Parts group(count);
  std::iota(group.begin(), group.end(), std::size_t{0});
  return group;
}

Parts without(const Parts& group, std::size_t at) {
  Parts rest = group;
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(at));
  return rest;
}

Parts joined(const Parts& a, const Parts& b) {
  Parts both = a;
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

void require_group(std::string_view what, const Parts& group, std::size_t variables,
                   std::size_t fewest) {
  if (group.size() < fewest) {
    throw DataError(fmt::format("{}: a group of {} was given; it takes at least {} parts", what,
                                group.size(), fewest));
  }
  for (const std::size_t member : group) {
    if (member >= variables) {
      throw DataError(fmt::format("{}: part {} does not exist; there are {} (0 to {})", what,
                                  member, variables, variables - 1));
    }
  }
  Parts sorted = group;
  std::ranges::sort(sorted);
  if (const auto twice = std::ranges::adjacent_find(sorted); twice != sorted.end()) {
    throw DataError(fmt::format("{}: part {} is named twice", what, *twice));
  }
}

Signals columns_of(const SignalsView& signals, const Parts& group) {
  Signals chosen(signals.rows(), static_cast<Eigen::Index>(group.size()));
  for (std::size_t j = 0; j < group.size(); ++j) {
    chosen.col(static_cast<Eigen::Index>(j)) = signals.col(static_cast<Eigen::Index>(group[j]));
  }
  return chosen;
}

void require_usable(std::string_view what, const SignalsView& signals, std::size_t fewest) {
  if (signals.cols() == 0) throw DataError(fmt::format("{}: no signal was given", what));
  if (static_cast<std::size_t>(signals.rows()) < fewest) {
    throw DataError(fmt::format("{}: {} rows were given; at least {} are needed", what,
                                signals.rows(), fewest));
  }
  for (Eigen::Index j = 0; j < signals.cols(); ++j) {
    bool changes = false;
    for (Eigen::Index i = 0; i < signals.rows(); ++i) {
      if (!std::isfinite(signals(i, j))) {
        throw DataError(fmt::format(
            "{}: row {} of column {} is not finite; cut the signals to a stretch without gaps",
            what, i, j));
      }
      changes = changes || signals(i, j) != signals(0, j);
    }
    if (!changes) {
      throw DataError(
          fmt::format("{}: column {} is constant and carries no information; leave it "
                      "out",
                      what, j));
    }
  }
}

Signals standardised(const SignalsView& signals) {
  Signals result = signals.rowwise() - signals.colwise().mean();
  for (Eigen::Index j = 0; j < result.cols(); ++j) {
    const double deviation =
        std::sqrt(result.col(j).squaredNorm() / static_cast<double>(result.rows()));
    if (deviation > 0.0) result.col(j) /= deviation;
  }
  return result;
}

Signals differenced(const SignalsView& signals) {
  const Eigen::Index rows = std::max<Eigen::Index>(signals.rows(), 1) - 1;
  return signals.bottomRows(rows) - signals.topRows(rows);
}

Signals turned(const SignalsView& signals, const std::vector<std::size_t>& shifts) {
  Signals result(signals.rows(), signals.cols());
  const Eigen::Index rows = signals.rows();
  for (Eigen::Index j = 0; j < signals.cols(); ++j) {
    const auto shift = static_cast<Eigen::Index>(shifts[static_cast<std::size_t>(j)]) % rows;
    result.col(j).head(rows - shift) = signals.col(j).tail(rows - shift);
    result.col(j).tail(shift) = signals.col(j).head(shift);
  }
  return result;
}

StepPairs steps_of(const SignalsView& signals, std::size_t lag) {
  const auto distance = static_cast<Eigen::Index>(lag);
  if (lag == 0 || signals.rows() <= distance) {
    throw DataError(fmt::format("steps of lag {}: the lag must be at least 1 and below the {} rows",
                                lag, signals.rows()));
  }
  const Eigen::Index rows = signals.rows() - distance;
  return {signals.topRows(rows), signals.bottomRows(rows)};
}

}  // namespace emdyn::emergence::information
