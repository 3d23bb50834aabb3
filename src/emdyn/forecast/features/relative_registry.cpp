#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/forecast/features/relative.hpp"

namespace emdyn::forecast {
namespace {

constexpr double kLogitBound = 6.0;
constexpr double kTargetLogit = 2.1972245773362196;  // Of 0.9.

double bounded_logit(double share) {
  if (!std::isfinite(share)) return Observed::kMissing;
  const double p = std::clamp(share, 1e-6, 1.0 - 1e-6);
  return std::clamp(std::log(p / (1.0 - p)), -kLogitBound, kLogitBound);
}

// 0 at chance, 1 at the ceiling.
double above_chance(double share, double chance) {
  return std::clamp((share - chance) / (1.0 - chance), -1.0, 1.0);
}

double projected(const Observed& o) {
  const double decades_left = std::log10(1.0 / o.elapsed);
  return std::clamp(bounded_logit(o.test_accuracy) + o.test_accuracy_slope * decades_left, -8.0,
                    8.0);
}

using RelativeCompute = double (*)(const Observed&);

constexpr RelativeFeature state(std::string_view name, std::string_view factor,
                                std::string_view meaning, RelativeCompute compute) {
  return {{name, meaning, kOwnWork, "O(1)"}, factor, false, compute};
}
constexpr RelativeFeature motion(std::string_view name, std::string_view factor,
                                 std::string_view meaning, RelativeCompute compute) {
  return {{name, meaning, kOwnWork, "O(1)"}, factor, true, compute};
}

// The only list of relative features; models have them in this order. Add yours at the end.
constexpr std::array kRelative{
    state("time_share", "time left", "position / deadline",
          [](const Observed& o) { return o.elapsed; }),
    state("log10_time_share", "time left", "log10 of position / deadline",
          [](const Observed& o) { return std::log10(o.elapsed); }),
    state("accuracy_above_chance", "test accuracy", "0 at guessing, 1 at the ceiling",
          [](const Observed& o) { return above_chance(o.test_accuracy, o.chance); }),
    state(
        "accuracy_odds_over_chance", "test accuracy", "logit now less the logit of guessing",
        [](const Observed& o) { return bounded_logit(o.test_accuracy) - bounded_logit(o.chance); }),
    state("best_above_chance", "test accuracy", "the same of the best so far",
          [](const Observed& o) { return above_chance(o.test_accuracy_best, o.chance); }),
    state("below_best", "test accuracy", "best so far less the level now, in shares",
          [](const Observed& o) { return o.test_accuracy_best - o.test_accuracy; }),
    motion("accuracy_slope", "test accuracy", "logits per decade of position",
           [](const Observed& o) { return o.test_accuracy_slope; }),
    state("accuracy_bend", "test accuracy",
          "slope of the later half of the window less that of the whole",
          [](const Observed& o) { return o.test_accuracy_bend; }),
    state("short_of_target", "test accuracy",
          "logit of 0.9 less the logit at the deadline if the trend went on, within +-10",
          [](const Observed& o) { return std::clamp(kTargetLogit - projected(o), -10.0, 10.0); }),
    state("train_above_chance", "train accuracy", "0 at guessing, 1 at the ceiling",
          [](const Observed& o) { return above_chance(o.train_accuracy, o.chance); }),
    motion("train_accuracy_rise", "train accuracy", "logits per decade of position",
           [](const Observed& o) { return o.train_accuracy_slope; }),
    state("accuracy_gap", "gap between train and test", "train less test accuracy, in shares",
          [](const Observed& o) { return o.train_accuracy - o.test_accuracy; }),
    state("loss_ratio", "gap between train and test", "log10 of test loss / train loss",
          [](const Observed& o) { return o.test_loss - o.train_loss; }),
    state("memorised", "time since the training data were fitted",
          "1 when train accuracy has reached 0.99", [](const Observed& o) { return o.is_fitted; }),
    state("memorised_share", "time since the training data were fitted",
          "share of the prefix since then", [](const Observed& o) { return o.fitted_share; }),
    state("train_loss_fall", "train loss", "decades below its first value",
          [](const Observed& o) { return o.train_loss_start - o.train_loss; }),
    motion("train_loss_trend", "train loss", "decades per decade of position",
           [](const Observed& o) { return o.train_loss_slope; }),
    state("test_loss_fall", "test loss", "decades below its first value",
          [](const Observed& o) { return o.test_loss_start - o.test_loss; }),
    state("test_loss_below_peak", "test loss", "decades below its peak so far",
          [](const Observed& o) { return o.test_loss_peak - o.test_loss; }),
    motion("test_loss_trend", "test loss", "decades per decade of position",
           [](const Observed& o) { return o.test_loss_slope; }),
    state("test_loss_bend", "test loss",
          "slope of the later half of the window less that of the whole",
          [](const Observed& o) { return o.test_loss_bend; }),
    state("weight_norm_rise", "weight norm", "decades above its first value",
          [](const Observed& o) { return o.weight_norm_growth; }),
    state("weight_norm_below_peak", "weight norm", "decades below its peak so far",
          [](const Observed& o) { return o.weight_norm_drop; }),
    motion("weight_norm_trend", "weight norm", "decades per decade of position",
           [](const Observed& o) { return o.weight_norm_slope; }),
    motion("gradient_norm_trend", "gradient norm", "decades per decade of position",
           [](const Observed& o) { return o.gradient_norm_slope; }),
    state("gradient_norm_below_peak", "gradient norm", "decades below its peak so far",
          [](const Observed& o) { return o.gradient_norm_drop; }),
};

constexpr Registry<RelativeFeature> kRelativeRegistry{
    {.what = "relative feature", .several = "relative features"}, kRelative};

}  // namespace

const Registry<RelativeFeature>& relative_registry() noexcept { return kRelativeRegistry; }

std::vector<Fact> facts(const RelativeFeature& feature) {
  return {{"factor", feature.factor}, {"trend", feature.is_trend}};
}

std::vector<std::string> relative_names() {
  std::vector<std::string> names;
  for (const RelativeFeature& each : kRelative) names.emplace_back(each.name);
  return names;
}

std::vector<double> relative_features(const Observed& observed) {
  std::vector<double> values;
  for (const RelativeFeature& each : kRelative) {
    const double value = each.compute(observed);
    values.push_back(std::isfinite(value) ? value : Observed::kMissing);
  }
  return values;
}

bool is_informative(const Observed& o) noexcept {
  return std::isfinite(o.test_accuracy) || std::isfinite(o.train_accuracy) ||
         std::isfinite(o.test_loss) || std::isfinite(o.train_loss) ||
         std::isfinite(o.weight_norm_growth) || std::isfinite(o.gradient_norm_slope);
}

}  // namespace emdyn::forecast
