#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// LODA: notices rows that are unlikely under the product of many one-dimensional histograms of
/// sparse random projections. Counts are halved each `memory` rows, so the histograms follow drift.
///
/// statistic: mean negative log probability; ready after 100 rows.
/// Cost: O(projections·√channels); 8·projections·(bins + √channels) bytes.
/// Source: Pevný, "Loda: Lightweight on-line detector of anomalies", Machine Learning 102 (2016).
class Loda {
 public:
  static constexpr std::string_view kName = "loda";
  static constexpr std::string_view kSummary = "rows unlikely under histograms of projections";
  static constexpr std::string_view kPaper = "Pevny, Loda, Machine Learning 102, 2016";
  static constexpr std::string_view kCost = "O(projections sqrt(channels))";
  static constexpr EventKind kKind = EventKind::outlier;
  static constexpr bool kOwnThreshold = false;

  struct Config {
    std::int64_t projections = 100;
    std::int64_t bins = 10;
    std::int64_t memory = 1000;  ///< Rows after which counts are halved.
    std::int64_t seed = 1;
  };
  static constexpr std::array kFields{
      Field<Config>{"projections", &Config::projections, 1, 10000, "random projections"},
      Field<Config>{"bins", &Config::bins, 2, 1000, "of each histogram"},
      Field<Config>{"memory", &Config::memory, 100, 1e9, "rows after which counts are halved"},
      Field<Config>{"seed", &Config::seed, 0, 1e15, "of the projections"},
  };

  /// Bytes it will hold, nearly.
  static double bytes(const Config& config, std::size_t) noexcept {
    return 8.0 * static_cast<double>(config.projections) * static_cast<double>(config.bins);
  }
  /// @throws ConfigError if a field is out of range.
  Loda(const Config& config, std::size_t channels);

  double statistic(std::span<const double> z) const noexcept;
  void learn(std::span<const double> z) noexcept;
  void reset() noexcept;
  bool ready() const noexcept { return seen_ >= 100; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.counts_, self.total_, self.seen_);
    for (const double count : self.counts_) archive.require(count >= 0.0 && 1e18 > count);
    archive.require(self.total_ >= 0.0 && 1e18 > self.total_);
  }
  bool operator==(const Loda&) const = default;

 private:
  std::size_t bin(std::size_t projection, std::span<const double> z) const noexcept;

  std::size_t projections_;
  std::size_t bins_;
  std::uint64_t memory_;
  std::size_t used_;                     // Channels of one projection.
  std::vector<std::uint16_t> channels_;  // [projection][used]
  std::vector<double> weights_;          // Scaled so that a projection has unit variance.
  std::vector<double> counts_;           // [projection][bin]
  double total_ = 0.0;
  std::uint64_t seen_ = 0;
};

}  // namespace emdyn::detect
