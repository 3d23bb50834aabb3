#pragma once
#include <array>
#include <string_view>

#include "emdyn/core/bounded_vector.hpp"
#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"
#include "emdyn/math/pareto.hpp"

namespace emdyn::detect {

/// The upper tail of a stream by peaks over threshold: the threshold is a quantile of the first
/// samples; the excesses of it follow a generalised Pareto distribution, fitted anew (Grimshaw's
/// maximum likelihood, over the last 256 of them) with every new one at first, later with every
/// sixteenth.
class TailModel {
 public:
  /// @param samples that calibrate; @param level quantile of the threshold, in (0, 1).
  TailModel(std::size_t samples, double level);

  bool ready() const noexcept { return first_.full(); }
  /// Takes a sample in: a calm one or, above the threshold, an excess.
  void learn(double sample) noexcept;
  /// P(X > sample) by the model; 1 below the threshold. @pre ready()
  double tail(double sample) const noexcept;
  /// The level exceeded with probability `q`. @pre ready()
  double level_of(double q) const noexcept;
  /// What an alarmed sample teaches: itself where chance may have made it, else the mean of what
  /// lies beyond the level. To teach nothing would cut the tail off and lower the level for ever.
  double believable(double sample, double level, double q) const noexcept;
  double threshold() const noexcept { return threshold_; }
  double peaks() const noexcept { return peak_count_; }
  const math::GeneralisedPareto& pareto() const noexcept { return pareto_; }
  void clear() noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.first_, self.excesses_, self.next_, self.fresh_, self.count_, self.peak_count_,
            self.threshold_, self.pareto_.shape, self.pareto_.scale);
    archive.require(self.next_ < kExcesses && self.pareto_.scale > 0.0 && self.count_ >= 0.0 &&
                    self.peak_count_ >= 0.0 && self.peak_count_ <= self.count_ &&
                    self.next_ <= self.excesses_.size());
    for (const double excess : self.excesses_) archive.require(0.0 <= excess && excess <= 1e150);
    archive.require(-1e150 <= self.threshold_ && self.threshold_ <= 1e150);
    archive.require(-100.0 <= self.pareto_.shape && self.pareto_.shape <= 100.0);
  }
  bool operator==(const TailModel&) const = default;

 private:
  static constexpr std::size_t kExcesses = 256;

  void begin() noexcept;
  void fit() noexcept;

  double level_;
  BoundedVector<double> first_;
  BoundedVector<double> excesses_;  // A ring.
  std::size_t next_ = 0;
  std::uint64_t fresh_ = 0;  // Excesses since the last fit.
  double count_ = 0.0;
  double peak_count_ = 0.0;
  double threshold_ = 0.0;
  math::GeneralisedPareto pareto_{0.0, 1.0};
};

struct SpotSettings {
  double q = 1e-4;                   ///< Chance that a sample exceeds the alarm level.
  double level = 0.98;               ///< Quantile of the threshold.
  std::int64_t init_samples = 1000;  ///< That calibrate the threshold.
  std::int64_t depth_samples = 0;    ///< Of the moving average taken off first; 0: none.
  bool two_sided = false;            ///< The lower tail counts too.
};

struct SpotForm {
  static constexpr std::string_view kName = "spot";
  static constexpr std::string_view kSummary = "SPOT: a sample beyond its extreme-value quantile";
  static constexpr SpotSettings kDefaults{};
};
struct DspotForm {
  static constexpr std::string_view kName = "dspot";
  static constexpr std::string_view kSummary = "DSPOT: SPOT of the distance to a moving average";
  static constexpr SpotSettings kDefaults{.depth_samples = 20};
};
struct BispotForm {
  static constexpr std::string_view kName = "bispot";
  static constexpr std::string_view kSummary = "biSPOT: SPOT of both tails";
  static constexpr SpotSettings kDefaults{.two_sided = true};
};

