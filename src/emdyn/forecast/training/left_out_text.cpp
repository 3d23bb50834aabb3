#include <fmt/format.h>

#include "emdyn/forecast/training/left_out.hpp"

namespace emdyn::forecast {
namespace {

std::string with_interval(const Json& row, std::string_view key) {
  const Json& value = row.at(key);
  if (value.is_null()) return "–";
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", value.at("estimate").get<double>(),
                     value.at("low").get<double>(), value.at("high").get<double>());
}

std::string plain_number(const Json& row, std::string_view key, int digits = 3) {
  const Json& value = row.at(key);
  return value.is_null() ? "–" : fmt::format("{:.{}f}", value.get<double>(), digits);
}

std::string horizon_text(const Json& horizon) {
  std::string text = fmt::format(
      "\nat {:.0f} % of the deadline: {} runs, {} reach the target\n"
      "  {:<20} {:<22} {:<22} {:<9} {:<9} {}\n",
      100.0 * horizon.at("share").get<double>(), horizon.at("runs").dump(),
      horizon.at("reached").dump(), "forecast", "AUC", "Brier", "log loss", "mean AUC",
      "Brier below value now / base rate");
  for (const Json& model : horizon.at("models")) {
    text += fmt::format(
        "  {:<20} {:<22} {:<22} {:<9} {:<9} {} / {} of {}\n", model.at("name").get<std::string>(),
        with_interval(model, "auc"), with_interval(model, "brier"), plain_number(model, "log_loss"),
        plain_number(model, "mean_family_auc"), model.at("brier_below_value_now").dump(),
        model.at("brier_below_base_rate").dump(), model.at("families").dump());
  }
  return text;
}

std::string family_text(const Json& family) {
  std::string text = fmt::format("\n{}:", family.at("name").get<std::string>());
  for (const Json& weight : family.at("weights")) {
    text += fmt::format(" {} {:.2f}", weight.at("member").get<std::string>(),
                        weight.at("weight").get<double>());
  }
  text += " (weights)\n";
  for (const Json& horizon : family.at("horizons")) {
    text += fmt::format("  {:>3.0f} % ({} runs, {} reach), AUC and Brier:",
                        100.0 * horizon.at("share").get<double>(), horizon.at("runs").dump(),
                        horizon.at("reached").dump());
    for (const Json& model : horizon.at("models")) {
      text += fmt::format("  {} {} {}", model.at("name").get<std::string>(),
                          plain_number(model, "auc", 2), plain_number(model, "brier", 3));
    }
    text += "\n";
  }
  return text;
}

}  // namespace

std::string left_out_text(const Json& evaluation) {
  const Json& bank = evaluation.at("bank");
  std::string text = fmt::format(
      "{} runs of {} configurations, {} reach the target; one {} left out at a time.\n"
      "Pooled over those left out, intervals of {:.0f} % from resampled configurations.\n",
      bank.at("runs").dump(), bank.at("groups").dump(), bank.at("reached").dump(),
      evaluation.at("leave_out").get<std::string>(), 100.0 * evaluation.at("level").get<double>());
  for (const Json& horizon : evaluation.at("pooled")) text += horizon_text(horizon);
  text += "\nwhen, by concordance (share of pairs of runs in the right order):\n";
  for (const Json& horizon : evaluation.at("when")) {
    text += fmt::format("  {:>3.0f} %:", 100.0 * horizon.at("share").get<double>());
    for (const Json& model : horizon.at("models")) {
      text += fmt::format("  {} {}", model.at("name").get<std::string>(),
                          plain_number(model, "concordance", 2));
    }
    text += "\n";
  }
  text += "\nfamily by family:\n";
  for (const Json& family : evaluation.at("families")) text += family_text(family);
  return text;
}

}  // namespace emdyn::forecast
