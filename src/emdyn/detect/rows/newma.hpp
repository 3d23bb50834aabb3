#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// NEWMA: notices a lasting change of the rows' distribution, model-free: two averages of random
/// Fourier features, one forgetting fast and one slowly, move apart. It keeps no rows.
///
/// statistic: distance of the two averages with the row taken in; ready when the slow one is
/// filled. Cost: O(features·channels). Source: Keriven, Garreau & Poli, "NEWMA: A New Method for
/// Scalable Model-Free Online Change-Point Detection", IEEE Trans. Signal Processing 68 (2020).
class Newma {
 public:
  static constexpr std::string_view kName = "newma";
  static constexpr std::string_view kSummary = "a lasting change of the rows' distribution";
  static constexpr std::string_view kPaper =
      "Keriven, Garreau & Poli, NEWMA, IEEE Trans. Signal Processing 68, 2020";
  static constexpr std::string_view kCost = "O(features channels)";
  static constexpr EventKind kKind = EventKind::shift;
  static constexpr bool kOwnThreshold = false;

  struct Config {
    std::int64_t features = 200;  ///< Random frequencies, a cosine and a sine each.
    double fast = 0.05;           ///< Weight of the newest row in the fast average.
    double slow = 0.01;           ///< In the slow one; < fast.
    std::int64_t seed = 1;
  };
  static constexpr std::array kFields{
      Field<Config>{"features", &Config::features, 1, 10000, "random frequencies"},
      Field<Config>{"fast", &Config::fast, 1e-4, 0.9, "weight of the newest row, fast average"},
      Field<Config>{"slow", &Config::slow, 1e-5, 0.5, "weight of the newest row, slow average"},
      Field<Config>{"seed", &Config::seed, 0, 1e15, "of the frequencies"},
  };

  /// @throws ConfigError if a field is out of range or slow >= fast.
  Newma(const Config& config, std::size_t channels);

  double statistic(std::span<const double> z) const noexcept;
  void learn(std::span<const double> z) noexcept;
  void follow(std::span<const double> z) noexcept { average(z, 0.0); }
  void reset() noexcept;
  bool ready() const noexcept { return static_cast<double>(seen_) * slow_ >= 2.0; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.fast_average_, self.slow_average_, self.seen_);
    for (std::size_t i = 0; i < self.fast_average_.size(); ++i) {
      archive.require(self.fast_average_[i] >= -1.0 && 1.0 >= self.fast_average_[i]);
      archive.require(self.slow_average_[i] >= -1.0 && 1.0 >= self.slow_average_[i]);
    }
  }
  bool operator==(const Newma&) const = default;

 private:
  void average(std::span<const double> z, double slow_weight) noexcept;
  double phase(std::size_t feature, std::span<const double> z) const noexcept;

  double fast_;
  double slow_;
  std::vector<double> frequencies_;   // [feature][channel]
  std::vector<double> fast_average_;  // Cosine and sine of each feature.
  std::vector<double> slow_average_;
  std::uint64_t seen_ = 0;
};

}  // namespace emdyn::detect
