#include "emdyn/forecast/features/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/forecast/features/prefix.hpp"

namespace emdyn::forecast {
namespace {

constexpr bool kBare = true;

using Compute = double (*)(const Prefix&);

constexpr FeatureSpec setting(std::string_view name, std::string_view factor,
                              std::string_view meaning, Compute compute) {
  return {{name, meaning, kOwnWork, "O(1)"}, factor, false, true, false, compute};
}
constexpr FeatureSpec level(std::string_view name, std::string_view factor, bool bare,
                            std::string_view meaning, Compute compute) {
  return {{name, meaning, kOwnWork, "O(points)"}, factor, false, false, bare, compute};
}
constexpr FeatureSpec trend(std::string_view name, std::string_view factor, bool bare,
                            std::string_view meaning, Compute compute) {
  return {{name, meaning, kOwnWork, "O(points)"}, factor, true, false, bare, compute};
}

template <std::optional<Trace> Prefix::*kTrace>
double level_of(const Prefix& p) {
  return p.*kTrace ? (p.*kTrace)->level() : kUnknown;
}
template <std::optional<Trace> Prefix::*kTrace>
double slope_of(const Prefix& p) {
  return p.*kTrace ? (p.*kTrace)->slope() : kUnknown;
}
template <std::optional<Trace> Prefix::*kTrace>
double drop_of(const Prefix& p) {
  return p.*kTrace ? (p.*kTrace)->highest() - (p.*kTrace)->level() : kUnknown;
}

double is(std::string_view value, std::string_view word) { return value == word ? 1.0 : 0.0; }

double is_mini_batch(const Prefix& p) {
  const double batch = p.setup.batch.value_or(0.0);
  return batch > 0.0 && batch < p.setup.train_examples() ? 1.0 : 0.0;
}

double log10_decay_dose(const Prefix& p) {
  return std::log10(std::max(p.setup.learning_rate * p.setup.weight_decay * p.deadline, 1e-3));
}

double projected_accuracy(const Prefix& p) {
  if (!p.test_accuracy) return kUnknown;
  return std::clamp(
      p.test_accuracy->level() + p.test_accuracy->slope() * std::log10(p.deadline / p.at), -8.0,
      8.0);
}

double is_fitted(const Prefix& p) {
  if (!p.train_accuracy) return kUnknown;
  return p.fitted_at ? 1.0 : 0.0;
}

double fitted_share(const Prefix& p) {
  if (!p.train_accuracy) return kUnknown;
  return p.fitted_at ? (p.at - *p.fitted_at) / p.at : 0.0;
}

// The only list of features: what each is called, means and is computed by. Predictors have them in this order; add
// yours at the end of its factor, and train the predictors again.
constexpr std::array kSpecs{
    setting("train_fraction", "share of data trained on", "share of the table trained on",
            [](const Prefix& p) { return p.setup.train_fraction; }),
    setting("log10_prime", "size of the task", "log10 of the prime",
            [](const Prefix& p) { return std::log10(p.setup.prime); }),
    setting("log10_train_examples", "share of data trained on", "log10 of the training examples",
            [](const Prefix& p) { return std::log10(p.setup.train_examples()); }),
    setting("op_add", "operation", "1 for x+y",
            [](const Prefix& p) { return is(p.setup.operation, "add"); }),
    setting("op_sub", "operation", "1 for x-y",
            [](const Prefix& p) { return is(p.setup.operation, "sub"); }),
    setting("op_mul", "operation", "1 for xy",
            [](const Prefix& p) { return is(p.setup.operation, "mul"); }),
    setting("op_div", "operation", "1 for x/y",
            [](const Prefix& p) { return is(p.setup.operation, "div"); }),
    setting("op_x2_plus_y2", "operation", "1 for x^2+y^2",
            [](const Prefix& p) { return is(p.setup.operation, "x2_plus_y2"); }),
    setting("op_x3_plus_xy", "operation", "1 for x^3+xy",
            [](const Prefix& p) { return is(p.setup.operation, "x3_plus_xy"); }),
    setting("is_quadratic", "network", "1 for the MLP with squared activations",
            [](const Prefix& p) { return is(p.setup.network, "mlp_quadratic"); }),
    setting("is_transformer", "network", "1 for the transformer",
            [](const Prefix& p) { return is(p.setup.network, "transformer"); }),
    setting("log10_width", "network", "log10 of the hidden width",
            [](const Prefix& p) { return std::log10(p.setup.width); }),
    setting("is_sgd", "optimiser", "1 for SGD with momentum",
            [](const Prefix& p) { return is(p.setup.optimiser, "sgd_momentum"); }),
    setting("is_adam", "optimiser", "1 for Adam (decay inside the gradient)",
            [](const Prefix& p) { return is(p.setup.optimiser, "adam"); }),
    setting("is_squared_error", "loss function", "1 for squared error, 0 for cross-entropy",
            [](const Prefix& p) { return is(p.setup.loss, "mse"); }),
    setting("is_mini_batch", "batch size", "1 when a step sees a part of the training data",
            &is_mini_batch),
    setting("log10_learning_rate", "learning rate", "log10 of the learning rate",
            [](const Prefix& p) { return std::log10(p.setup.learning_rate); }),
    setting("log10_weight_decay", "weight decay", "log10 of the decay, floor 1e-5",
            [](const Prefix& p) { return std::log10(std::max(p.setup.weight_decay, 1e-5)); }),
    setting("log10_decay_dose", "weight decay",
            "log10 of rate x decay x steps to the deadline, floor 1e-3", &log10_decay_dose),
    setting("log10_init_scale", "scale of the initial weights", "log10 of the scale",
            [](const Prefix& p) { return std::log10(p.setup.init_scale); }),
    level("log10_deadline", "time left", false, "log10 of the deadline",
          [](const Prefix& p) { return std::log10(p.deadline); }),
    level("elapsed", "time left", kBare, "position / deadline",
          [](const Prefix& p) { return p.at / p.deadline; }),
    level("log10_elapsed", "time left", kBare, "log10 of position / deadline",
          [](const Prefix& p) { return std::log10(p.at / p.deadline); }),
    level("test_accuracy", "test accuracy", kBare, "level now, logit, within +-6",
          level_of<&Prefix::test_accuracy>),
    level("test_accuracy_best", "test accuracy", kBare, "best so far, logit, within +-6",
          [](const Prefix& p) { return p.test_accuracy ? p.test_accuracy->highest() : kUnknown; }),
    trend("test_accuracy_slope", "test accuracy", kBare, "logits per decade of position",
          slope_of<&Prefix::test_accuracy>),
    level("test_accuracy_projected", "test accuracy", kBare,
          "logit at the deadline if the trend went on, within +-8", &projected_accuracy),
    level("train_accuracy", "train accuracy", kBare, "level now, logit, within +-6",
          level_of<&Prefix::train_accuracy>),
    trend("train_accuracy_slope", "train accuracy", kBare, "logits per decade of position",
          slope_of<&Prefix::train_accuracy>),
    level("is_fitted", "time since the training data were fitted", kBare,
          "1 when train accuracy has reached 0.99", &is_fitted),
    level("fitted_share", "time since the training data were fitted", kBare,
          "share of the prefix since train accuracy reached 0.99", &fitted_share),
    level("log10_train_loss", "train loss", kBare, "level now, log10, within [-8, 4]",
          level_of<&Prefix::train_loss>),
    trend("train_loss_slope", "train loss", kBare, "decades per decade of position",
          slope_of<&Prefix::train_loss>),
    level("log10_test_loss", "test loss", kBare, "level now, log10, within [-8, 4]",
          level_of<&Prefix::test_loss>),
    trend("test_loss_slope", "test loss", kBare, "decades per decade of position",
          slope_of<&Prefix::test_loss>),
    level("test_loss_drop", "test loss", kBare, "decades below its peak so far",
          drop_of<&Prefix::test_loss>),
    level("log10_gradient_norm", "gradient norm", false, "level now, log10, within [-8, 4]",
          level_of<&Prefix::gradient_norm>),
    trend("gradient_norm_slope", "gradient norm", false, "decades per decade of position",
          slope_of<&Prefix::gradient_norm>),
    level("log10_weight_norm", "weight norm", false, "level now, log10",
          level_of<&Prefix::weight_norm>),
    level("weight_norm_growth", "weight norm", false, "decades above its first value",
          [](const Prefix& p) {
            return p.weight_norm ? p.weight_norm->level() - p.weight_norm->first() : kUnknown;
          }),
    level("weight_norm_drop", "weight norm", false, "decades below its peak so far",
          drop_of<&Prefix::weight_norm>),
    trend("weight_norm_slope", "weight norm", false, "decades per decade of position",
          slope_of<&Prefix::weight_norm>),
    level("fourier_concentration", "Fourier concentration of the embedding", false,
          "Gini coefficient of the embedding's power spectrum now",
          level_of<&Prefix::fourier_concentration>),
    trend("fourier_concentration_slope", "Fourier concentration of the embedding", false,
          "per decade of position", slope_of<&Prefix::fourier_concentration>),
    level("log10_effective_rank", "effective rank", false, "level now, log10",
          level_of<&Prefix::effective_rank>),
    trend("effective_rank_slope", "effective rank", false, "decades per decade of position",
          slope_of<&Prefix::effective_rank>),
};

constexpr Registry<FeatureSpec> kRegistry{{.what = "feature", .several = "features"}, kSpecs};

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

const Registry<FeatureSpec>& feature_registry() noexcept { return kRegistry; }

std::span<const FeatureSpec> feature_specs() noexcept { return kRegistry.entries(); }

std::vector<Fact> facts(const FeatureSpec& spec) {
  Json sets = Json::array();
  for (const FeatureSet set : {FeatureSet::grokking, FeatureSet::signals_only}) {
    if (in_set(spec, set)) sets.push_back(word(set));
  }
  return {{"factor", spec.factor},
          {"trend", spec.is_trend},
          {"configuration", spec.is_configuration},
          {"sets", std::move(sets)}};
}

const FeatureSpec& feature_spec(std::string_view name) {
  try {
    return kRegistry.find(name);
  } catch (const ConfigError& error) {  // Names come from files of banks and predictors.
    throw DataError(error.what());
  }
}

std::vector<std::string> feature_names(FeatureSet set) {
  std::vector<std::string> names;
  for (const FeatureSpec& spec : kSpecs) {
    if (in_set(spec, set)) names.emplace_back(spec.name);
  }
  return names;
}

}  // namespace emdyn::forecast
