#pragma once
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/core/registry.hpp"
#include "emdyn/series/roles.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::forecast {

/// What is known of a run at a position, before units are taken out; NaN where a signal is missing.
struct Observed {
  static constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

  double elapsed = kMissing;             ///< Position / deadline, in (0, 1].
  double chance = kMissing;              ///< Accuracy of guessing, in [0, 1).
  double test_accuracy = kMissing;       ///< Share, level now.
  double test_accuracy_best = kMissing;  ///< Share.
  double train_accuracy = kMissing;
  double test_accuracy_slope = kMissing;   ///< Logits per decade of position.
  double train_accuracy_slope = kMissing;  ///< Logits per decade of position.
  double test_accuracy_bend = kMissing;  ///< Slope of the later half less that of the whole window.
  double train_loss = kMissing;          ///< log10, level now; so are the next.
  double test_loss = kMissing;
  double train_loss_start = kMissing;
  double test_loss_start = kMissing;
  double test_loss_peak = kMissing;
  double train_loss_slope = kMissing;  ///< Decades per decade of position.
  double test_loss_slope = kMissing;
  double test_loss_bend = kMissing;
  double fitted_share = kMissing;        ///< Of the prefix since train accuracy reached 0.99.
  double is_fitted = kMissing;           ///< 0 or 1.
  double weight_norm_growth = kMissing;  ///< Decades above its first value.
  double weight_norm_drop = kMissing;    ///< Decades below its peak.
  double weight_norm_slope = kMissing;   ///< Decades per decade of position.
  double gradient_norm_slope = kMissing;
  double gradient_norm_drop = kMissing;
};

/// Reads a run up to `at` and nothing beyond it. Every signal may be missing. Accuracies in per cent
/// are told by values above 1.5. Without `chance` the accuracy of guessing is exp(-first test or
/// train loss), where that is a cross-entropy in nats of 2 to 100,000 classes and no accuracy seen
/// contradicts it, else the first test accuracy. O(points of the signals used).
/// @throws ConfigError unless 0 < at <= deadline.
Observed observe(const series::Run& run, double at, double deadline,
                 const series::RoleChoices& roles = {}, std::optional<double> chance = {});

/// One feature free of units: of time, of per cent, of the base of the loss's logarithm, of the
/// number of classes.
struct RelativeFeature : EntryFacts {
  std::string_view factor;                      ///< The plain words its share is summed under.
  bool is_trend;                                ///< Its sign says "rising" or "falling".
  double (*compute)(const Observed& observed);  ///< NaN where what it needs is missing.
};

/// Every relative feature, in the order models have them.
const Registry<RelativeFeature>& relative_registry() noexcept;
std::vector<Fact> facts(const RelativeFeature& feature);
std::vector<std::string> relative_names();
std::vector<double> relative_features(const Observed& observed);

/// Whether anything but time is known: then a forecast is more than the clock.
bool is_informative(const Observed& observed) noexcept;

}  // namespace emdyn::forecast
