#pragma once
#include <array>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/detector.hpp"
#include "emdyn/math/sorted_window.hpp"

namespace emdyn::detect {

/// The simple jumper: a martingale that bets p-values are not uniform. Its capital is spread over
/// three strategies (small p, no bet, large p); a share `jump` of it is spread anew each step.
/// Kept as a logarithm, so it neither overflows nor dies.
/// Source: Vovk, "Testing Randomness Online", Statistical Science 36 (2021); Fedorova et al.,
/// "Plug-in Martingales for Testing Exchangeability On-line", ICML (2012).
class SimpleJumper {
 public:
  explicit SimpleJumper(double jump) noexcept : jump_(jump) {}

  /// @param p in [0, 1]. @return natural logarithm of the capital, 0 at first.
  double update(double p) noexcept;
  double log_capital() const noexcept { return log_capital_; }
  void reset() noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.shares_, self.log_capital_);
    for (const double share : self.shares_) archive.require(share >= 0.0 && share <= 1.0 + 1e-9);
    archive.require(self.shares_[0] + self.shares_[1] + self.shares_[2] > 0.5);
  }
  bool operator==(const SimpleJumper&) const = default;

 private:
  double jump_;
  std::array<double, 3> shares_{1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0};
  double log_capital_ = 0.0;
};

/// Conformal test martingale: notices that samples are no longer exchangeable with the window
/// before them. The conformal p-value of a sample is its rank among the last `window` samples, ties
/// broken at random (counter-based, so replays agree); the simple jumper bets against their being
/// uniform. The score is the growth of its capital since its lowest point (CUSUM form), over
/// 1 / alpha.
///
/// Cost: O(log w) to find, O(w) to move; 16 bytes a sample of the window. Dependent samples are not
/// exchangeable: feed residuals of a front end.
/// Source: Vovk, Nouretdinov, Gammerman, "Testing Exchangeability On-line", ICML (2003); Vovk et
/// al., "Retrain or Not Retrain: Conformal Test Martingales for Change-Point Detection", COPA
/// (2021).
class Conformal {
 public:
  static constexpr std::string_view kName = "conformal";
  static constexpr std::string_view kSummary =
      "conformal martingale: samples not exchangeable with those before";
  static constexpr std::string_view kPaper = "Vovk, Testing Randomness Online, 2021";
  static constexpr std::string_view kCost = "O(log w)";
  static constexpr Domain kDomain = Domain::real;
  static constexpr EventKind kKind = EventKind::shift;
  static constexpr bool kFrontEnd = false;
  static constexpr bool kResets = true;

  struct Config {
    double alpha = 1e-3;                ///< Growth 1 / alpha gives score 1; in (0, 1).
    double jump = 0.01;                 ///< Share of the capital spread anew each step.
    std::int64_t window_samples = 500;  ///< Samples a new one is ranked among.
    std::int64_t warmup_samples = 50;   ///< Before the first score.
  };

  static constexpr std::array kFields{
      Field<Config>{"alpha", &Config::alpha, 1e-12, 0.5, "growth 1 / alpha gives score 1"},
      Field<Config>{"jump", &Config::jump, 1e-6, 1.0, "share of the capital spread anew each step"},
      Field<Config>{"window_samples", &Config::window_samples, 10, 1e5,
                    "samples a new one is ranked among"},
      Field<Config>{"warmup_samples", &Config::warmup_samples, 1, 1e5,
                    "samples before the first score"},
  };

  /// @throws ConfigError if a field is out of range or the warm-up exceeds the window.
  explicit Conformal(const Config& config);

  double update(double sample) noexcept;
  void skip(std::uint64_t) noexcept {}
  void rearm() noexcept;
  void reset() noexcept;
  bool ready() const noexcept { return window_.size() >= warmup_; }
  Evidence evidence() const noexcept;
  /// The conformal p-value of the last sample; 1 during warm-up.
  double rank_p() const noexcept { return rank_p_; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.window_, self.jumper_, self.lowest_, self.age_, self.step_, self.rank_p_,
            self.drift_);
    require_counts(archive, self.age_, self.step_);
    archive.require(self.rank_p_ >= 0.0 && self.rank_p_ <= 1.0 && self.age_ <= self.step_);
  }
  bool operator==(const Conformal&) const = default;

 private:
  double score() const noexcept;

  double alpha_;
  std::size_t warmup_;
  math::SortedWindow window_;
  SimpleJumper jumper_;
  double lowest_ = 0.0;    // Of the log capital.
  std::uint64_t age_ = 0;  // Samples since then.
  std::uint64_t step_ = 0;
  double rank_p_ = 1.0;
  double drift_ = 0.0;  // Sum of p - 1/2 since then: which way.
};

static_assert(Detector<Conformal>);

}  // namespace emdyn::detect
