#pragma once
#include <Eigen/Core>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/emergence/scaling/long_table.hpp"

namespace emdyn::emergence::scaling {

/// One model of a scaling study. NaN where a size is unknown.
struct ScaleModel {
  std::string name{};
  std::string family{};  ///< Models made alike: data set, architecture; what is left out together.
  double parameters = 0.0;
  double tokens = 0.0;  ///< Seen in training.
  double flops = 0.0;   ///< 6·parameters·tokens unless the table says otherwise.
};

/// How a metric is bounded.
enum class MetricScale {
  share,  ///< In [0, 1], rising with capability: accuracies.
  loss,   ///< Positive, falling with capability: losses, perplexities' logarithms.
  free,   ///< Anything else.
};
std::string_view word(MetricScale scale) noexcept;

struct ScaleMetric {
  std::string name{};
  MetricScale scale = MetricScale::share;
};

/// Models by metrics. @invariant values is [models, metrics]; NaN where a model was not measured.
struct ScaleData {
  std::vector<ScaleModel> models{};
  std::vector<ScaleMetric> metrics{};
  Eigen::MatrixXd values{};
  std::vector<std::string> notes{};

  std::vector<std::size_t> metrics_of(MetricScale scale) const;
  /// Columns and rows chosen, in the order given.
  ScaleData rows(std::span<const std::size_t> chosen) const;
};

/// The matrix of a long table at one point of every model's training (SeriesQuery::at). A metric is
/// a loss when its name says loss, nll or ppl (perplexities are taken as their logarithms), a share
/// when all its values lie in [0, 1]. Repeated cells are averaged; models without parameters or
/// tokens and FLOPs are kept with NaN.
/// @throws DataError for a table without models, or with fewer than two.
ScaleData scale_data(const LongTable& table, const SeriesQuery& query);

/// log of a size, for fits: parameters, tokens or FLOPs.
double log_size(const ScaleModel& model, series::Axis axis);

}  // namespace emdyn::emergence::scaling
