#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "emdyn/detect/alarm/calibrator.hpp"

namespace emdyn::detect {

/// Alarms of a detector that holds what it learned of a reference: p-values against scores of reference samples that
/// were kept out of what it learned, which never change; and one alarm for each stretch that is out of the ordinary,
/// with a beginning and an end.
///
/// An alarm begins at the first score that exceeds: p <= alpha, or score > arm_score. It ends once `patience_samples`
/// in a row did not. With fewer than 200 kept-out scores a chance of 1 in 1000 cannot be told: without a budget asked
/// for, a score then exceeds where it lies above 1, its textbook threshold, and above all of them (as where they are
/// more and no tail could be fitted); with a budget p is its rank, (higher or equal + 1) / (n + 1).
/// Cost: O(1); 9 KB.
class HeldPolicy {
 public:
  static constexpr double kAlpha =
      1e-3;  ///< Of a sample, unless told otherwise: what a reference can tell.

  struct Config {
    std::optional<double> alpha{};      ///< False alarms a sample, in (0, 0.5].
    std::optional<double> arm_score{};  ///< A score above it exceeds, whatever its price; > 0.
    std::int64_t patience_samples = 25;
    Calibrator::Kind calibrator = Calibrator::Kind::pot;
  };
  enum class Change : std::uint8_t { none, begins, ends };
  struct Decision {
    Change change = Change::none;
    bool exceeds = false;
    double p_value = 1.0;
  };

  /// @throws ConfigError if a field is out of range, or both rules are given.
  explicit HeldPolicy(const Config& config);

  /// A score of a reference sample that was kept out. @pre score >= 0
  void learn(double score);
  Decision step(double score) noexcept;
  /// A new segment of the stream: what was on is not known to be over.
  void restart() noexcept { calm_ = 0; }
  /// For Event::policy.
  std::string text() const;
  std::string end_text() const;
  std::uint64_t scores() const noexcept { return learned_; }

 private:
  double p_value(double score) const noexcept;
  bool beyond_ranks(double score, double p) const noexcept;

  Config config_;
  Calibrator calibrator_;
  std::vector<double> few_;  // Kept-out scores, while they are fewer than the calibrator needs.
  double highest_ = 0.0;
  std::uint64_t learned_ = 0;
  std::uint64_t calm_ = 0;  // Samples since the last that exceeded.
  bool on_ = false;
};

/// What Event::policy holds where an alarm was raised beside a reference, and how it begins where an event tells that
/// what was out of the ordinary is over.
inline constexpr std::string_view kAgainstReference = "scores of the reference";
inline constexpr std::string_view kBackToNormal = "back to the reference";

}  // namespace emdyn::detect
