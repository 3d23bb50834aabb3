#include "emdyn/forecast/training/predictors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "emdyn/core/error.hpp"

namespace emdyn::forecast {
namespace {

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text << '\n';
  file.close();
  if (!file) throw DataError(fmt::format("{}: cannot be written", path.string()));
}

Json odds_ratios(const forecast::Predictor& predictor) {
  std::vector<std::size_t> order(predictor.features.size());
  for (std::size_t j = 0; j < order.size(); ++j) order[j] = j;
  const auto& beta = predictor.model.beta;
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return std::abs(beta[a]) > std::abs(beta[b]); });
  Json list = Json::array();
  for (const std::size_t j : order) {
    list.push_back({{"feature", predictor.features[j]}, {"odds_ratio", std::exp(beta[j])}});
  }
  return list;
}

// The figures of the evaluation that concern this predictor.
Json own_row(const Json& evaluation, const std::string& name) {
  for (const Json& row : evaluation.at("models")) {
    if (row.at("name") == name) return row;
  }
  return nullptr;
}

}  // namespace

Json evaluate_bank(const std::filesystem::path& bank_file,
                   const forecast::EvaluateOptions& options) {
  return forecast::evaluate(forecast::read_bank(bank_file), options);
}

Json train_predictors(const std::filesystem::path& bank_file, const std::filesystem::path& folder,
                      const forecast::EvaluateOptions& options) {
  const forecast::Bank bank = forecast::read_bank(bank_file);
  const Json evaluation = forecast::evaluate(bank, options);
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  Json predictors = Json::array();
  for (const auto set : {forecast::FeatureSet::grokking, forecast::FeatureSet::signals_only}) {
    forecast::Predictor predictor = forecast::train_predictor(bank, set, options.train);
    predictor.provenance["held_out"] = own_row(evaluation, predictor.name);
    const auto path = folder / (predictor.name + ".json");
    write_file(path, json_text(forecast::predictor_json(predictor)));
    predictors.push_back({{"name", predictor.name},
                          {"file", path.string()},
                          {"penalty", predictor.model.penalty},
                          {"threshold", predictor.alarm.threshold},
                          {"consecutive", predictor.alarm.consecutive},
                          {"odds_ratios", odds_ratios(predictor)}});
  }
  write_file(folder / "evaluation.json", json_text(evaluation, 1));
  return {{"bank", evaluation.at("bank")},
          {"evaluation", evaluation},
          {"predictors", std::move(predictors)}};
}

}  // namespace emdyn::forecast
