#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::detect {

/// xStream: notices rows in sparse cells of half-space chains over random projections, at every
/// scale from the whole range down. Cells are counted in hashed tables of one window; the next is
/// judged by them.
///
/// statistic: minus the mean over chains of the smallest log2(count) + level; ready after one
/// window.
/// Cost: O(channels·projections + chains·depth); 4·chains·depth·512 bytes.
/// Source: Manzoor, Lamba & Akoglu, "xStream: Outlier Detection in Feature-Evolving Data Streams",
/// KDD 2018.
class XStream {
 public:
  static constexpr std::string_view kName = "xstream";
  static constexpr std::string_view kSummary = "rows in sparse cells of half-space chains";
  static constexpr std::string_view kPaper = "Manzoor, Lamba & Akoglu, xStream, KDD 2018";
  static constexpr std::string_view kCost = "O(channels projections + chains depth)";
  static constexpr EventKind kKind = EventKind::outlier;
  static constexpr bool kOwnThreshold = false;

  struct Config {
    std::int64_t projections = 50;
    std::int64_t chains = 50;
    std::int64_t depth = 10;
    std::int64_t window = 256;  ///< Rows of one profile.
    std::int64_t seed = 1;
  };
  static constexpr std::array kFields{
      Field<Config>{"projections", &Config::projections, 1, 64, "random projections"},
      Field<Config>{"chains", &Config::chains, 1, 1000, "half-space chains"},
      Field<Config>{"depth", &Config::depth, 1, 30, "halvings of a chain"},
      Field<Config>{"window", &Config::window, 10, 60000, "rows of one profile"},
      Field<Config>{"seed", &Config::seed, 0, 1e15, "of projections and chains"},
  };

  /// Bytes it will hold, nearly.
  static double bytes(const Config& config, std::size_t) noexcept {
    return 4.0 * static_cast<double>(kCells) * static_cast<double>(config.chains) *
           static_cast<double>(config.depth);
  }
  /// @throws ConfigError if a field is out of range.
  XStream(const Config& config, std::size_t channels);

  double statistic(std::span<const double> z) const noexcept;
  void learn(std::span<const double> z) noexcept;
  void reset() noexcept;
  bool ready() const noexcept { return windows_ > 0; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.reference_, self.latest_, self.rows_, self.windows_);
    archive.require(self.window_ > self.rows_);
  }
  bool operator==(const XStream&) const = default;

 private:
  static constexpr std::size_t kCells = 512;
  static constexpr std::size_t kMostProjections = 64;
  static constexpr std::size_t kMostDepth = 30;
  using Projected = std::array<double, kMostProjections>;

  Projected project(std::span<const double> z) const noexcept;
  /// Table places of the row's cells, one per level of a chain.
  void cells(std::size_t chain, const Projected& projected,
             std::array<std::size_t, kMostDepth>& out) const noexcept;

  std::size_t projections_;
  std::size_t chains_;
  std::size_t depth_;
  std::uint64_t window_;
  std::vector<double> weights_;           // [projection][channel], sparse
  std::vector<std::uint8_t> feature_;     // [chain][level]
  std::vector<double> shift_;             // [chain][projection], in widths
  std::vector<std::uint16_t> reference_;  // [chain][level][cell]
  std::vector<std::uint16_t> latest_;
  std::uint64_t rows_ = 0;
  std::uint64_t windows_ = 0;
};

}  // namespace emdyn::detect
