#pragma once
#include <array>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"
#include "emdyn/math/sorted_window.hpp"

namespace emdyn::detect {

/// Largest distance between the empirical distribution functions of two sorted samples, signed by
/// which side lies higher: positive when the second sample tends to be larger.
/// O(n + m). @pre both not empty.
double ks_distance(const BoundedVector<double>& first,
                   const BoundedVector<double>& second) noexcept;

/// P(D >= distance) of the two-sample statistic for samples without ties, exactly: the share of the
/// paths from (0, 0) to (first, second) that stray so far from the diagonal. O(first * second), no
/// allocation. @pre both > 0, and second < kMostExact.
/// Source: Hodges, "The Significance Probability of the Smirnov Two-Sample Test", Arkiv foer
/// Matematik 3 (1958).
inline constexpr std::size_t kMostExact = 64;
double ks_exact_sf(std::size_t first, std::size_t second, double distance) noexcept;

/// Incremental Kolmogorov-Smirnov test over a sliding window: notices that the last samples are
/// distributed unlike the rest of the window. Both parts are kept sorted as they slide; all of the
/// older part is compared (KSWIN draws a random part of it), so nothing is left to chance. Ties are
/// counted together. The p-value of one test is exact for samples without ties while the two parts
/// have at most 4,096 pairs, and Kolmogorov's limit with Stephens' correction beyond; neighbouring
/// windows overlap, so tests are not independent.
///
/// Cost: O(w) a sample, a few cache lines; 32 bytes a sample of the window.
/// Source: Raab, Heusinger, Schleif, "Reactive Soft Prototype Computing for Concept Drift Streams",
/// Neurocomputing 416 (2020); dos Reis et al., "Fast Unsupervised Online Drift Detection Using
/// Incremental Kolmogorov-Smirnov Test", KDD (2016).
class Kswin {
 public:
  static constexpr std::string_view kName = "kswin";
  static constexpr std::string_view kSummary =
      "incremental KS: the last samples are distributed unlike those before";
  static constexpr std::string_view kPaper =
      "dos Reis et al., Incremental Kolmogorov-Smirnov, KDD 2016; Raab et al. 2020";
  static constexpr std::string_view kCost = "O(w)";
  static constexpr Domain kDomain = Domain::real;
  static constexpr EventKind kKind = EventKind::shift;
  static constexpr bool kFrontEnd = false;
  static constexpr bool kResets = true;

  struct Config {
    double alpha = 0.005;               ///< Chance of error of one test, in (0, 1).
    std::int64_t window_samples = 100;  ///< Both parts together.
    std::int64_t recent_samples = 30;   ///< The younger part.
  };

  static constexpr std::array kFields{
      Field<Config>{"alpha", &Config::alpha, 1e-12, 0.5, "chance of error of one test"},
      Field<Config>{"window_samples", &Config::window_samples, 8, 1e5, "both parts together"},
      Field<Config>{"recent_samples", &Config::recent_samples, 4, 5e4, "the younger part"},
  };

  /// @throws ConfigError if a field is out of range or the younger part is not the smaller.
  explicit Kswin(const Config& config);

  double update(double sample) noexcept;
  void skip(std::uint64_t) noexcept {}
  /// The window slides on by itself: within its length the change is behind it.
  void rearm() noexcept { distance_ = 0.0; }
  void reset() noexcept;
  bool ready() const noexcept { return older_.full(); }
  Evidence evidence() const noexcept;
  double p_value() const noexcept;
  /// The two-sample statistic D of the last window.
  double distance() const noexcept { return distance_ < 0.0 ? -distance_ : distance_; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.older_, self.recent_, self.distance_);
    archive.require(self.distance_ >= -1.0 && self.distance_ <= 1.0);
  }
  bool operator==(const Kswin&) const = default;

 private:
  math::SortedWindow older_;
  math::SortedWindow recent_;
  double critical_;
  double distance_ = 0.0;
};

static_assert(Detector<Kswin>);

}  // namespace emdyn::detect
