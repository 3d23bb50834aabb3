#include "emdyn/forecast/tabular/model_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/snapshot.hpp"

namespace emdyn::forecast {
namespace {

const Json& list_of(const Json& json, std::string_view key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array()) {
    throw DataError(fmt::format("model: {} is missing or no list", key));
  }
  return *found;
}

std::size_t count_of(const Json& json, std::string_view key) {
  const double value = required_number(json, key);
  if (!(value >= 0.0 && value <= 1e6) || value != std::floor(value)) {
    throw DataError(fmt::format("model: {} is no count", key));
  }
  return static_cast<std::size_t>(value);
}

std::int32_t whole(double value) {
  if (!(std::abs(value) <= 1e9) || value != std::floor(value)) {
    throw DataError("model: a tree names a node or column that is no whole number");
  }
  return static_cast<std::int32_t>(value);
}

Json bins_json(const Bins& bins) { return Json(bins.cuts); }

Bins bins_from_json(const Json& json, std::string_view key) {
  Bins bins;
  for (const Json& row : list_of(json, key)) {
    bins.cuts.push_back(json_numbers(Json{{"cuts", row}}, "cuts"));
    if (!std::ranges::is_sorted(bins.cuts.back()) || bins.cuts.back().size() > 250) {
      throw DataError("model: cuts do not ascend or are too many");
    }
  }
  return bins;
}

// Columns of nodes rather than objects: a tenth of the text.
Json tree_json(const DecisionTree& tree) {
  std::vector<double> feature, threshold, missing_left, left, right, value, cover;
  for (const TreeNode& node : tree.nodes) {
    feature.push_back(node.feature);
    threshold.push_back(node.threshold);
    missing_left.push_back(node.missing_left ? 1.0 : 0.0);
    left.push_back(node.left);
    right.push_back(node.right);
    value.push_back(node.value);
    cover.push_back(node.cover);
  }
  return {{"feature", feature}, {"threshold", threshold}, {"missing_left", missing_left},
          {"left", left},       {"right", right},         {"value", value},
          {"cover", cover}};
}

DecisionTree tree_from_json(const Json& json, std::size_t columns) {
  const auto feature = json_numbers(json, "feature");
  const auto threshold = json_numbers(json, "threshold");
  const auto missing_left = json_numbers(json, "missing_left");
  const auto left = json_numbers(json, "left");
  const auto right = json_numbers(json, "right");
  const auto value = json_numbers(json, "value");
  const auto cover = json_numbers(json, "cover");
  const std::size_t count = feature.size();
  for (const auto* each : {&threshold, &missing_left, &left, &right, &value, &cover}) {
    if (count == 0 || each->size() != count) throw DataError("model: a tree's lists differ");
  }
  DecisionTree tree{std::vector<TreeNode>(count)};
  for (std::size_t i = 0; i < count; ++i) {
    TreeNode& node = tree.nodes[i];
    node = {whole(feature[i]), threshold[i],    missing_left[i] != 0.0,
            whole(left[i]),    whole(right[i]), value[i],
            cover[i]};
    if (node.is_leaf()) continue;
    const auto here = static_cast<std::int64_t>(i);
    // Children behind their parents: no walk can go round for ever.
    if (node.feature >= static_cast<std::int64_t>(columns) || node.left <= here ||
        node.right <= here || node.left >= static_cast<std::int64_t>(count) ||
        node.right >= static_cast<std::int64_t>(count)) {
      throw DataError("model: a tree names a node or column that is not there");
    }
  }
  return tree;
}

Json curve_json(const CalibrationCurve& curve) {
  return {{"score", curve.score}, {"probability", curve.probability}};
}

CalibrationCurve curve_from_json(const Json& json) {
  CalibrationCurve curve{json_numbers(json, "score"), json_numbers(json, "probability")};
  if (curve.score.empty() || curve.score.size() != curve.probability.size() ||
      !std::ranges::is_sorted(curve.score) || !std::ranges::is_sorted(curve.probability)) {
    throw DataError("model: a calibration curve is empty or falls");
  }
  return curve;
}

}  // namespace

std::vector<double> json_numbers(const Json& json, std::string_view key) {
  std::vector<double> values;
  for (const Json& value : list_of(json, key)) {
    if (!value.is_number()) throw DataError(fmt::format("model: {} holds no number", key));
    values.push_back(value.get<double>());
  }
  return values;
}

Json model_json(const Logistic& model) {
  return {{"mean", model.standardiser.mean},
          {"scale", model.standardiser.scale},
          {"intercept", model.intercept},
          {"beta", model.beta},
          {"penalty", model.penalty}};
}

