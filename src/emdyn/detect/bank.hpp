#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/core/simd.hpp"
#include "emdyn/detect/detector.hpp"

namespace emdyn::detect {

/// The EWMA chart and the two-sided CUSUM of very many signals at once. Every signal has the same
/// clock (one row of samples is one sample of each signal) and the same configuration; its baseline
/// is learned from its own first samples, so signals may begin late. Scores equal those of Ewma and
/// Cusum to the last bit, on any number of threads and any instruction set.
///
/// A sample that is not finite is missing: that signal's state stays as it is and scores 0.
///
/// Layout: one array per quantity, the loops run over signals; a tile
/// of signals stays in the first-level cache while the rows of a block pass. Tiles are independent:
/// they run on all cores and the result does not depend on how many.
///
/// Cost: O(1) a sample; 64 bytes a signal.
/// Source: as Ewma and Cusum.
class DetectorBank {
 public:
  struct Config {
    std::int64_t baseline_samples = 100;  ///< Samples each baseline is learned from; >= 2.
    double lambda = 0.2;                  ///< EWMA: weight of the newest sample, in (0, 1].
    double limit_sigmas = 2.962;          ///< EWMA: deviations at which its score is 1.
    double slack_sigmas = 0.5;            ///< CUSUM: half the shift worth noticing.
    double threshold_sigmas = 5.0;        ///< CUSUM: sum at which its score is 1.
    bool operator==(const Config&) const = default;
  };

  static constexpr std::array kFields{
      Field<Config>{"baseline_samples", &Config::baseline_samples, 2, 1e6,
                    "samples each baseline is learned from"},
      Field<Config>{"lambda", &Config::lambda, 1e-6, 1.0, "EWMA: weight of the newest sample"},
      Field<Config>{"limit_sigmas", &Config::limit_sigmas, 0.1, 100.0,
                    "EWMA: deviations of the average at which its score is 1"},
      Field<Config>{"slack_sigmas", &Config::slack_sigmas, 0.0, 1e3,
                    "CUSUM: half the shift worth noticing"},
      Field<Config>{"threshold_sigmas", &Config::threshold_sigmas, 1e-3, 1e6,
                    "CUSUM: sum at which its score is 1"},
  };

  /// @throws ConfigError if a field is out of range.
  DetectorBank(std::size_t signals, const Config& config);

  std::size_t signals() const noexcept { return mean_.size(); }
  /// Whether the signal's baseline is learned.
  bool ready(std::size_t signal) const noexcept { return decay_[signal] > 0.0; }
  static constexpr std::size_t bytes_per_signal() noexcept { return 8 * sizeof(double); }

  /// A block of samples, shape [row, signal].
  /// @param scores one a signal: the largest score of the block, 0 during warm-up.
  /// @throws ConfigError when the lengths do not fit.
  void update(std::span<const double> samples, std::span<double> scores,
              InstructionSet set = best_instruction_set());

  /// Joins baselines learned on two parts of the same signals (pairwise moments: Chan, Golub,
  /// LeVeque, "Algorithms for Computing the Sample Variance", American Statistician 37, 1983).
  /// @throws ConfigError when the configurations differ or a baseline is already in use: evidence
  /// depends on the order of samples and cannot be joined.
  void merge(const DetectorBank& other);

  /// Of the last row: the score of the louder of the two, its direction, and the CUSUM's onset
  /// (counted in rows).
  Evidence evidence(std::size_t signal) const noexcept;
  /// Forgets the evidence of one signal, keeps its baseline.
  void rearm(std::size_t signal) noexcept;
  void reset() noexcept;

  /// Versioned bytes of configuration and state.
  std::vector<std::byte> snapshot() const;
  /// The bytes may be hostile. @throws DataError when they are no snapshot of this version.
  static DetectorBank restore(std::span<const std::byte> bytes);

  bool operator==(const DetectorBank&) const = default;

 private:
  struct Block;

  void learn(std::size_t signal, double sample) noexcept;
  void finish_baseline(std::size_t signal) noexcept;
  template <bool kSteady>
  void score_rows(const Block& block, double* best) noexcept;
  void run_tile(const Block& block, InstructionSet set, double* scores) noexcept;
  double by_average(std::size_t signal) const noexcept;
  bool sound() const noexcept;

  Config config_;
  double forget_;         // (1 - lambda)^2
  double inverse_limit_;  // 1 / (L sqrt(lambda / (2 - lambda)))
  double inverse_threshold_;
  std::uint64_t rows_ = 0;
  std::vector<double> mean_;
  std::vector<double> inverse_sigma_;  // During warm-up: the sum of squared deviations.
  std::vector<double> average_;
  std::vector<double> decay_;  // (1 - lambda)^(2 age); during warm-up: minus the samples counted.
  std::vector<double> upper_;
  std::vector<double> lower_;
  std::vector<double> upper_since_;  // Row at which the sum last left zero.
  std::vector<double> lower_since_;
};

}  // namespace emdyn::detect
