#pragma once
#include <array>
#include <cmath>
#include <string_view>
#include <type_traits>

#include "emdyn/core/bounded_vector.hpp"
#include "emdyn/core/field.hpp"
#include "emdyn/detect/level/baseline.hpp"

namespace emdyn::detect {

/// The change points that can still maximise a likelihood ratio: the vertices of the convex hull of
/// the path of cumulative sums. The maximum over all splits is attained at one of them, for every
/// one-parameter exponential family. A random walk has about 2 ln n of them; a ramp makes every
/// sample one, so beyond `kMost` a side the flattest vertex is dropped and counted.
class SplitHull {
 public:
  static constexpr std::size_t kMost = 256;

  struct Point {
    double time = 0.0;  ///< Samples before the split.
    double sum = 0.0;   ///< Their sum.
    bool operator==(const Point&) const = default;
    template <class Self, class Archive>
    static void state(Self& self, Archive& archive) {
      archive(self.time, self.sum);
      archive.require(self.time >= 0.0 && self.time <= 1e15 && -1e290 <= self.sum &&
                      self.sum <= 1e290);
    }
  };

  /// Which vertex of each side was dropped for want of room; 0: none.
  struct Erased {
    std::size_t lower = 0;
    std::size_t upper = 0;
  };

  SplitHull() : lower_(kMost + 1), upper_(kMost + 1) { clear(); }
  /// The sum after one more sample.
  Erased push(double sum) noexcept;
  void clear() noexcept;

  const Point& now() const noexcept { return now_; }
  /// Splits before a rise of the mean, oldest first; the first is (0, 0) and the last is now.
  const BoundedVector<Point>& lower() const noexcept { return lower_; }
  /// Splits before a fall.
  const BoundedVector<Point>& upper() const noexcept { return upper_; }
  /// Vertices dropped: 0 while the maximum is exact.
  std::uint64_t dropped() const noexcept { return dropped_; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.lower_, self.upper_, self.now_, self.dropped_);
    archive.require(self.consistent());
  }
  bool operator==(const SplitHull&) const = default;

 private:
  std::size_t push_side(BoundedVector<Point>& side, double sign) noexcept;
  bool consistent() const noexcept;

  BoundedVector<Point> lower_;
  BoundedVector<Point> upper_;
  Point now_;
  std::uint64_t dropped_ = 0;
};

struct GaussianFamily {
  static constexpr std::string_view kName = "focus";
  static constexpr std::string_view kSummary =
      "FOCuS: likelihood ratio of any split, Gaussian mean";
  static constexpr Domain kDomain = Domain::real;
  static constexpr bool kFrontEnd = true;
  static constexpr bool kStandardise = true;
};
struct PoissonFamily {
  static constexpr std::string_view kName = "focus_poisson";
  static constexpr std::string_view kSummary = "FOCuS: likelihood ratio of any split, Poisson rate";
  static constexpr Domain kDomain = Domain::count;
  static constexpr bool kFrontEnd = false;
  static constexpr bool kStandardise = false;
};
struct BernoulliFamily {
  static constexpr std::string_view kName = "focus_bernoulli";
  static constexpr std::string_view kSummary =
      "FOCuS: likelihood ratio of any split, Bernoulli rate";
  static constexpr Domain kDomain = Domain::binary;
  static constexpr bool kFrontEnd = false;
  static constexpr bool kStandardise = false;
};

/// FOCuS: twice the log-likelihood ratio of the best split of all samples so far into two means
/// against none, over every split, both sides of it estimated. Equal to trying them all as long as
/// dropped() is 0. Gaussian samples are standardised by a baseline (its variance counts as known).
///
/// Poisson and Bernoulli: a bound without logarithms tells which splits may be the best, so a few
/// logarithms a sample are taken instead of four a candidate; the result is that of evaluating all.
///
/// Cost: about O(log n) a sample; 8 KB a signal (Gaussian), 12 KB (others).
/// Source: Romano, Eckley, Fearnhead, Rigaill, "Fast Online Changepoint Detection via Functional
/// Pruning CUSUM Statistics", JMLR 24 (2023); Ward, Romano, Eckley, Fearnhead, "A
/// Constant-per-Iteration Likelihood Ratio Test for Online Changepoint Detection for Exponential
/// Family Models", Statistics and Computing 34 (2024).
template <class Family>
class Focus {
 public:
  static constexpr std::string_view kName = Family::kName;
  static constexpr std::string_view kSummary = Family::kSummary;
  static constexpr std::string_view kPaper =
      "Romano, Eckley, Fearnhead, Rigaill, Fast Online Changepoint Detection, JMLR 2023";
  static constexpr std::string_view kCost = "O(log n)";
  static constexpr Domain kDomain = Family::kDomain;
  static constexpr EventKind kKind = EventKind::shift;
  static constexpr bool kFrontEnd = Family::kFrontEnd;