Logistic logistic_from_json(const Json& json) {
  Logistic model;
  model.standardiser = {json_numbers(json, "mean"), json_numbers(json, "scale")};
  model.beta = json_numbers(json, "beta");
  model.intercept = required_number(json, "intercept");
  model.penalty = required_number(json, "penalty");
  if (model.standardiser.mean.size() != model.beta.size() ||
      model.standardiser.scale.size() != model.beta.size() ||
      std::ranges::any_of(model.standardiser.scale, [](double s) { return !(s > 0.0); })) {
    throw DataError("model: a linear model's lists differ or a scale is not > 0");
  }
  return model;
}

Json model_json(const TreeEnsemble& model) {
  Json trees = Json::array();
  for (const DecisionTree& tree : model.trees) trees.push_back(tree_json(tree));
  return {{"columns", model.columns},
          {"base", model.base},
          {"scale", model.scale},
          {"trees", std::move(trees)}};
}

TreeEnsemble trees_from_json(const Json& json) {
  TreeEnsemble model;
  model.columns = count_of(json, "columns");
  model.base = required_number(json, "base");
  model.scale = required_number(json, "scale");
  for (const Json& tree : list_of(json, "trees")) {
    model.trees.push_back(tree_from_json(tree, model.columns));
  }
  return model;
}

Json model_json(const AdditiveModel& model) {
  Json shapes = Json::array();
  for (const ShapeFunction& shape : model.shapes) {
    shapes.push_back({{"value", shape.value}, {"error", shape.error}, {"share", shape.share}});
  }
  Json pairs = Json::array();
  for (const PairShape& pair : model.pairs) {
    pairs.push_back({{"first", pair.first}, {"second", pair.second}, {"value", pair.value}});
  }
  return {{"intercept", model.intercept},
          {"cuts", bins_json(model.bins)},
          {"coarse_cuts", bins_json(model.coarse)},
          {"shapes", std::move(shapes)},
          {"pairs", std::move(pairs)}};
}

AdditiveModel additive_from_json(const Json& json) {
  AdditiveModel model;
  model.intercept = required_number(json, "intercept");
  model.bins = bins_from_json(json, "cuts");
  model.coarse = bins_from_json(json, "coarse_cuts");
  for (const Json& row : list_of(json, "shapes")) {
    model.shapes.push_back(
        {json_numbers(row, "value"), json_numbers(row, "error"), json_numbers(row, "share")});
  }
  bool fits =
      model.shapes.size() == model.bins.columns() && model.coarse.columns() == model.bins.columns();
  for (std::size_t j = 0; fits && j < model.shapes.size(); ++j) {
    const std::size_t bins = model.bins.count(j) + 1;
    fits = model.shapes[j].value.size() == bins && model.shapes[j].error.size() == bins &&
           model.shapes[j].share.size() == bins;
  }
  for (const Json& row : list_of(json, "pairs")) {
    PairShape pair{count_of(row, "first"), count_of(row, "second"), json_numbers(row, "value")};
    fits = fits && pair.first < model.shapes.size() && pair.second < model.shapes.size() &&
           pair.value.size() ==
               (model.coarse.count(pair.first) + 1) * (model.coarse.count(pair.second) + 1);
    model.pairs.push_back(std::move(pair));
  }
  if (!fits) throw DataError("model: the sizes of an additive model's parts disagree");
  return model;
}

namespace {

std::string seal_of(const Json& document) {
  const std::string text = json_text(document);
  return fmt::format("{:016x}", checksum(std::as_bytes(std::span(text))));
}

}  // namespace

Json model_json(const Calibration& calibration) {
  Json replicates = Json::array();
  for (const auto& each : calibration.replicates) replicates.push_back(curve_json(each));
  return {{"curve", curve_json(calibration.curve)}, {"replicates", std::move(replicates)}};
}

Calibration calibration_from_json(const Json& json) {
  const auto curve = json.find("curve");
  if (curve == json.end()) throw DataError("model: a calibration has no curve");
  Calibration calibration{curve_from_json(*curve), {}};
  for (const Json& each : list_of(json, "replicates")) {
    calibration.replicates.push_back(curve_from_json(each));
  }
  return calibration;
}

Json sealed(Json document) {
  document.erase("checksum");
  document["checksum"] = seal_of(document);
  return document;
}

const Json& checked_seal(const Json& document, std::string_view what) {
  Json body = document;
  if (!body.is_object() || text_or_empty(body, "checksum").empty()) {
    throw DataError(fmt::format("{}: no model file (it has no checksum)", what));
  }
  body.erase("checksum");
  if (seal_of(body) != text_or_empty(document, "checksum")) {
    throw DataError(
        fmt::format("{}: the file was altered or damaged (its checksum does not fit); "
                    "fit the predictor again",
                    what));
  }
  return document;
}

}  // namespace emdyn::forecast
