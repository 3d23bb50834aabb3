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

/// Incremental principal components: notices rows far out within the subspace the channels share
/// (Hotelling's T²) and rows that leave it (the squared residual Q). The components are those of a
/// shrunk covariance with forgetting, taken anew each 32 rows; as many as hold `energy` of the
/// variance.
///
/// statistic: the larger of T² and Q over its limit at alpha/2 each; Q's limit by Box's scaled
/// chi-squared; ready after 30 rows and 3 per channel.
/// Cost: O(channels²), O(channels³) each 32 rows.
/// Source: Papadimitriou, Sun & Faloutsos, "Streaming Pattern Discovery in Multiple Time-Series",
/// VLDB 2005; Jackson & Mudholkar, Technometrics 21 (1979); Box, Ann. Math. Stat. 25 (1954).
class IncrementalPca {
 public:
  static constexpr std::string_view kName = "incremental_pca";
  static constexpr std::string_view kSummary =
      "rows far within, or outside of, the shared subspace";
  static constexpr std::string_view kPaper =
      "Papadimitriou, Sun & Faloutsos, Streaming Pattern Discovery, VLDB 2005";
  static constexpr std::string_view kCost = "O(channels^2)";
  static constexpr EventKind kKind = EventKind::outlier;
  static constexpr bool kOwnThreshold = true;

  struct Config {
    double energy = 0.95;            ///< Share of the variance the components hold.
    double alpha = 1e-3;             ///< Chance of a score above 1 for normal rows.
    double memory_samples = 2000.0;  ///< Rows over which the covariance is averaged.
  };
  static constexpr std::array kFields{
      Field<Config>{"energy", &Config::energy, 0.1, 0.9999, "share of variance in the components"},
      Field<Config>{"alpha", &Config::alpha, 1e-12, 0.5, "chance of a score above 1"},
      Field<Config>{"memory_samples", &Config::memory_samples, 20.0, 1e9,
                    "rows over which the covariance is averaged"},
  };

  /// @throws ConfigError if a field is out of range.
  IncrementalPca(const Config& config, std::size_t channels);

  double statistic(std::span<const double> z) const noexcept;
  void learn(std::span<const double> z) noexcept;
  void settle() noexcept { fit(); }
  void reset() noexcept;
  bool ready() const noexcept { return fitted_ && covariance_.weight() >= enough_; }
  std::size_t components() const noexcept { return static_cast<std::size_t>(components_); }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.covariance_, self.values_, self.vectors_, self.centre_, self.components_);
    archive(self.t2_limit_, self.q_limit_, self.rows_, self.fitted_);
    archive.require(self.centre_.size() >= self.components_);
    archive.require(self.t2_limit_ > 0.0 && self.q_limit_ >= 0.0);
    for (std::size_t i = 0; i < self.components_ && i < self.values_.size(); ++i) {
      archive.require(self.values_[i] > 0.0);
    }
  }
  bool operator==(const IncrementalPca&) const = default;

 private:
  void fit() noexcept;

  double energy_;
  double alpha_;
  double keep_;
  double enough_;
  ShrunkCovariance covariance_;
  std::vector<double> work_;     // The matrix the rotations use up.
  std::vector<double> values_;   // Eigenvalues, falling.
  std::vector<double> vectors_;  // [component][channel]
  std::vector<double> centre_;
  std::uint64_t components_ = 0;
  double t2_limit_ = 1.0;
  double q_limit_ = 0.0;  // 0: there is no residual space.
  std::uint64_t rows_ = 0;
  bool fitted_ = false;
};

}  // namespace emdyn::detect
