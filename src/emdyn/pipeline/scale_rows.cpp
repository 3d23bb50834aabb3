#include "emdyn/pipeline/scale_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <set>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::pipeline {
namespace {

using namespace emergence::scaling;

constexpr std::string_view kScaleMethod = "loss_link";
constexpr double kAhead = 4.0;  // Times the largest model: two octaves.
constexpr std::size_t kFewestSizes = 3;

std::size_t sizes_of(const ScaleData& data) {
  std::set<double> sizes;
  for (const ScaleModel& model : data.models)
    if (std::isfinite(model.parameters)) sizes.insert(model.parameters);
  return sizes.size();
}

/// The largest model of each family, made larger at the same number of tokens.
struct ScaleTarget {
  std::size_t largest = 0;  ///< Place of the model it grows from.
  ScaleModel model{};
};
std::vector<ScaleTarget> targets_of(const ScaleData& data, double to) {
  std::map<std::string, std::size_t> largest;
  for (std::size_t i = 0; i < data.models.size(); ++i) {
    const ScaleModel& model = data.models[i];
    if (!std::isfinite(model.parameters)) continue;
    const auto [at, added] = largest.try_emplace(model.family, i);
    const ScaleModel& best = data.models[at->second];
    // Of equal sizes the one that saw most.
    if (model.parameters > best.parameters ||
        (model.parameters == best.parameters && model.tokens > best.tokens))
      at->second = i;
  }
  std::map<std::string, std::set<double>> sizes;
  for (const ScaleModel& model : data.models)
    if (std::isfinite(model.parameters)) sizes[model.family].insert(model.parameters);
  const bool any = std::ranges::any_of(
      sizes, [](const auto& each) { return each.second.size() >= kFewestSizes; });
  std::vector<ScaleTarget> list;
  for (const auto& [family, place] : largest) {
    // A family of one or two sizes has no course of its own to go on with.
    if (any && sizes[family].size() < kFewestSizes) continue;
    ScaleModel model = data.models[place];
    const double factor = to > 0.0 ? to / model.parameters : kAhead;
    model.name = "(larger)";
    model.parameters *= factor;
    model.flops *= factor;
    list.push_back({place, model});
  }
  return list;
}

std::vector<const ScaleMethod*> baseline_methods() {
  std::vector<const ScaleMethod*> list;
  for (const ScaleMethod& method : scale_methods())
    if (method.baseline) list.push_back(&method);
  return list;
}

/// Largest models left out; by the method and the baselines alone.
std::vector<ScalingScore> judged_on_the_largest(const ScaleData& data, double level) {
  std::vector<ScalingScore> scores;
  for (ScalingScore& score : judge_scaling(data, LeaveOut::largest, level)) {
    if (score.method == kScaleMethod || scale_method(score.method).baseline)
      scores.push_back(std::move(score));
  }
  return scores;
}

}  // namespace

ScaleRows scale_rows(const LongTable& table, const SeriesQuery& query,
                     const ScaleRowOptions& options, const Task& task) {
  if (!(options.to >= 0.0)) throw ConfigError("--to must be a number of parameters > 0");
  const ScaleData data = scale_data(table, query);
  ScaleRows out;
  out.models = data.models.size();
  out.method = kScaleMethod;
  out.notes = data.notes;
  const auto baselines = baseline_methods();
  for (const ScaleMethod* each : baselines) out.baselines.emplace_back(each->name);
  if (const std::size_t sizes = sizes_of(data); sizes < kFewestSizes) {
    out.notes.push_back(
        fmt::format("scale: {} different sizes are known; {} are needed", sizes, kFewestSizes));
    return out;
  }
  const std::vector<ScaleTarget> targets = targets_of(data, options.to);
  out.families = targets.size();
  std::vector<ScaleModel> models;
  for (const ScaleTarget& target : targets) models.push_back(target.model);
  task.tell({"scale", 0, 2, "parts", "expectations"});
  const ScaleForecast forecast =
      forecast_scale(scale_method(kScaleMethod), data, models, options.level);
  std::vector<Eigen::MatrixXd> beside;
  for (const ScaleMethod* each : baselines) beside.push_back(each->predict(data, models));
  task.check();
  task.tell({"scale", 1, 2, "parts", "what they were worth"});
  out.judged = judged_on_the_largest(data, options.level);
  task.tell({"scale", 2, 2, "parts", {}});
  for (std::size_t m = 0; m < data.metrics.size(); ++m) {
    for (std::size_t t = 0; t < targets.size(); ++t) {
      const auto row = static_cast<Eigen::Index>(t), column = static_cast<Eigen::Index>(m);
      const ScaleModel& largest = data.models[targets[t].largest];
      ScaleRow told{data.metrics[m].name,
                    largest.family,
                    data.metrics[m].scale,
                    targets[t].model.parameters,
                    largest.parameters,
                    data.values(static_cast<Eigen::Index>(targets[t].largest), column),
                    {forecast.low(row, column), forecast.estimate(row, column),
                     forecast.high(row, column), options.level},
                    {}};
      for (const Eigen::MatrixXd& each : beside) told.baselines.push_back(each(row, column));
      if (std::isfinite(told.expected.estimate)) out.rows.push_back(std::move(told));
    }
  }
  return out;
}

std::vector<std::size_t> rows_that_move(const ScaleRows& rows) {
  const auto moves = [&](std::size_t i) {
    const ScaleRow& row = rows.rows[i];
    const double half = 0.5 * (row.expected.high - row.expected.low);
    const double step = std::fabs(row.expected.estimate - row.value);
    return half > 0.0 && std::isfinite(step) ? step / half : 0.0;
  };
  std::vector<std::size_t> order(rows.rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater<>(), moves);
  return order;
}

std::vector<std::string> scale_words(const ScaleRows& rows) {
  std::vector<std::string> lines;
  for (const ScalingScore& score : rows.judged) {
    if (score.method != rows.method) continue;
    std::string line = fmt::format(
        "scale: on the largest quarter of the sizes, left out, {} erred by {:.3g} ({}, root mean "
        "square of {}), its intervals held {:.0f} %",
        rows.method, score.rmse, word(score.scale), score.count, 100.0 * score.coverage);
    double best = HUGE_VAL;
    std::string_view best_name;
    for (const ScalingScore& other : rows.judged) {
      if (other.scale != score.scale || other.method == rows.method || other.rmse >= best) continue;
      best = other.rmse;
      best_name = other.method;
    }
    if (!best_name.empty())
      line += fmt::format("; best baseline {} {:.3g}{}", best_name, best,
                          best < score.rmse ? ", which is better here" : "");
    lines.push_back(std::move(line));
  }
  return lines;
}

Json scale_json(const ScaleRows& rows) {
  Json list = Json::array();
  for (const ScaleRow& row : rows.rows) {
    Json beside = Json::object();
    for (std::size_t b = 0; b < row.baselines.size(); ++b)
      beside[rows.baselines[b]] = number_or_null(row.baselines[b]);
    list.push_back({{"metric", row.metric},
                    {"family", row.family},
                    {"scale", word(row.scale)},
                    {"at", row.at},
                    {"largest", row.largest},
                    {"value", number_or_null(row.value)},
                    {"expected", row.expected},
                    {"baselines", std::move(beside)}});
  }
  return Json{{"models", rows.models},   {"families", rows.families}, {"method", rows.method},
              {"rows", std::move(list)}, {"judged", rows.judged},     {"notes", rows.notes}};
}

}  // namespace emdyn::pipeline
