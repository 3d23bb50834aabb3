#pragma once
#include <array>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"
#include "emdyn/math/sorted_window.hpp"

namespace emdyn::detect {

/// Modified z-score: notices a sample far from the median of the window before it, in units of the
/// median absolute deviation; neither is moved by outliers. Where more than half of the window is
/// one value (MAD 0, quantised data), the mean absolute deviation takes its place, as the source
/// advises.
///
/// Cost: O(log w) to find, O(w) to move; 16 bytes a sample of the window.
/// Source: Iglewicz & Hoaglin, "How to Detect and Handle Outliers" (1993): 0.6745 |x - med| / MAD >
/// 3.5.
class RobustZ {
 public:
  static constexpr std::string_view kName = "robust_z";
  static constexpr std::string_view kSummary =
      "robust z: one sample far from the median, in units of the MAD";
  static constexpr std::string_view kPaper =
      "Iglewicz & Hoaglin, How to Detect and Handle Outliers, 1993";
  static constexpr std::string_view kCost = "O(log w)";
  static constexpr Domain kDomain = Domain::real;
  static constexpr EventKind kKind = EventKind::outlier;
  static constexpr bool kFrontEnd = true;
  static constexpr bool kJudgesSamples = true;

  struct Config {
    std::int64_t window_samples = 128;  ///< The median is taken over; >= 8.
    std::int64_t warmup_samples = 30;   ///< Before the first score; >= 4.
    double threshold = 3.5;             ///< Modified z-score at which the score is 1.
  };

  static constexpr std::array kFields{
      Field<Config>{"window_samples", &Config::window_samples, 8, 1e5,
                    "samples the median is taken over"},
      Field<Config>{"warmup_samples", &Config::warmup_samples, 4, 1e5,
                    "samples before the first score"},
      Field<Config>{"threshold", &Config::threshold, 0.1, 1e6,
                    "modified z-score at which the score is 1"},
  };

  /// @throws ConfigError if a field is out of range or the warm-up exceeds the window.
  explicit RobustZ(const Config& config);

  double update(double sample) noexcept;
  void skip(std::uint64_t) noexcept {}
  void rearm() noexcept { z_ = 0.0; }
  void reset() noexcept {
    z_ = 0.0;
    window_.clear();
  }
  bool ready() const noexcept { return window_.size() >= warmup_; }
  Evidence evidence() const noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.window_, self.z_);
  }
  bool operator==(const RobustZ&) const = default;

 private:
  double deviation(double centre) const noexcept;

  std::size_t warmup_;
  double inverse_threshold_;
  math::SortedWindow window_;
  double z_ = 0.0;
};

static_assert(Detector<RobustZ>);

}  // namespace emdyn::detect