/// SPOT and its variants: notices a sample so extreme that its chance is below `q`, whatever the
/// distribution, by extreme-value theory. Alarmed samples far beyond chance teach the model no more
/// than an ordinary exceedance would (the source leaves all alarmed ones out, which truncates the
/// tail and multiplies the false alarms). The p-value is the model's tail, doubled for two sides.
///
/// Cost: O(1) time (O(depth) with a moving average), a fit of O(256) with every excess (one in
/// fifty samples); 12 KB a signal and tail. Source: Siffer, Fouque, Termier, Largouet, "Anomaly
/// Detection in Streams with Extreme Value Theory", KDD (2017).
template <class Form>
class Spot {
 public:
  static constexpr std::string_view kName = Form::kName;
  static constexpr std::string_view kSummary = Form::kSummary;
  static constexpr std::string_view kPaper =
      "Siffer, Fouque, Termier, Largouet, Anomaly Detection in Streams with EVT, KDD 2017";
  static constexpr std::string_view kCost = "O(1), amortised";
  static constexpr Domain kDomain = Domain::real;
  static constexpr EventKind kKind = EventKind::outlier;
  static constexpr bool kFrontEnd = true;
  static constexpr bool kJudgesSamples = true;

  struct Config {
    double q = Form::kDefaults.q;
    double level = Form::kDefaults.level;
    std::int64_t init_samples = Form::kDefaults.init_samples;
    std::int64_t depth_samples = Form::kDefaults.depth_samples;
    bool two_sided = Form::kDefaults.two_sided;
  };

  static constexpr std::array kFields{
      Field<Config>{"q", &Config::q, 1e-12, 0.1, "chance that a sample exceeds the alarm level"},
      Field<Config>{"level", &Config::level, 0.5, 0.999, "quantile of the threshold"},
      Field<Config>{"init_samples", &Config::init_samples, 50, 1e5,
                    "samples that calibrate the threshold"},
      Field<Config>{"depth_samples", &Config::depth_samples, 0, 1e5,
                    "samples of the moving average taken off first; 0: none"},
      Field<Config>{"two_sided", &Config::two_sided, 0, 0, "the lower tail counts too"},
  };

  /// @throws ConfigError if a field is out of range.
  explicit Spot(const Config& config);

  double update(double sample) noexcept;
  void skip(std::uint64_t) noexcept {}
  void rearm() noexcept {
    score_ = 0.0;
    p_ = 1.0;
  }
  void reset() noexcept;
  bool ready() const noexcept { return upper_.ready(); }
  Evidence evidence() const noexcept;
  double p_value() const noexcept { return p_; }
  const TailModel& upper() const noexcept { return upper_; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.upper_, self.lower_, self.recent_, self.next_, self.sum_, self.level_up_,
            self.level_down_, self.score_, self.p_, self.rising_);
    archive.require(self.score_ >= 0.0 && self.p_ >= 0.0 && self.p_ <= 1.0);
    archive.require(!self.upper_.ready() || self.level_up_ > self.upper_.threshold());
    archive.require(!self.two_sided_ || self.upper_.ready() == self.lower_.ready());
    archive.require(!self.two_sided_ || !self.lower_.ready() ||
                    self.level_down_ > self.lower_.threshold());
    archive.require(self.recent_.empty() ? self.next_ == 0 : self.next_ < self.recent_.capacity());
  }
  bool operator==(const Spot&) const = default;

 private:
  bool detrend(double& sample) noexcept;
  void follow(double sample) noexcept;

  double q_;
  bool two_sided_;
  TailModel upper_;
  TailModel lower_;
  BoundedVector<double> recent_;  // Ring of the moving average.
  std::size_t next_ = 0;
  double sum_ = 0.0;
  double level_up_ = 0.0;  // Alarm levels, refreshed with every fit.
  double level_down_ = 0.0;
  double score_ = 0.0;
  double p_ = 1.0;
  bool rising_ = true;
};

using SpotDetector = Spot<SpotForm>;
using Dspot = Spot<DspotForm>;
using Bispot = Spot<BispotForm>;

extern template class Spot<SpotForm>;
extern template class Spot<DspotForm>;
extern template class Spot<BispotForm>;

static_assert(Detector<SpotDetector>);
static_assert(Detector<Dspot>);
static_assert(Detector<Bispot>);

}  // namespace emdyn::detect
