#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// False discoveries among many tests that may depend on each other in any way: e-values, e-BH for
/// a finished set, e-LOND for tests that come one after the other.
///
/// An e-value is a non-negative statistic whose mean is at most 1 when nothing happens; large is
/// evidence. Means of e-values are e-values, whatever their dependence.
namespace emdyn::math {

/// The e-value of a p-value: (1 - p + p ln p) / (p ln^2 p), the mean of all power calibrators
/// k p^(k-1) over k in [0, 1]. 1/2 at p = 1; about 1 / (p ln^2 p) for small p.
/// Source: Vovk & Wang, "E-values: Calibration, Combination and Applications", Annals of Statistics
/// 49 (2021). @param p in [0, 1]; below 1e-300 it counts as that.
double e_from_p(double p) noexcept;

/// e-BH: the largest set of k tests whose e-values are all at least n / (k alpha). The expected
/// share of false ones in it is at most alpha, under any dependence. Indices in their order.
/// Source: Wang & Ramdas, "False Discovery Rate Control with E-values", JRSS B 84 (2022).
std::vector<std::size_t> e_bh(std::span<const double> e_values, double alpha);

/// e-LOND: decides one test after the other, with a false discovery rate of at most alpha at every
/// time under any dependence between the e-values. Rejects when e >= 1 / (alpha g_t (rejections +
/// 1)), where the g_t sum to 1.
/// Source: Xu & Ramdas, "Online Multiple Testing with E-values", AISTATS 2024.
class ELond {
 public:
  /// How the level is spread over time.
  enum class Spending {
    early,  ///< g_t = 1 / (t (t + 1)): for few tests.
    late,   ///< g_t = c / ((t + 1) ln^2(t + 1)): loses little over long streams.
  };

  /// @throws ConfigError unless 0 < alpha < 1.
  explicit ELond(double alpha, Spending spending = Spending::early);

  /// g_t of late spending. @param test t, from 1 on.
  static double late_share(std::uint64_t test) noexcept;

  /// True: a discovery. A NaN is none.
  bool test(double e_value) noexcept;
  /// The level the next e-value is tested at: it must reach 1 / level.
  double next_level() const noexcept;
  std::uint64_t tested() const noexcept { return tested_; }
  std::uint64_t rejected() const noexcept { return rejected_; }

 private:
  double alpha_;
  Spending spending_;
  std::uint64_t tested_ = 0;
  std::uint64_t rejected_ = 0;
};

/// A block of samples as one test: its e-value is the mean of theirs, which needs no independence.
/// Samples not yet seen count 0, so a block may be called a discovery before it ends.
class BlockEvidence {
 public:
  static constexpr std::size_t kBlockSamples = 100;

  void add(double p) noexcept {
    sum_ += e_from_p(p);
    ++seen_;
  }
  bool complete() const noexcept { return seen_ == kBlockSamples; }
  bool empty() const noexcept { return seen_ == 0; }
  double e_value() const noexcept { return sum_ / static_cast<double>(kBlockSamples); }
  void clear() noexcept {
    sum_ = 0.0;
    seen_ = 0;
  }

 private:
  double sum_ = 0.0;
  std::size_t seen_ = 0;
};

}  // namespace emdyn::math
