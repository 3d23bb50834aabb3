#pragma once
#include <array>
#include <cmath>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// HDDM-A: notices that the mean of bounded samples has moved, by Hoeffding's bound on the
/// difference of two averages, without assuming a distribution.
///
/// Cost: O(1) time, about 170 bytes a signal.
/// Source: Frias-Blanco et al., "Online and Non-Parametric Drift Detection Methods Based on
/// Hoeffding's Bounds", IEEE TKDE 27 (2015), A-test.
class HddmA {
 public:
  static constexpr std::string_view kName = "hddm_a";
  static constexpr std::string_view kSummary =
      "HDDM-A: difference of averages by Hoeffding's bound";
  static constexpr std::string_view kPaper =
      "Frias-Blanco et al., Online and Non-Parametric Drift Detection, TKDE 2015";
  static constexpr std::string_view kCost = "O(1)";
  static constexpr Domain kDomain = Domain::unit_interval;
  static constexpr EventKind kKind = EventKind::shift;
  static constexpr bool kFrontEnd = false;

  struct Config {
    double drift_alpha = 0.001;    ///< Chance of error of the drift test.
    double warning_alpha = 0.005;  ///< Chance of error of the warning test.
    bool two_sided = false;        ///< Falls count too.
  };

  static constexpr std::array kFields{
      Field<Config>{"drift_alpha", &Config::drift_alpha, 1e-12, 0.5,
                    "chance of error of the drift test"},
      Field<Config>{"warning_alpha", &Config::warning_alpha, 1e-12, 0.5,
                    "chance of error of the warning test"},
      Field<Config>{"two_sided", &Config::two_sided, 0, 0, "falls count too"},
  };

  /// @throws ConfigError if a field is out of range.
  explicit HddmA(const Config& config);

  /// @param sample held within [0, 1].
  double update(double sample) noexcept {
    count_ += 1.0;
    sum_ += std::min(std::max(sample, 0.0), 1.0);
    const double inverse = 1.0 / count_;
    const double mean = sum_ * inverse;
    const double reach = std::sqrt(half_log_ * inverse);
    const Part whole{count_, sum_, inverse, mean, mean + reach};
    if (low_.count == 0.0 || low_.bound >= whole.bound) low_ = whole;
    const double up = std::max(excess(low_, mean, inverse), 0.0);
    double down = 0.0;
    if (two_sided_) {
      if (high_.count == 0.0 || high_.bound <= mean - reach) {
        high_ = {count_, sum_, inverse, mean, mean - reach};
      }
      down = std::max(-excess(high_, mean, inverse), 0.0);
    }
    rising_ = up >= down;
    score_ = std::max(up, down);
    return score_;
  }
  bool warns() const noexcept { return score_ > warning_ratio_; }
  void skip(std::uint64_t) noexcept {}
  void rearm() noexcept { reset(); }  // After a drift everything is learned anew.
  void reset() noexcept;
  bool ready() const noexcept { return true; }  // The bound itself is wide at first.
  Evidence evidence() const noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.count_, self.sum_, self.low_.count, self.low_.sum, self.score_, self.rising_);
    if (self.two_sided_) archive(self.high_.count, self.high_.sum);
    archive.require(1e15 >= self.count_ && self.sum_ >= 0.0 && self.count_ >= self.sum_ &&
                    self.low_.sum >= 0.0 && self.low_.count >= self.low_.sum &&
                    self.high_.sum >= 0.0 && self.high_.count >= self.high_.sum &&
                    kLargestScore >= self.score_);
    archive.require(self.count_ >= 0.0 && self.score_ >= 0.0 && self.low_.count >= 0.0 &&
                    self.high_.count >= 0.0 && self.low_.count <= self.count_ &&
                    self.high_.count <= self.count_);
    if constexpr (requires { archive.ok(); }) {
      self.low_ = self.part(self.low_.count, self.low_.sum, 1.0);
      self.high_ = self.part(self.high_.count, self.high_.sum, -1.0);
    }
  }
  bool operator==(const HddmA&) const = default;

 private:
  struct Part {
    double count = 0.0;
    double sum = 0.0;
    double inverse = 0.0;  // 1 / count.
    double mean = 0.0;
    double bound = 0.0;  // Of the mean, by Hoeffding.
    bool operator==(const Part&) const = default;
  };
  /// The prefix with these samples; `sign` says on which side of its mean the bound lies.
  Part part(double count, double sum, double sign) const noexcept {
    if (count == 0.0) return {};
    const double inverse = 1.0 / count;
    const double mean = sum * inverse;
    return {count, sum, inverse, mean, mean + sign * std::sqrt(half_log_ * inverse)};
  }
  /// Difference between the whole and the prefix over Hoeffding's bound for it; signed.
  double excess(const Part& part, double mean, double inverse_count) const noexcept {
    const double spread = (part.inverse - inverse_count) * half_log_two_;
    return spread > 0.0 ? (mean - part.mean) / std::sqrt(spread) : 0.0;
  }

  double half_log_;       // ln(1 / drift_alpha) / 2
  double half_log_two_;   // ln(2 / drift_alpha) / 2
  double warning_ratio_;  // Score at which the warning test rejects.
  bool two_sided_;
  double count_ = 0.0;
  double sum_ = 0.0;
  Part low_;   // Prefix whose upper bound of the mean is lowest,
  Part high_;  // and, where falls count, the one whose lower bound is highest.
  double score_ = 0.0;
  bool rising_ = true;
};

