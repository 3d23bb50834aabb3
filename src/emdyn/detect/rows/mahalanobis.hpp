#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"
#include "emdyn/detect/rows/covariance.hpp"

namespace emdyn::detect {

/// Streaming Mahalanobis distance: notices rows far from the mean in the metric of a shrunk
/// covariance with forgetting. A combination that is unusual counts even where every channel alone
/// is in range.
///
/// statistic: squared distance over the chi-squared quantile of `alpha` with as many degrees of
/// freedom as channels; ready after 30 rows and 3 per channel. The factor is taken anew each 32
/// rows. Cost: O(channels²), O(channels³) each 32 rows. Source: Hotelling, "Multivariate Quality
/// Control" (1947); shrinkage: see ShrunkCovariance.
class Mahalanobis {
 public:
  static constexpr std::string_view kName = "mahalanobis";
  static constexpr std::string_view kSummary = "rows far from the mean in the covariance's metric";
  static constexpr std::string_view kPaper = "Hotelling, Multivariate Quality Control, 1947";
  static constexpr std::string_view kCost = "O(channels^2)";
  static constexpr EventKind kKind = EventKind::outlier;
  static constexpr bool kOwnThreshold = true;

  struct Config {
    double alpha = 1e-3;             ///< Chance of a score above 1 for normal rows.
    double memory_samples = 2000.0;  ///< Rows over which the covariance is averaged.
  };
  static constexpr std::array kFields{
      Field<Config>{"alpha", &Config::alpha, 1e-12, 0.5, "chance of a score above 1"},
      Field<Config>{"memory_samples", &Config::memory_samples, 20.0, 1e9,
                    "rows over which the covariance is averaged"},
  };

  /// @throws ConfigError if a field is out of range.
  Mahalanobis(const Config& config, std::size_t channels);

  double statistic(std::span<const double> z) const noexcept;
  void learn(std::span<const double> z) noexcept;
  void settle() noexcept;
  void reset() noexcept;
  bool ready() const noexcept { return factored_ && covariance_.weight() >= enough_; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.covariance_, self.factor_, self.centre_, self.rows_, self.factored_);
    for (std::size_t i = 0; i < self.centre_.size(); ++i) {
      archive.require(!self.factored_ || self.factor_[i * (self.centre_.size() + 1)] > 0.0);
    }
  }
  bool operator==(const Mahalanobis&) const = default;

 private:
  double keep_;
  double inverse_limit_;
  double enough_;
  ShrunkCovariance covariance_;
  std::vector<double> factor_;  // Lower Cholesky factor.
  std::vector<double> centre_;  // Mean the factor belongs to.
  std::uint64_t rows_ = 0;
  bool factored_ = false;
};

}  // namespace emdyn::detect
