#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "emdyn/core/error.hpp"
#include "emdyn/forecast/features/features.hpp"

namespace emdyn::forecast {
namespace {

constexpr bool kTrend = true;
constexpr bool kConfig = true;
constexpr bool kBare = true;

constexpr FeatureSpec setting(std::string_view name, std::string_view factor,
                              std::string_view meaning) {
  return {name, factor, false, kConfig, false, meaning};
}
constexpr FeatureSpec level(std::string_view name, std::string_view factor, bool bare,
                            std::string_view meaning) {
  return {name, factor, false, false, bare, meaning};
}
constexpr FeatureSpec trend(std::string_view name, std::string_view factor, bool bare,
                            std::string_view meaning) {
  return {name, factor, kTrend, false, bare, meaning};
}

constexpr std::array kSpecs{
    setting("train_fraction", "share of data trained on", "share of the table trained on"),
    setting("log10_prime", "size of the task", "log10 of the prime"),
    setting("log10_train_examples", "share of data trained on", "log10 of the training examples"),
    setting("op_add", "operation", "1 for x+y"),
    setting("op_sub", "operation", "1 for x-y"),
    setting("op_mul", "operation", "1 for xy"),
    setting("op_div", "operation", "1 for x/y"),
    setting("op_x2_plus_y2", "operation", "1 for x^2+y^2"),
    setting("op_x3_plus_xy", "operation", "1 for x^3+xy"),
    setting("is_quadratic", "network", "1 for the MLP with squared activations"),
    setting("is_transformer", "network", "1 for the transformer"),
    setting("log10_width", "network", "log10 of the hidden width"),
    setting("is_sgd", "optimiser", "1 for SGD with momentum"),
    setting("is_adam", "optimiser", "1 for Adam (decay inside the gradient)"),
    setting("is_squared_error", "loss function", "1 for squared error, 0 for cross-entropy"),
    setting("is_mini_batch", "batch size", "1 when a step sees a part of the training data"),
    setting("log10_learning_rate", "learning rate", "log10 of the learning rate"),
    setting("log10_weight_decay", "weight decay", "log10 of the decay, floor 1e-5"),
    setting("log10_decay_dose", "weight decay",
            "log10 of rate x decay x steps to the deadline, floor 1e-3"),
    setting("log10_init_scale", "scale of the initial weights", "log10 of the scale"),
    level("log10_deadline", "time left", false, "log10 of the deadline"),
    level("elapsed", "time left", kBare, "position / deadline"),
    level("log10_elapsed", "time left", kBare, "log10 of position / deadline"),
    level("test_accuracy", "test accuracy", kBare, "level now, logit, within +-6"),
    level("test_accuracy_best", "test accuracy", kBare, "best so far, logit, within +-6"),
    trend("test_accuracy_slope", "test accuracy", kBare, "logits per decade of position"),
    level("test_accuracy_projected", "test accuracy", kBare,
          "logit at the deadline if the trend went on, within +-8"),
    level("train_accuracy", "train accuracy", kBare, "level now, logit, within +-6"),
    trend("train_accuracy_slope", "train accuracy", kBare, "logits per decade of position"),
    level("is_fitted", "time since the training data were fitted", kBare,
          "1 when train accuracy has reached 0.99"),
    level("fitted_share", "time since the training data were fitted", kBare,
          "share of the prefix since train accuracy reached 0.99"),
    level("log10_train_loss", "train loss", kBare, "level now, log10, within [-8, 4]"),
    trend("train_loss_slope", "train loss", kBare, "decades per decade of position"),
    level("log10_test_loss", "test loss", kBare, "level now, log10, within [-8, 4]"),
    trend("test_loss_slope", "test loss", kBare, "decades per decade of position"),
    level("test_loss_drop", "test loss", kBare, "decades below its peak so far"),
    level("log10_gradient_norm", "gradient norm", false, "level now, log10, within [-8, 4]"),
    trend("gradient_norm_slope", "gradient norm", false, "decades per decade of position"),
    level("log10_weight_norm", "weight norm", false, "level now, log10"),
    level("weight_norm_growth", "weight norm", false, "decades above its first value"),
    level("weight_norm_drop", "weight norm", false, "decades below its peak so far"),
    trend("weight_norm_slope", "weight norm", false, "decades per decade of position"),
    level("fourier_concentration", "Fourier concentration of the embedding", false,
          "Gini coefficient of the embedding's power spectrum now"),
    trend("fourier_concentration_slope", "Fourier concentration of the embedding", false,
          "per decade of position"),
    level("log10_effective_rank", "effective rank", false, "level now, log10"),
    trend("effective_rank_slope", "effective rank", false, "decades per decade of position"),
};

constexpr std::array<std::string_view, 2> kSets{"grokking", "signals_only"};

}  // namespace

std::string_view word(FeatureSet set) noexcept { return kSets[static_cast<std::size_t>(set)]; }

FeatureSet feature_set_from_word(std::string_view word) {
  const auto found = std::ranges::find(kSets, word);
  if (found == kSets.end()) {
    throw ConfigError(
        fmt::format("unknown feature set \"{}\"; sets: grokking, signals_only", word));
  }
  return static_cast<FeatureSet>(found - kSets.begin());
}

std::span<const FeatureSpec> feature_specs() noexcept { return kSpecs; }

const FeatureSpec& feature_spec(std::string_view name) {
  const auto found = std::ranges::find(kSpecs, name, &FeatureSpec::name);
  if (found == kSpecs.end()) throw DataError(fmt::format("unknown feature \"{}\"", name));
  return *found;
}

std::vector<std::string> feature_names(FeatureSet set) {
  std::vector<std::string> names;
  for (const FeatureSpec& spec : kSpecs) {
    if (set == FeatureSet::grokking || spec.in_signals_only) names.emplace_back(spec.name);
  }
  return names;
}

}  // namespace emdyn::forecast
