#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/detector.hpp"

namespace emdyn::detect {

/// The EWMA chart and the two-sided CUSUM of very many signals at once. Every signal has the same
/// clock (one row of samples is one sample of each signal) and the same configuration; its baseline
/// is learned from its own first rows. Scores equal those of Ewma and Cusum up to rounding (a
/// rearmed signal keeps the steady EWMA limits).
///
/// A sample that is not finite is missing: that signal's state stays as it is.
///
/// Layout: one array per quantity, so that the loops run over signals in vector registers; a tile
/// of signals stays in the first-level cache while the rows of a block pass. Tiles are independent:
/// they run on all cores and the result does not depend on how many.
///
/// Cost: O(1) a sample; 56 bytes a signal.
/// Source: as Ewma and Cusum.
class DetectorBank {
 public:
  struct Config {
    std::int64_t baseline_samples = 100;  ///< Rows the baselines are learned from; >= 2.
    double lambda = 0.2;                  ///< EWMA: weight of the newest sample, in (0, 1].
    double limit_sigmas = 2.962;          ///< EWMA: deviations at which its score is 1.
    double slack_sigmas = 0.5;            ///< CUSUM: half the shift worth noticing.
    double threshold_sigmas = 5.0;        ///< CUSUM: sum at which its score is 1.
  };

  static constexpr std::array kFields{
      Field<Config>{"baseline_samples", &Config::baseline_samples, 2, 1e6,
                    "rows the baselines are learned from"},
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
  bool ready() const noexcept { return rows_ >= baseline_rows_; }
  static constexpr std::size_t bytes_per_signal() noexcept { return 7 * sizeof(double); }

  /// A block of samples, shape [row, signal].
  /// @param scores one a signal: the largest score of the block, 0 during warm-up.
  /// @throws ConfigError when the lengths do not fit.
  void update(std::span<const double> samples, std::span<double> scores);

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
  void learn(std::span<const double> samples, std::size_t rows, std::size_t begin,
             std::size_t end) noexcept;
  void finish_baselines(std::size_t begin, std::size_t end) noexcept;
  void score(std::span<const double> samples, std::size_t rows, std::uint64_t first_row,
             std::size_t begin, std::size_t end, double* scores) noexcept;
  double ewma_factor(std::uint64_t age) const noexcept;

  std::uint64_t baseline_rows_;
  double lambda_;
  double limit_;
  double slack_;
  double threshold_;
  std::uint64_t rows_ = 0;
  std::vector<double> mean_;
  std::vector<double> inverse_sigma_;  // During warm-up: the sum of squared deviations.
  std::vector<double> average_;        // During warm-up: the samples counted.
  std::vector<double> upper_;
  std::vector<double> lower_;
  std::vector<double> upper_since_;  // Row at which the sum last left zero.
  std::vector<double> lower_since_;
};

}  // namespace emdyn::detect
