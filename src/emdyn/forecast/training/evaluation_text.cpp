#include <fmt/format.h>

#include "emdyn/forecast/training/evaluate.hpp"

namespace emdyn::forecast {
namespace {

// "0.93 [0.90, 0.95]", "-" where there is nothing.
std::string cell(const Json& row, std::string_view key, int digits) {
  const auto found = row.find(key);
  if (found == row.end() || found->is_null()) return "-";
  if (found->is_number()) return fmt::format("{:.{}f}", found->get<double>(), digits);
  return fmt::format("{:.{}f} [{:.{}f}, {:.{}f}]", found->at("estimate").get<double>(), digits,
                     found->at("low").get<double>(), digits, found->at("high").get<double>(),
                     digits);
}

std::string name_of(const Json& row) { return row.at("name").get<std::string>(); }

}  // namespace

std::string evaluation_text(const Json& evaluation) {
  const Json& bank = evaluation.at("bank");
  std::string text = fmt::format(
      "{} runs in {} configurations: {} reach the target, {} never do ({} censored or unusable, "
      "left out); {} prefixes.\nConfigurations held out in {} folds; {} % intervals from resampled "
      "configurations.\n\n",
      bank.at("runs").dump(), bank.at("groups").dump(), bank.at("reached").dump(),
      bank.at("never").dump(), bank.at("unused").dump(), bank.at("prefixes").dump(),
      evaluation.at("folds").dump(), 100.0 * evaluation.at("level").get<double>());
  text += fmt::format("{:<14} {:<18} {:<21} {:<18} {:<6} {}\n", "forecast", "AUC", "Brier", "slope",
                      "ECE", "AUC, accuracy < 2 x chance");
  for (const Json& row : evaluation.at("models")) {
    if (!row.contains("brier")) continue;
    text += fmt::format("{:<14} {:<18} {:<21} {:<18} {:<6} {}\n", name_of(row), cell(row, "auc", 2),
                        cell(row, "brier", 3), cell(row, "calibration_slope", 2),
                        cell(row, "calibration_error", 3), cell(row, "auc_below_twice_chance", 2));
  }
  text += fmt::format("\n{:<14} {:<18} {:<18} {:<18} {:<18} {}\n", "alarm", "hits", "started above",
                      "late or missed", "false alarms", "median lead, positions");
  for (const Json& row : evaluation.at("models")) {
    const double lost = row.contains("late_rate") && row.at("late_rate").is_object()
                            ? row.at("late_rate").at("estimate").get<double>() +
                                  row.at("missed_rate").at("estimate").get<double>()
                            : -1.0;
    text += fmt::format("{:<14} {:<18} {:<18} {:<18} {:<18} {}\n", name_of(row),
                        cell(row, "hit_rate", 2), cell(row, "started_above_rate", 2),
                        lost < 0.0 ? "-" : fmt::format("{:.2f}", lost),
                        cell(row, "false_positive_rate", 2), cell(row, "median_lead", 0));
  }
  text += "\nAUC of one forecast a run, made at a share of the deadline (runs not yet past):\n";
  for (const Json& row : evaluation.at("horizons")) {
    text += fmt::format("{:>3.0f} % ({} runs, {} reach):", 100.0 * row.at("share").get<double>(),
                        row.at("runs").dump(), row.at("reached").dump());
    for (const Json& model : row.at("models")) {
      if (name_of(model) == "prior") continue;
      text += fmt::format("  {} {}", name_of(model), cell(model, "auc", 2));
    }
    text += "\n";
  }
  for (const Json& table : evaluation.at("reliability")) {
    text += fmt::format("\nReliability of {}: predicted, observed (prefixes, configurations)\n",
                        name_of(table));
    for (const Json& bin : table.at("bins")) {
      text += fmt::format("  {:.2f}  {:.2f}  ({}, {})\n", bin.at("predicted").get<double>(),
                          bin.at("observed").get<double>(), bin.at("count").dump(),
                          bin.at("groups").dump());
    }
  }
  return text;
}

}  // namespace emdyn::forecast
