#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/core/philox.hpp"

namespace emdyn::provoke::guard {

/// Watches the queries of one account: black-box attacks (HopSkipJump, Square) ask about many
/// inputs that differ little. Each query is reduced to a random projection; when the mean distance
/// to its k nearest earlier queries falls below the threshold, the query is flagged and the memory
/// is cleared, so that every flag stands for its own k queries. A tripwire: an attacker who knows
/// it hides each query under a transformation, or spreads queries over accounts.
///
/// Cost: memory × dimensions a query. Source: Chen, Carlini, Wagner, "Stateful Detection of
/// Black-Box Adversarial Attacks", SPAI 2020 (k = 50).
class QueryMonitor {
 public:
  struct Settings {
    std::size_t neighbours = 50;
    std::size_t memory = 2000;    ///< Last queries kept.
    std::size_t dimensions = 64;  ///< Of the projection.
    std::uint64_t seed = 1;
  };
  /// @param input_size values of one input.
  QueryMonitor(std::size_t input_size, double threshold, const Settings& settings);
  QueryMonitor(std::size_t input_size, double threshold)
      : QueryMonitor(input_size, threshold, Settings{}) {}

  /// The threshold that a share `false_positives` of single queries of calm traffic falls below:
  /// that quantile of each input's mean distance to its k nearest of the others.
  /// @param inputs [example, input_size] row-major, different calm inputs, more than k of them.
  /// @throws DataError for fewer.
  static double calibrate(std::span<const float> inputs, std::size_t input_size,
                          double false_positives, const Settings& settings);

  /// The threshold under which a share `false_positives` of calm *accounts* ever falls, each of
  /// which asks about `queries` of the inputs (all, where there are fewer), drawn anew for each of
  /// 400 accounts: what a rate means for someone who is cut off at his first flag.
  /// @param inputs as above, more than k; at most the first 2,000 are used. @throws DataError for
  /// fewer.
  static double calibrate_accounts(std::span<const float> inputs, std::size_t input_size,
                                   double false_positives, std::size_t queries,
                                   const Settings& settings);

  /// Mean distance of an input to the k nearest queries; infinite with fewer than k.
  double distance(std::span<const float> input);
  /// Takes a query in. @return whether it is flagged.
  bool observe(std::span<const float> input);
  /// Mean distance of the last query to its k nearest before it; infinite with fewer than k.
  double last_distance() const noexcept { return last_distance_; }
  std::uint64_t queries() const noexcept { return queries_; }
  std::uint64_t flags() const noexcept { return flags_; }

 private:
  void encode(std::span<const float> input, float* code) const noexcept;
  double nearest_mean(const float* code, std::size_t skip);

  Settings settings_;
  std::size_t input_size_;
  double threshold_;
  std::vector<float> projection_;  ///< [dimension, input], entries ±1/sqrt(dimensions).
  std::vector<float> codes_;       ///< Ring of [memory, dimension].
  std::size_t used_ = 0;
  std::size_t next_ = 0;
  std::vector<double> distances_;
  double last_distance_;
  std::uint64_t queries_ = 0;
  std::uint64_t flags_ = 0;
};

}  // namespace emdyn::provoke::guard