  struct Config {
    std::int64_t baseline_samples = Family::kStandardise ? 100 : 0;
    double mean = 0.0;        ///< Given baseline mean (Gaussian), in signal units.
    double sigma = 1.0;       ///< Given baseline deviation (Gaussian); > 0.
    double threshold = 25.0;  ///< Twice the log-likelihood ratio at which the score is 1.
  };

  static constexpr std::array kFields{
      Field<Config>{"baseline_samples", &Config::baseline_samples, 0, 1e6,
                    "samples the Gaussian's scale is learned from; 0: mean and sigma are given"},
      Field<Config>{"mean", &Config::mean, -1e140, 1e140, "given mean, of the Gaussian"},
      Field<Config>{"sigma", &Config::sigma, 1e-140, 1e140, "given deviation, of the Gaussian"},
      Field<Config>{"threshold", &Config::threshold, 0.1, 1e9,
                    "twice the log-likelihood ratio at which the score is 1"},
  };

  /// @throws ConfigError if a field is out of range.
  explicit Focus(const Config& config);

  double update(double sample) noexcept;
  void skip(std::uint64_t) noexcept {}
  void rearm() noexcept;
  void reset() noexcept;
  bool ready() const noexcept { return baseline_.ready(); }
  Evidence evidence() const noexcept;
  /// Twice the log-likelihood ratio of the best split.
  double statistic() const noexcept { return statistic_; }
  /// Candidates dropped so far: 0 while statistic() is exact.
  std::uint64_t dropped() const noexcept { return hull_.dropped(); }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.baseline_, self.hull_, self.statistic_, self.split_.time, self.split_.sum,
            self.rising_);
    archive.require(self.statistic_ >= 0.0 && self.split_.time >= 0.0 &&
                    self.split_.time <= self.hull_.now().time);
    if constexpr (requires { archive.ok(); }) self.rebuild_before();
  }
  /// `before_` is a cache: it changes how much is computed, not what.
  bool operator==(const Focus& other) const {
    return baseline_ == other.baseline_ && inverse_threshold_ == other.inverse_threshold_ &&
           hull_ == other.hull_ && statistic_ == other.statistic_ && split_ == other.split_ &&
           rising_ == other.rising_;
  }

 private:
  static constexpr bool kBounded = !Family::kStandardise;
  /// One number for every vertex of a side, and room to read whole blocks.
  using Column = std::array<double, SplitHull::kMost + 8>;
  struct Nothing {};
  /// The fit of the samples before each vertex, and which split was the best.
  struct Before {
    Column lower{};
    Column upper{};
    std::size_t best = 0;
  };

  void scan_all() noexcept;
  void scan_bounded(SplitHull::Erased erased) noexcept;
  void rebuild_before() noexcept;

  Baseline baseline_;
  double inverse_threshold_;
  SplitHull hull_;
  double statistic_ = 0.0;
  SplitHull::Point split_;
  bool rising_ = true;
  [[no_unique_address]] std::conditional_t<kBounded, Before, Nothing> before_;
};

using FocusGaussian = Focus<GaussianFamily>;
using FocusPoisson = Focus<PoissonFamily>;
using FocusBernoulli = Focus<BernoulliFamily>;

extern template class Focus<GaussianFamily>;
extern template class Focus<PoissonFamily>;
extern template class Focus<BernoulliFamily>;

static_assert(Detector<FocusGaussian>);
static_assert(Detector<FocusPoisson>);
static_assert(Detector<FocusBernoulli>);

}  // namespace emdyn::detect
