#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/emergence/scaling/long_table.hpp"

/// Where does a model's curve end, seen from its present value and from other models' whole curves?
namespace emdyn::emergence::scaling {

/// One model at an earlier and at a later position of its training.
struct TransferPoint {
  std::string group{};    ///< What may not teach itself: models of one size, one family.
  double log_size = 0.0;  ///< ln parameters.
  double now = 0.0;
  double later = 0.0;  ///< Unknown (ignored) for the model asked for.
};

struct TransferForecast {
  double low = 0.0, estimate = 0.0, high = 0.0;
  double level = 0.9;
};

/// later = now + a ridge regression of other models' growth on (ln parameters, value now), both
/// standardised, penalty 1; interval by the jackknife+ over groups. Growth is what transfers:
/// larger models gain more from the same tokens, models that are ahead gain less. With equal sizes
/// or one other model the term drops out. Penalty and features were fixed before any figure was
/// seen.
/// @throws DataError when `others` is empty or a number of it is not finite.
TransferForecast forecast_later(std::span<const TransferPoint> others, const TransferPoint& target,
                                double level = 0.9);

/// One task of a table with every model that was measured at both positions.
struct TransferTask {
  std::string task{};
  std::string metric{};
  std::vector<std::string> models{};
  std::vector<TransferPoint> points{};  ///< Grouped by size.
  std::vector<TableSeries> prefixes{};  ///< Each model's series up to `now`, for baselines.
};
/// Takes the tasks out of a long table: `metric` of every task at the steps `now` and `later`.
/// @throws DataError when the table has no steps.
std::vector<TransferTask> transfer_tasks(const LongTable& table, std::string_view metric,
                                         double now, double later);

/// What was left out when judging.
enum class TransferScheme {
  size,     ///< The model's whole size (its twins too).
  largest,  ///< All of the largest quarter of the sizes.
};

/// Errors of the transfer beside persistence, a line in log steps, a power law in steps, and the
/// mean of other models.
struct TransferScore {
  double transfer = 0.0, persistence = 0.0, log_linear = 0.0, power_law = 0.0,
         other_models = 0.0;           ///< RMSE.
  double coverage = 0.0, width = 0.0;  ///< Of the transfer's intervals.
  std::size_t count = 0;
};
TransferScore judge_transfer(std::span<const TransferTask> tasks, TransferScheme scheme,
                             double later, double level = 0.9);

void to_json(Json& json, const TransferForecast& forecast);
void to_json(Json& json, const TransferScore& score);

}  // namespace emdyn::emergence::scaling
