#pragma once
#include <array>
#include <cmath>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// Drift detection method: notices that an error rate has risen above the best it ever was. Samples
/// are errors: 1 wrong, 0 right. The best rate is taken from the moment of the first error on: of a
/// stream without errors no deviation can be told.
///
/// Cost: O(1) time, about 90 bytes a signal.
/// Source: Gama, Medas, Castillo, Rodrigues, "Learning with Drift Detection", SBIA (2004).
class Ddm {
 public:
  static constexpr std::string_view kName = "ddm";
  static constexpr std::string_view kSummary = "DDM: an error rate above the best it ever was";
  static constexpr std::string_view kPaper =
      "Gama, Medas, Castillo, Rodrigues, Learning with Drift Detection, SBIA 2004";
  static constexpr std::string_view kCost = "O(1)";
  static constexpr Domain kDomain = Domain::binary;
  static constexpr EventKind kKind = EventKind::shift;
  static constexpr bool kFrontEnd = false;
  static constexpr bool kResets = true;

  struct Config {
    std::int64_t warmup_samples = 30;  ///< Before the first score.
    double warning_sigmas = 2.0;       ///< Deviations above the best rate that warn.
    double drift_sigmas = 3.0;         ///< Deviations at which the score is 1.
  };

  static constexpr std::array kFields{
      Field<Config>{"warmup_samples", &Config::warmup_samples, 2, 1e6,
                    "samples before the first score"},
      Field<Config>{"warning_sigmas", &Config::warning_sigmas, 0.1, 100.0,
                    "deviations above the best rate that warn"},
      Field<Config>{"drift_sigmas", &Config::drift_sigmas, 0.1, 100.0,
                    "deviations above the best rate at which the score is 1"},
  };

  /// @throws ConfigError if a field is out of range.
  explicit Ddm(const Config& config);

  /// @param error held within [0, 1].
  double update(double error) noexcept {
    error = std::min(std::max(error, 0.0), 1.0);
    count_ += 1.0;
    rate_ += (error - rate_) / count_;
    if (count_ < warmup_) return 0.0;
    const double deviation = std::sqrt(std::max(rate_ * (1.0 - rate_), 0.0) / count_);
    const double level = rate_ + deviation;
    const bool best = (rate_ > 0.0) & (level <= best_rate_ + best_deviation_);
    best_rate_ = best ? rate_ : best_rate_;
    best_deviation_ = best ? deviation : best_deviation_;
    best_at_ = best ? count_ : best_at_;
    score_ = best_deviation_ > 0.0
                 ? bounded_score(std::max(level - best_rate_, 0.0) / (drift_ * best_deviation_))
                 : 0.0;
    return score_;
  }

  /// The textbook warning level is reached.
  bool warns() const noexcept { return score_ * drift_ > warning_; }
  void skip(std::uint64_t) noexcept {}
  /// The rate reached becomes the best; as after a drift that is accepted.
  void rearm() noexcept {
    best_rate_ = best_deviation_ = kNone;
    score_ = 0.0;
  }
  void reset() noexcept {
    rearm();
    count_ = rate_ = best_at_ = 0.0;
  }
  bool ready() const noexcept { return count_ >= warmup_; }
  Evidence evidence() const noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.count_, self.rate_, self.best_rate_, self.best_deviation_, self.best_at_,
            self.score_);
    archive.require(self.count_ >= 0.0 && self.rate_ >= 0.0 && self.rate_ <= 1.0 &&
                    self.best_rate_ >= 0.0 && self.best_deviation_ >= 0.0 && self.score_ >= 0.0);
  }
  bool operator==(const Ddm&) const = default;

 private:
  static constexpr double kNone = 1e100;  // Of a best rate.

  double warmup_;
  double warning_;
  double drift_;
  double count_ = 0.0;
  double rate_ = 0.0;
  double best_rate_ = kNone;
  double best_deviation_ = kNone;
  double best_at_ = 0.0;
  double score_ = 0.0;
};

static_assert(Detector<Ddm>);

}  // namespace emdyn::detect
