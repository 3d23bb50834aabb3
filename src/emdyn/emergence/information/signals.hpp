#pragma once
#include <Eigen/Core>
#include <cstddef>
#include <string_view>
#include <vector>

/// Information dynamics: how the parts of a system depend on each other and on their own past.
/// Every quantity is in nats. Sources are named at each function; docs/information.md has the
/// mathematics.
namespace emdyn::emergence::information {

/// Signals side by side, [moments, signals]: a row is one moment (or one input of a network), a
/// column one signal; column-major, so a signal is contiguous.
using Signals = Eigen::MatrixXd;
using SignalsView = Eigen::Ref<const Eigen::MatrixXd>;

/// Indices of signals, or of the variables of a law.
using Parts = std::vector<std::size_t>;

/// 0, 1, …, count − 1.
Parts all_of(std::size_t count);
/// `group` without the member at place `at`.
Parts without(const Parts& group, std::size_t at);
/// The members of both, `a` first.
Parts joined(const Parts& a, const Parts& b);
/// Members that are out of range, named twice, or too few are refused.
/// @throws DataError
void require_group(std::string_view what, const Parts& group, std::size_t variables,
                   std::size_t fewest);

/// The columns of `group`, in its order.
Signals columns_of(const SignalsView& signals, const Parts& group);

/// Refuses what no estimator can use: fewer than `fewest` rows (says how many are needed), no
/// column, a value that is not finite (gaps are not bridged: a bridged gap looks like memory), a
/// column that never changes.
/// @throws DataError naming the row and the column.
void require_usable(std::string_view what, const SignalsView& signals, std::size_t fewest);

/// Each column less its mean and over its standard deviation. @pre no column is constant.
Signals standardised(const SignalsView& signals);

/// x_t − x_(t−1): one row fewer. Training signals drift; drifting signals look dependent.
Signals differenced(const SignalsView& signals);

/// Each column turned by its own number of rows, shifts[j] in [0, rows): the values keep their own
/// order in time (but for one seam) and lose their common clock.
Signals turned(const SignalsView& signals, const std::vector<std::size_t>& shifts);

/// Rows from `lag` on, beside the rows `lag` earlier: what was and what came.
struct StepPairs {
  Signals before{};
  Signals after{};
};
/// @throws DataError when there are not more rows than `lag`, or `lag` is 0.
StepPairs steps_of(const SignalsView& signals, std::size_t lag);

}  // namespace emdyn::emergence::information
