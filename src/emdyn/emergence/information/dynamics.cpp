#include "emdyn/emergence/information/dynamics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "emdyn/core/error.hpp"

namespace emdyn::emergence::information {
namespace {

Signals column(std::span<const double> values) {
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

/// Samples before the first moment that has this history.
std::size_t reach(const Embedding& history) {
  return static_cast<std::size_t>(history.lag + (history.length - 1) * history.delay);
}

Signals present(std::span<const double> series, std::size_t start) {
  return column(series.subspan(start));
}

void require_series(std::string_view what, std::span<const double> series, std::size_t longest,
                    std::size_t dimensions, const EstimateOptions& options) {
  const std::size_t fewest = longest + fewest_rows(dimensions, options);
  if (series.size() < fewest) {
    throw DataError(
        fmt::format("{}: {} samples were given; a history that reaches {} back needs at least {}",
                    what, series.size(), longest, fewest));
  }
  require_usable(what, column(series), 2);
}

/// Akaike's price of an estimate: half a degree of freedom a row and parameter.
double price(const JointRows& rows) {
  return static_cast<double>(rows.x.cols() * rows.y.cols()) /
         (2.0 * static_cast<double>(rows.count()));
}

struct Choice {
  Embedding history{};
  std::size_t candidates = 1;
};

/// The candidate whose information, less its price, is largest; the first of equals.
template <class RowsOf>
Choice best_history(const std::vector<Embedding>& candidates, RowsOf&& rows_of,
                    const EstimateOptions& options) {
  Choice choice{candidates.front(), candidates.size()};
  if (candidates.size() == 1) return choice;
  double best = -HUGE_VAL;
  for (const Embedding& candidate : candidates) {
    const JointRows rows = rows_of(candidate);
    const double value = information_of(rows, options) - price(rows);
    if (value <= best) continue;
    best = value;
    choice.history = candidate;
  }
  return choice;
}

std::vector<Embedding> target_candidates(const HistoryOptions& options) {
  if (!options.search) return {{options.target_length, options.target_delay, 1}};
  std::vector<Embedding> list;
  for (std::int64_t length = 1; length <= options.target_length; ++length) {
    // One value has no distance to another.
    const std::int64_t delays = length == 1 ? 1 : options.target_delay;
    for (std::int64_t delay = 1; delay <= delays; ++delay) list.push_back({length, delay, 1});
  }
  return list;
}

std::vector<Embedding> source_candidates(const HistoryOptions& options) {
  if (!options.search) return {{options.source_length, 1, options.source_lag}};
  std::vector<Embedding> list;
  for (std::int64_t length = 1; length <= options.source_length; ++length) {
    for (std::int64_t lag = 1; lag <= options.source_lag; ++lag) list.push_back({length, 1, lag});
  }
  return list;
}

std::size_t longest(const std::vector<Embedding>& candidates) {
  std::size_t most = 0;
  for (const Embedding& candidate : candidates) most = std::max(most, reach(candidate));
  return most;
}

Choice target_history(std::span<const double> series, const HistoryOptions& history,
                      std::size_t start, const EstimateOptions& options) {
  return best_history(
      target_candidates(history),
      [&](const Embedding& candidate) {
        return JointRows{embedded(series, candidate, start), present(series, start),
                         Signals(static_cast<Eigen::Index>(series.size() - start), 0)};
      },
      options);
}

void price_the_search(Measured& result, std::size_t candidates) {
  if (result.p_value) {
    result.p_value = std::min(1.0, *result.p_value * static_cast<double>(candidates));
  }
}

/// The target's own past and the conditions' past, side by side.
Signals conditions_of(std::span<const double> target, const Embedding& own,
                      const SignalsView& conditions, std::int64_t length, std::size_t start) {
  const Signals past = embedded(target, own, start);
  Signals all(past.rows(), past.cols() + conditions.cols() * length);
  all.leftCols(past.cols()) = past;
  for (Eigen::Index j = 0; j < conditions.cols(); ++j) {
    const std::span<const double> other(conditions.col(j).data(),
                                        static_cast<std::size_t>(conditions.rows()));
    all.middleCols(past.cols() + j * length, length) = embedded(other, {length, 1, 1}, start);
  }
  return all;
}

}  // namespace

Signals embedded(std::span<const double> series, const Embedding& history, std::size_t start) {
  const auto rows = static_cast<Eigen::Index>(series.size() - start);
  Signals columns(rows, history.length);
  for (Eigen::Index j = 0; j < history.length; ++j) {
    const auto back = static_cast<std::size_t>(history.lag + j * history.delay);
    columns.col(j) = column(series.subspan(start - back, series.size() - start));
  }
  return columns;
}

Dynamic active_information_storage(std::span<const double> series, const HistoryOptions& history,
                                   const EstimateOptions& options) {
  checked(HistoryOptions::kName, kHistoryFields, history);
  const std::size_t common = longest(target_candidates(history));
  require_series("active_information_storage", series, common,
                 static_cast<std::size_t>(history.target_length) + 1, options);
  const Choice choice = target_history(series, history, common, options);
  const std::size_t start = reach(choice.history);
  const JointRows rows{embedded(series, choice.history, start), present(series, start),
                       Signals(static_cast<Eigen::Index>(series.size() - start), 0)};
  Dynamic result{measured(rows, true, options), choice.history, {}, series.size() - start};
  price_the_search(result.measured, choice.candidates);
  return result;
}

Dynamic transfer_entropy(std::span<const double> source, std::span<const double> target,
                         const SignalsView& conditions, const HistoryOptions& history,
                         const EstimateOptions& options) {
  checked(HistoryOptions::kName, kHistoryFields, history);
  if (source.size() != target.size() ||
      (conditions.cols() > 0 && static_cast<std::size_t>(conditions.rows()) != target.size())) {
    throw DataError(
        fmt::format("transfer_entropy: the source has {} samples, the target {}, the "
                    "conditions {}; they must be equal",
                    source.size(), target.size(), conditions.rows()));
  }
  const std::vector<Embedding> sources = source_candidates(history);
  std::size_t common = std::max(longest(target_candidates(history)), longest(sources));
  if (conditions.cols() > 0) {
    common = std::max(common, static_cast<std::size_t>(history.condition_length));
    require_usable("transfer_entropy.conditions", conditions, 2);
  }
  const auto dimensions =
      static_cast<std::size_t>(1 + history.target_length + history.source_length +
                               conditions.cols() * history.condition_length);
  require_series("transfer_entropy.source", source, common, dimensions, options);
  require_series("transfer_entropy.target", target, common, dimensions, options);
  const Embedding own = target_history(target, history, common, options).history;
  const auto rows_of = [&](const Embedding& candidate, std::size_t start) {
    return JointRows{embedded(source, candidate, start), present(target, start),
                     conditions_of(target, own, conditions, history.condition_length, start)};
  };
  const Choice choice = best_history(
      sources, [&](const Embedding& candidate) { return rows_of(candidate, common); }, options);
  std::size_t start = std::max(reach(own), reach(choice.history));
  if (conditions.cols() > 0) {
    start = std::max(start, static_cast<std::size_t>(history.condition_length));
  }
  Dynamic result{measured(rows_of(choice.history, start), true, options), own, choice.history,
                 target.size() - start};
  price_the_search(result.measured, choice.candidates);
  return result;
}

Dynamic transfer_entropy(std::span<const double> source, std::span<const double> target,
                         const HistoryOptions& history, const EstimateOptions& options) {
  return transfer_entropy(source, target, Signals(static_cast<Eigen::Index>(target.size()), 0),
                          history, options);
}

}  // namespace emdyn::emergence::information
