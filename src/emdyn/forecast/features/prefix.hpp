#pragma once
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "emdyn/forecast/features/history.hpp"
#include "emdyn/series/roles.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::forecast {

/// What a feature is where what it needs is missing.
inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// One signal up to a position, on the scale of its feature. Never empty.
class Trace {
 public:
  Trace(const series::Signal& signal, double at, double (*scale)(double));

  bool usable() const noexcept;  ///< Points enough for a slope.
  bool empty() const noexcept { return points_.values.empty(); }
  double first() const { return points_.values.front(); }
  double highest() const;
  /// Median over the last tenth of the prefix.
  double level() const;
  /// Least squares against log10(position) over (at/2, at].
  double slope() const;

 private:
  double at_;
  History points_;
};

/// What the configuration of a run of the grokking lab says; NaN and "" where it does not.
struct Setup {
  double prime = 0.0;
  double train_fraction = 0.0;
  double learning_rate = 0.0;
  double weight_decay = 0.0;
  double width = 0.0;
  double init_scale = 0.0;
  std::optional<double> batch{};
  std::string operation{};
  std::string network{};
  std::string optimiser{};
  std::string loss{};

  double train_examples() const;
};

/// A run up to a position: what features are computed from. What is lacking is said in `missing`.
struct Prefix {
  double at = 0.0;
  double deadline = 0.0;
  /// All four or none.
  std::optional<Trace> train_loss{};
  std::optional<Trace> test_loss{};
  std::optional<Trace> train_accuracy{};
  std::optional<Trace> test_accuracy{};
  std::optional<double> fitted_at{};  ///< Where train accuracy first reached 0.99.
  std::optional<Trace> gradient_norm{};
  std::optional<Trace> weight_norm{};
  std::optional<Trace> fourier_concentration{};
  std::optional<Trace> effective_rank{};
  Setup setup{};
  std::vector<std::string> missing{};
};

/// Losses and accuracies, of which any log has some.
void add_signals(const series::Run& run, const series::RoleChoices& roles, Prefix& prefix);
/// The configuration and the inside of a network, which runs of the lab have.
void add_lab(const series::Run& run, const series::RoleChoices& roles, Prefix& prefix);

}  // namespace emdyn::forecast
