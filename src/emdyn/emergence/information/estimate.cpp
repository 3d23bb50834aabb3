#include "emdyn/emergence/information/estimate.hpp"

#include <fmt/format.h>

#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/emergence/information/gaussian.hpp"
#include "emdyn/emergence/information/ksg.hpp"
#include "emdyn/emergence/information/resample.hpp"

namespace emdyn::emergence::information {
namespace {

constexpr std::uint64_t kSurrogateStream = 0x5355520000000000ULL;

/// Rows as the estimator takes them, so that surrogates and blocks need not be prepared again.
struct Prepared {
  JointRows rows{};
  Symbols x{}, y{}, z{};
};

bool is_gaussian(Estimator estimator) {
  return estimator == Estimator::gaussian || estimator == Estimator::gaussian_copula;
}

Symbols symbols_for(const Signals& columns, const EstimateOptions& options) {
  std::vector<Symbols> each;
  for (Eigen::Index j = 0; j < columns.cols(); ++j) {
    const std::span<const double> values(columns.col(j).data(),
                                         static_cast<std::size_t>(columns.rows()));
    each.push_back(options.bins == 0
                       ? symbols_of(values)
                       : equal_frequency_symbols(values, static_cast<std::size_t>(options.bins)));
  }
  return each.empty() ? Symbols{} : joint_symbols(each);
}

void require_rows(const JointRows& rows, const EstimateOptions& options) {
  checked(EstimateOptions::kName, kEstimateFields, options);
  const std::size_t fewest = fewest_rows(rows.dimensions(), options);
  require_usable("information.x", rows.x, fewest);
  require_usable("information.y", rows.y, fewest);
  if (rows.z.cols() > 0) require_usable("information.z", rows.z, fewest);
  if (rows.y.rows() != rows.x.rows() || (rows.z.cols() > 0 && rows.z.rows() != rows.x.rows())) {
    throw DataError(
        fmt::format("information: x, y and z must have equally many rows, got {}, {} "
                    "and {}",
                    rows.x.rows(), rows.y.rows(), rows.z.rows()));
  }
}

Prepared prepared(const JointRows& rows, const EstimateOptions& options) {
  require_rows(rows, options);
  Prepared ready;
  switch (options.estimator) {
    case Estimator::gaussian:
      ready.rows = rows;
      break;
    case Estimator::gaussian_copula:
      ready.rows = {normal_scores(rows.x), normal_scores(rows.y), normal_scores(rows.z)};
      break;
    case Estimator::ksg1:
    case Estimator::ksg2: {
      const auto seed = static_cast<std::uint64_t>(options.seed);
      const auto x = static_cast<std::uint64_t>(rows.x.cols());
      const auto y = static_cast<std::uint64_t>(rows.y.cols());
      ready.rows = {prepared_for_neighbours(rows.x, seed), prepared_for_neighbours(rows.y, seed, x),
                    prepared_for_neighbours(rows.z, seed, x + y)};
      break;
    }
    case Estimator::discrete:
      ready.x = symbols_for(rows.x, options);
      ready.y = symbols_for(rows.y, options);
      ready.z = symbols_for(rows.z, options);
      ready.rows = {rows.x, rows.y, Signals(rows.count(), 0)};
      break;
  }
  return ready;
}

double gaussian_value(const JointRows& rows, bool corrected) {
  Signals all(rows.count(), static_cast<Eigen::Index>(rows.dimensions()));
  if (rows.z.cols() > 0) {
    all << rows.x, rows.y, rows.z;
  } else {
    all << rows.x, rows.y;
  }
  return gaussian_information(covariance_of(all), static_cast<std::size_t>(rows.x.cols()),
                              static_cast<std::size_t>(rows.y.cols()),
                              static_cast<std::size_t>(rows.z.cols()),
                              corrected ? static_cast<std::size_t>(rows.count()) : 0);
}

double discrete_value(const Prepared& ready, BiasCorrection correction) {
  return ready.z.values.empty()
             ? mutual_information(ready.x, ready.y, correction)
             : conditional_mutual_information(ready.x, ready.y, ready.z, correction);
}

double value_of(const Prepared& ready, const EstimateOptions& options) {
  switch (options.estimator) {
    case Estimator::gaussian:
    case Estimator::gaussian_copula:
      return gaussian_value(ready.rows, true);
    case Estimator::discrete:
      return discrete_value(ready, options.correction);
    case Estimator::ksg1:
    case Estimator::ksg2:
      break;
  }
  const KsgKind kind = options.estimator == Estimator::ksg1 ? KsgKind::one : KsgKind::two;
  return ksg_conditional_information(ready.rows.x, ready.rows.y, ready.rows.z,
                                     {static_cast<std::size_t>(options.neighbours), kind});
}

/// The same with the rows of X reordered: row i is row from[i] of before.
Prepared with_rows_of_x(const Prepared& ready, const std::vector<std::uint32_t>& from) {
  Prepared changed = ready;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (!ready.x.values.empty()) changed.x.values[i] = ready.x.values[from[i]];
    changed.rows.x.row(static_cast<Eigen::Index>(i)) =
        ready.rows.x.row(static_cast<Eigen::Index>(from[i]));
  }
  return changed;
}

Symbols without_rows(const Symbols& symbols, std::size_t begin, std::size_t end) {
  Symbols rest = symbols;
  if (rest.values.empty()) return rest;
  rest.values.erase(rest.values.begin() + static_cast<std::ptrdiff_t>(begin),
                    rest.values.begin() + static_cast<std::ptrdiff_t>(end));
  return rest;
}

Signals without_rows(const Signals& signals, std::size_t begin, std::size_t end) {
  const auto first = static_cast<Eigen::Index>(begin);
  const auto last = signals.rows() - static_cast<Eigen::Index>(end);
  Signals rest(first + last, signals.cols());
  rest.topRows(first) = signals.topRows(first);
  rest.bottomRows(last) = signals.bottomRows(last);
  return rest;
}

double analytic_p_value(const Prepared& ready, const EstimateOptions& options) {
  if (options.estimator == Estimator::discrete) {
    return likelihood_ratio_p_value(ready.x, ready.y, ready.z);
  }
  const JointRows& rows = ready.rows;
  return gaussian_information_p_value(
      gaussian_value(rows, false), static_cast<std::size_t>(rows.x.cols()),
      static_cast<std::size_t>(rows.y.cols()), static_cast<std::size_t>(rows.z.cols()),
      static_cast<std::size_t>(rows.count()));
}

double surrogate_p_value(const Prepared& ready, double value, NullKind null,
                         const EstimateOptions& options) {
  const auto rows = static_cast<std::size_t>(ready.rows.count());
  std::vector<double> values(static_cast<std::size_t>(options.surrogates));
  parallel_for(values.size(), [&](std::size_t s) {
    Philox random(static_cast<std::uint64_t>(options.seed), kSurrogateStream + s);
    std::vector<std::uint32_t> from(rows);
    const std::size_t turn = null == NullKind::shuffle ? 0 : random_turn(rows, random);
    for (std::size_t i = 0; i < rows; ++i) from[i] = static_cast<std::uint32_t>((i + turn) % rows);
    if (null == NullKind::shuffle) shuffle(from, random);
    values[s] = value_of(with_rows_of_x(ready, from), options);
  });
  return upper_p_value(value, values);
}

NullKind chosen_null(bool past, const EstimateOptions& options) {
  const bool has_law = is_gaussian(options.estimator) || options.estimator == Estimator::discrete;
  if (options.null == NullKind::analytic && !has_law) {
    throw ConfigError(
        "information.null: nearest-neighbour estimates have no analytic null; use shuffle or "
        "circular_shift");
  }
  if (options.null != NullKind::automatic) return options.null;
  return past && has_law ? NullKind::analytic : NullKind::circular_shift;
}

}  // namespace

