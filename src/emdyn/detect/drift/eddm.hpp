#pragma once
#include <array>
#include <cmath>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// Early drift detection: notices that errors come closer together than ever before. Samples are
/// errors: 1 wrong, 0 right. Better than DDM at gradual drift.
///
/// Cost: O(1) time, about 100 bytes a signal.
/// Source: Baena-Garcia et al., "Early Drift Detection Method", ECML/PKDD workshop (2006).
class Eddm {
 public:
  static constexpr std::string_view kName = "eddm";
  static constexpr std::string_view kSummary = "EDDM: errors closer together than ever before";
  static constexpr std::string_view kPaper =
      "Baena-Garcia et al., Early Drift Detection Method, 2006";
  static constexpr std::string_view kCost = "O(1)";
  static constexpr Domain kDomain = Domain::binary;
  static constexpr EventKind kKind = EventKind::shift;
  static constexpr bool kFrontEnd = false;
  static constexpr bool kResets = true;

  struct Config {
    double warning = 0.95;            ///< Share of the best distance that warns.
    double drift = 0.90;              ///< Share at which the score is 1.
    std::int64_t warmup_errors = 30;  ///< Errors before the first score.
  };

  static constexpr std::array kFields{
      Field<Config>{"warning", &Config::warning, 0.01, 0.999,
                    "share of the best distance between errors that warns"},
      Field<Config>{"drift", &Config::drift, 0.01, 0.999, "share at which the score is 1"},
      Field<Config>{"warmup_errors", &Config::warmup_errors, 2, 1e6,
                    "errors before the first score"},
  };

  /// @throws ConfigError if a field is out of range.
  explicit Eddm(const Config& config);

  /// @param error 1 (at least 0.5) or 0.
  double update(double error) noexcept {
    time_ += 1.0;
    if (error < 0.5) return score_;
    errors_ += 1.0;
    const double distance = time_ - last_error_;
    last_error_ = time_;
    const double delta = distance - mean_;
    mean_ += delta / errors_;
    squares_ += delta * (distance - mean_);
    if (!ready()) return 0.0;
    const double reach = mean_ + 2.0 * std::sqrt(squares_ / errors_);
    best_at_ = reach > best_ ? time_ : best_at_;
    best_ = reach > best_ ? reach : best_;
    score_ = (1.0 - reach / best_) / (1.0 - drift_);
    return score_;
  }
  bool warns() const noexcept { return score_ * (1.0 - drift_) > 1.0 - warning_; }
  void skip(std::uint64_t count) noexcept { time_ += static_cast<double>(count); }
  /// The distances reached become the best.
  void rearm() noexcept { best_ = score_ = 0.0; }
  void reset() noexcept;
  bool ready() const noexcept { return errors_ >= warmup_; }
  Evidence evidence() const noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.time_, self.last_error_, self.errors_, self.mean_, self.squares_, self.best_,
            self.best_at_, self.score_);
    archive.require(self.errors_ >= 0.0 && self.squares_ >= 0.0 && self.best_ >= 0.0 &&
                    self.mean_ >= 0.0 && self.score_ >= 0.0 && kLargestScore >= self.score_);
    // Every distance between errors is at least 1, so a ready detector has a best.
    archive.require(1e15 >= self.time_ && self.time_ >= self.last_error_ &&
                    self.last_error_ >= 0.0 && self.time_ >= self.errors_ && self.best_at_ >= 0.0 &&
                    1e15 >= self.mean_ && 1e32 >= self.squares_ && 1e32 >= self.best_);
  }
  bool operator==(const Eddm&) const = default;

 private:
  double warning_;
  double drift_;
  double warmup_;
  double time_ = 0.0;
  double last_error_ = 0.0;
  double errors_ = 0.0;
  double mean_ = 0.0;  // Of the distances, and their summed squared deviations.
  double squares_ = 0.0;
  double best_ = 0.0;  // Largest mean + 2 deviations.
  double best_at_ = 0.0;
  double score_ = 0.0;
};

static_assert(Detector<Eddm>);

}  // namespace emdyn::detect
