#pragma once
#include <array>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// Page-Hinkley test: notices a lasting shift away from the running mean. In signal units: not
/// scale-free, so `delta` and `threshold` must suit the signal (behind a front end they do).
///
/// Cost: O(1) time, about 110 bytes a signal.
/// Source: Page, "Continuous Inspection Schemes", Biometrika 41 (1954); the faded sum as in Gama et
/// al., "On Evaluating Stream Learning Algorithms", Machine Learning 90 (2013).
class PageHinkley {
 public:
  enum class Side { both, rise, fall };

  static constexpr std::string_view kName = "page_hinkley";
  static constexpr std::string_view kSummary =
      "Page-Hinkley: a lasting shift from the running mean";
  static constexpr std::string_view kPaper = "Page, Continuous Inspection Schemes, Biometrika 1954";
  static constexpr std::string_view kCost = "O(1)";
  static constexpr Domain kDomain = Domain::real;
  static constexpr EventKind kKind = EventKind::shift;
  static constexpr bool kFrontEnd = false;
  static constexpr bool kResets = true;
  static constexpr std::array<std::string_view, 3> kSides{"both", "rise", "fall"};

  struct Config {
    double delta = 0.005;              ///< Change allowed, in signal units; >= 0.
    double threshold = 50.0;           ///< Sum at which the score is 1, in signal units; > 0.
    double alpha = 0.9999;             ///< What is kept of the sum each sample, in (0, 1].
    std::int64_t warmup_samples = 30;  ///< Before the first score.
    Side side = Side::both;            ///< Which shifts to notice.
  };

  static constexpr std::array kFields{
      Field<Config>{"delta", &Config::delta, 0.0, 1e100, "change allowed, in signal units"},
      Field<Config>{"threshold", &Config::threshold, 1e-100, 1e100,
                    "sum at which the score is 1, in signal units"},
      Field<Config>{"alpha", &Config::alpha, 1e-6, 1.0, "what is kept of the sum each sample"},
      Field<Config>{"warmup_samples", &Config::warmup_samples, 1, 1e6,
                    "samples before the first score"},
      enum_field<&Config::side, Config>("side", kSides, "which shifts to notice"),
  };

  /// @throws ConfigError if a field is out of range or not finite.
  explicit PageHinkley(const Config& config);

  /// @param sample in signal units; finite.
  double update(double sample) noexcept {
    sample = bounded_sample(sample);
    count_ += 1.0;
    mean_ += (sample - mean_) / count_;
    const double deviation = sample - mean_;
    rise_ = advance(rise_, deviation);
    fall_ = advance(fall_, -deviation);
    return score();
  }

  void skip(std::uint64_t count) noexcept {
    if (rise_.sum > 0.0) rise_.age += count;
    if (fall_.sum > 0.0) fall_.age += count;
  }
  void rearm() noexcept { rise_ = fall_ = {}; }
  void reset() noexcept {
    rearm();
    count_ = mean_ = 0.0;
  }
  bool ready() const noexcept { return count_ >= warmup_; }
  Evidence evidence() const noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.count_, self.mean_, self.rise_.sum, self.rise_.age, self.fall_.sum,
            self.fall_.age);
    require_counts(archive, self.rise_.age, self.fall_.age);
    archive.require(self.count_ >= 0.0 && self.rise_.sum >= 0.0 && self.fall_.sum >= 0.0);
  }
  bool operator==(const PageHinkley&) const = default;

 private:
  struct Sum {
    double sum = 0.0;
    std::uint64_t age = 0;  // Samples since the sum last left zero.
    bool operator==(const Sum&) const = default;
  };

  Sum advance(Sum side, double deviation) const noexcept {
    const double sum = alpha_ * side.sum + deviation - delta_;
    const bool positive = sum > 0.0;
    return {positive ? sum : 0.0, age_while(positive, side.age)};
  }
  double score() const noexcept {
    if (!ready()) return 0.0;
    return bounded_score(std::max(rise_.sum * rise_weight_, fall_.sum * fall_weight_));
  }

  double delta_;
  double alpha_;
  double warmup_;
  double rise_weight_;  // 1 / threshold, or 0 for a side that is not watched.
  double fall_weight_;
  double count_ = 0.0;
  double mean_ = 0.0;
  Sum rise_;
  Sum fall_;
};

static_assert(Detector<PageHinkley>);

}  // namespace emdyn::detect