std::size_t fewest_rows(std::size_t dimensions, const EstimateOptions& options) {
  // Ten rows leave some freedom after the two variables; neighbours need k + 2 and room around.
  const bool near = options.estimator == Estimator::ksg1 || options.estimator == Estimator::ksg2;
  if (near) return static_cast<std::size_t>(std::max<std::int64_t>(2 * options.neighbours + 2, 10));
  return std::max<std::size_t>(10, is_gaussian(options.estimator) ? 2 * dimensions + 4 : 0);
}

double information_of(const JointRows& rows, const EstimateOptions& options) {
  return value_of(prepared(rows, options), options);
}

Measured measured(const JointRows& rows, bool past, const EstimateOptions& options) {
  const NullKind null = chosen_null(past, options);
  const Prepared ready = prepared(rows, options);
  Measured result;
  result.value = value_of(ready, options);
  result.null = null;
  if (null == NullKind::analytic) {
    result.p_value = analytic_p_value(ready, options);
  } else if (null != NullKind::none) {
    result.p_value = surrogate_p_value(ready, result.value, null, options);
  }
  const auto count = static_cast<std::size_t>(rows.count());
  std::vector<double> left_out;
  // With blocks of fewer rows than two the memory between them would be cut everywhere; a rest
  // that is too short to be estimated has no interval.
  const auto blocks = std::min(static_cast<std::size_t>(options.blocks), count / 2);
  if (blocks >= 2 &&
      count - (count + blocks - 1) / blocks >= fewest_rows(rows.dimensions(), options)) {
    left_out = leave_blocks_out(count, blocks, [&](std::size_t begin, std::size_t end) {
      Prepared rest;
      rest.rows = {without_rows(ready.rows.x, begin, end), without_rows(ready.rows.y, begin, end),
                   without_rows(ready.rows.z, begin, end)};
      rest.x = without_rows(ready.x, begin, end);
      rest.y = without_rows(ready.y, begin, end);
      rest.z = without_rows(ready.z, begin, end);
      return value_of(rest, options);
    });
  }
  result.interval = jackknife_interval(result.value, left_out, options.level);
  return result;
}

series::Interaction record(std::vector<std::string> parts, std::string_view measure,
                           const Measured& value, const EstimateOptions& options) {
  series::Interaction interaction;
  interaction.parts = std::move(parts);
  interaction.measure = measure;
  interaction.value = value.interval;
  if (value.p_value) {
    interaction.null = {value.p_value,
                        std::string(kNullKindWords[static_cast<std::size_t>(value.null)])};
  }
  interaction.estimator = kEstimatorWords[static_cast<std::size_t>(options.estimator)];
  return interaction;
}

Measured mutual_information(const SignalsView& x, const SignalsView& y,
                            const EstimateOptions& options) {
  return measured({x, y, Signals(x.rows(), 0)}, false, options);
}

Measured conditional_mutual_information(const SignalsView& x, const SignalsView& y,
                                        const SignalsView& z, const EstimateOptions& options) {
  return measured({x, y, z}, false, options);
}

}  // namespace emdyn::emergence::information
