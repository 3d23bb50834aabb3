#pragma once
#include <array>
#include <cmath>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// How an e-detector adds up the evidence of every possible starting point.
struct ShiryaevRoberts {
  static constexpr std::string_view kName = "e_sr";
  static constexpr std::string_view kSummary =
      "SR e-detector: a mean outside its class, run length guaranteed";
  static double advance(double evidence, double factor) noexcept {
    return (evidence + 1.0) * factor;
  }
};
struct CusumEvidence {
  static constexpr std::string_view kName = "e_cusum";
  static constexpr std::string_view kSummary =
      "CUSUM e-detector: a mean outside its class, run length guaranteed";
  static double advance(double evidence, double factor) noexcept {
    return std::max(evidence, 1.0) * factor;
  }
};

/// E-detector: notices that the mean of samples in [0, 1] has left the class it was in, with an
/// average run length of at least 1 / alpha whatever their distribution and dependence on the past,
/// as long as their conditional mean stays in the class. The class is the given mean, or the mean
/// of the first samples widened by `margin` standard errors. Two sides are averaged, which keeps
/// the guarantee (for the Shiryaev-Roberts form exactly; its CUSUM lies below it).
///
/// Cost: O(1) time, about 130 bytes a signal.
/// Source: Shin, Ramdas, Rinaldo, "E-detectors: A Nonparametric Framework for Sequential Change
/// Detection", New England Journal of Statistics in Data Science 2 (2024).
template <class Form>
class EDetector {
 public:
  enum class Side { both, rise, fall };

  static constexpr std::string_view kName = Form::kName;
  static constexpr std::string_view kSummary = Form::kSummary;
  static constexpr std::string_view kPaper = "Shin, Ramdas, Rinaldo, E-detectors, NEJSDS 2024";
  static constexpr std::string_view kCost = "O(1)";
  static constexpr Domain kDomain = Domain::unit_interval;
  static constexpr EventKind kKind = EventKind::shift;
  static constexpr bool kFrontEnd = false;
  static constexpr bool kResets = true;
  static constexpr std::array<std::string_view, 3> kSides{"both", "rise", "fall"};

  struct Config {
    double alpha = 1e-3;                  ///< 1 / the average run length, in (0, 1).
    std::int64_t baseline_samples = 100;  ///< Warm-up; 0: `mean` is given.
    double mean = 0.5;                    ///< Given mean before the change, in (0, 1).
    double margin = 3.0;                  ///< Standard errors the learned class is widened by.
    double bet = 0.8;                     ///< Stake on each sample, in (0, 1].
    Side side = Side::both;               ///< Which shifts to notice.
  };

  static constexpr std::array kFields{
      Field<Config>{"alpha", &Config::alpha, 1e-12, 0.5, "1 / the average run length"},
      Field<Config>{"baseline_samples", &Config::baseline_samples, 0, 1e6,
                    "samples the mean is learned from; 0: it is given"},
      Field<Config>{"mean", &Config::mean, 0.001, 0.999, "given mean before the change"},
      Field<Config>{"margin", &Config::margin, 0.0, 100.0,
                    "standard errors the learned class is widened by"},
      Field<Config>{"bet", &Config::bet, 0.001, 1.0, "stake on each sample"},
      enum_field<&Config::side, Config>("side", kSides, "which shifts to notice"),
  };

  /// @throws ConfigError if a field is out of range.
  explicit EDetector(const Config& config);

  /// @param sample held within [0, 1].
  double update(double sample) noexcept {
    if (ready()) [[likely]]
      return advance(sample);
    learn(std::min(std::max(sample, 0.0), 1.0));
    return 0.0;
  }
  /// @pre ready()
  double advance(double sample) noexcept {
    sample = std::min(std::max(sample, 0.0), 1.0);
    rise_ = std::min(Form::advance(rise_, factor(sample - highest_)), kLargestScore);
    fall_ = std::min(Form::advance(fall_, factor(lowest_ - sample)), kLargestScore);
    rise_age_ = age_while(rise_ > 1.0, rise_age_);
    fall_age_ = age_while(fall_ > 1.0, fall_age_);
    return score();
  }

  void skip(std::uint64_t) noexcept {}
  void rearm() noexcept {
    rise_ = fall_ = 0.0;
    rise_age_ = fall_age_ = 0;
  }
  void reset() noexcept;
  /// Only means that are still learned can be joined: evidence depends on the order of samples.
  bool can_merge(const EDetector& other) const noexcept { return !ready() && !other.ready(); }
  /// @pre can_merge(other)
  void merge(const EDetector& other) noexcept;
  bool ready() const noexcept { return seen_ == wanted_; }
  Evidence evidence() const noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.seen_, self.mean_, self.squares_, self.lowest_, self.highest_, self.rise_,
            self.fall_, self.rise_age_, self.fall_age_);
    require_counts(archive, self.rise_age_, self.fall_age_);
    const auto mean = [](double value) { return value >= -1.0 && value <= 2.0; };
    const auto evidence = [](double value) { return value >= 0.0 && value <= kLargestScore; };
    archive.require(self.seen_ <= self.wanted_ && mean(self.mean_) && mean(self.lowest_) &&
                    mean(self.highest_) && evidence(self.rise_) && evidence(self.fall_) &&
                    evidence(self.squares_));
  }
  bool operator==(const EDetector&) const = default;

 private:
  void learn(double sample) noexcept;
  void finish() noexcept;
  double factor(double gain) const noexcept { return std::max(1.0 + bet_ * gain, 0.0); }
  double score() const noexcept { return rise_ * rise_weight_ + fall_ * fall_weight_; }

  std::uint64_t wanted_;
  double given_;
  double margin_;
  double bet_;
  double rise_weight_;  // alpha times the side's share.
  double fall_weight_;
  std::uint64_t seen_ = 0;
  double mean_ = 0.0;
  double squares_ = 0.0;
  double lowest_ = 0.0;  // The class of means before the change.
  double highest_ = 1.0;
  double rise_ = 0.0;
  double fall_ = 0.0;
  std::uint64_t rise_age_ = 0;
  std::uint64_t fall_age_ = 0;
};

using ESr = EDetector<ShiryaevRoberts>;
using ECusum = EDetector<CusumEvidence>;

extern template class EDetector<ShiryaevRoberts>;
extern template class EDetector<CusumEvidence>;

static_assert(Detector<ESr>);
static_assert(Detector<ECusum>);

}  // namespace emdyn::detect