/// HDDM-W: as HDDM-A with exponentially weighted averages and McDiarmid's bound: quicker at gradual
/// drift.
///
/// Cost: O(1) time, about 160 bytes a signal. Source: as HddmA, W-test.
class HddmW {
 public:
  static constexpr std::string_view kName = "hddm_w";
  static constexpr std::string_view kSummary =
      "HDDM-W: difference of weighted averages by McDiarmid's bound";
  static constexpr std::string_view kPaper = HddmA::kPaper;
  static constexpr std::string_view kCost = "O(1)";
  static constexpr Domain kDomain = Domain::unit_interval;
  static constexpr EventKind kKind = EventKind::shift;
  static constexpr bool kFrontEnd = false;

  struct Config {
    double drift_alpha = 0.001;    ///< Chance of error of the drift test.
    double warning_alpha = 0.005;  ///< Chance of error of the warning test.
    double lambda = 0.05;          ///< Weight of the newest sample, in (0, 1].
    bool two_sided = false;        ///< Falls count too.
  };

  static constexpr std::array kFields{
      Field<Config>{"drift_alpha", &Config::drift_alpha, 1e-12, 0.5,
                    "chance of error of the drift test"},
      Field<Config>{"warning_alpha", &Config::warning_alpha, 1e-12, 0.5,
                    "chance of error of the warning test"},
      Field<Config>{"lambda", &Config::lambda, 1e-6, 1.0, "weight of the newest sample"},
      Field<Config>{"two_sided", &Config::two_sided, 0, 0, "falls count too"},
  };

  /// @throws ConfigError if a field is out of range.
  explicit HddmW(const Config& config);

  /// @param sample held within [0, 1].
  double update(double sample) noexcept {
    sample = std::min(std::max(sample, 0.0), 1.0);
    ++age_;
    all_.add(sample, lambda_);
    const double reach = std::sqrt(all_.weight * half_log_);
    advance(rise_, all_.mean + reach, sample);
    const double up = std::max(excess(rise_), 0.0);
    double down = 0.0;
    if (two_sided_) {
      advance(fall_, 1.0 - all_.mean + reach, sample);
      down = std::max(-excess(fall_), 0.0);
    }
    rising_ = up >= down;
    score_ = std::max(up, down);
    return score_;
  }
  bool warns() const noexcept { return score_ > warning_ratio_; }
  void skip(std::uint64_t) noexcept {}
  void rearm() noexcept { reset(); }
  void reset() noexcept;
  bool ready() const noexcept { return true; }
  Evidence evidence() const noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.all_, self.rise_, self.score_, self.age_, self.rising_);
    if (self.two_sided_) archive(self.fall_);
    archive.require(kLargestScore >= self.score_ && (1ULL << 62) > self.age_);
    archive.require(self.score_ >= 0.0 && self.rise_.age <= self.age_ &&
                    self.fall_.age <= self.age_);
  }
  bool operator==(const HddmW&) const = default;

 private:
  /// A weighted average and the sum of its squared weights (the variance of the bound).
  struct Average {
    double mean = 0.0;
    double weight = 0.0;  // 0: no sample yet.
    void add(double sample, double lambda) noexcept {
      const bool first = weight == 0.0;
      const double moved = mean + lambda * (sample - mean);
      const double less = lambda * lambda + (1.0 - lambda) * (1.0 - lambda) * weight;
      mean = first ? sample : moved;
      weight = first ? 1.0 : less;
    }
    bool operator==(const Average&) const = default;
    template <class Self, class Archive>
    static void state(Self& self, Archive& archive) {
      archive(self.mean, self.weight);
      archive.require(self.mean >= 0.0 && self.mean <= 1.0 && self.weight >= 0.0 &&
                      self.weight <= 1.0);
    }
  };
  /// The stream up to its most extreme bound, and since then.
  struct Cut {
    Average before;
    Average after;
    double bound = 2.0;
    std::uint64_t age = 0;  // Samples in `after`.
    bool operator==(const Cut&) const = default;
    template <class Self, class Archive>
    static void state(Self& self, Archive& archive) {
      archive(self.before, self.after, self.bound, self.age);
    }
  };
  double excess(const Cut& cut) const noexcept {
    if (cut.before.weight == 0.0 || cut.after.weight == 0.0) return 0.0;
    const double bound = std::sqrt((cut.before.weight + cut.after.weight) * half_log_);
    return (cut.after.mean - cut.before.mean) / bound;
  }
  /// @param bound of the whole stream: low where a rise is looked for.
  void advance(Cut& cut, double bound, double sample) const noexcept {
    if (bound < cut.bound) {
      cut = {all_, {}, bound, 0};
      return;
    }
    cut.after.add(sample, lambda_);
    ++cut.age;
  }

  double half_log_;
  double warning_ratio_;
  double lambda_;
  bool two_sided_;
  Average all_;
  Cut rise_;
  Cut fall_;  // Only where falls count.
  double score_ = 0.0;
  std::uint64_t age_ = 0;
  bool rising_ = true;
};

static_assert(Detector<HddmA>);
static_assert(Detector<HddmW>);

}  // namespace emdyn::detect
