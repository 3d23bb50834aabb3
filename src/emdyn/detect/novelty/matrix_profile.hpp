#pragma once
#include <array>
#include <cmath>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/contract/detector.hpp"
#include "emdyn/detect/novelty/left_profile.hpp"
#include "emdyn/math/sorted_window.hpp"

namespace emdyn::detect {

/// A few per cent above the average distance of a window of `window` independent normal samples to
/// the nearest of `count` others, all normalised: the correlation of two such windows is that of a
/// sample of normal pairs, and the highest of `count` lies near its 1 - 1 / (count + 1) quantile.
/// @pre window >= 4, count >= 1.
double noise_distance(std::size_t window, std::size_t count) noexcept;

/// Left discords: notices a shape of the last samples unlike every shape before, whatever its level
/// and size (see LeftProfile).
///
/// The distance of the newest window to its neighbour shrinks as there are more windows to choose
/// from; it is measured in units of the distance that noise would have to the nearest of as many
/// (`noise_distance`). The score is that distance, divided by the threshold: the
/// `level` quantile of the largest distances of the blocks of one window length seen so far
/// (conformal: the ceil(level (n + 1))-th of n). A block, because windows that overlap are one
/// observation: a discord fills one or two blocks and not a window's length of samples, so it hides
/// the next no sooner than several of them came. Blocks are counted once the past is eight windows
/// long. Above 1 a stream like its past goes in at most
/// 1 - level of its blocks; at the default that is about one in 640 samples. Distances below
/// sqrt(2m) / 1000 (correlation 0.999999) are repetitions.
///
/// The p-value: the distance's chance for noise among as many windows, as a normal deviate; that
/// deviate's mean and upward deviation over the last `blocks` window lengths (a signal is not
/// noise) give a Student's t, with windows that overlap counted as one observation. It is where the
/// alarm policy begins, which corrects it by what it sees.
///
/// Normalising a window blows up whatever is in it: where a signal rests, its noise is compared.
/// Noise has no shape to repeat, so a step in white noise is no discord: use it on signals that
/// repeat themselves.
class MatrixProfile {
 public:
  static constexpr std::string_view kName = "matrix_profile";
  static constexpr std::string_view kSummary =
      "left matrix profile: a shape unlike every one before (discord)";
  static constexpr std::string_view kPaper =
      "Yeh et al., Matrix Profile I, ICDM 2016; Lu et al., Matrix Profile XXIV, KDD 2022";
  static constexpr std::string_view kCost = "O(history)";
  static constexpr Domain kDomain = Domain::real;
  static constexpr EventKind kKind = EventKind::outlier;
  static constexpr bool kFrontEnd = false;

  struct Config {
    std::int64_t window_samples = 32;     ///< Length of a shape.
    std::int64_t history_samples = 2048;  ///< Earlier windows to compare with.
    std::int64_t neighbour = 1;           ///< k: 2 also notices what came once before.
    double level = 0.95;                  ///< Quantile of the blocks' distances with score 1.
    std::int64_t blocks = 128;            ///< Blocks the quantile is taken over.
  };

  static constexpr std::array kFields{
      Field<Config>{"window_samples", &Config::window_samples, 4, 1024, "length of a shape"},
      Field<Config>{"history_samples", &Config::history_samples, 16, 65536,
                    "earlier windows to compare with"},
      Field<Config>{"neighbour", &Config::neighbour, 1, 8,
                    "which nearest neighbour: 2 also notices what came once before"},
      Field<Config>{"level", &Config::level, 0.5, 0.999,
                    "quantile of the distances of past blocks at which the score is 1"},
      Field<Config>{"blocks", &Config::blocks, 2, 10000, "blocks the quantile is taken over"},
  };

  /// @throws ConfigError if a field is out of range or `blocks` are too few for `level`.
  explicit MatrixProfile(const Config& config);

  /// @param sample in signal units; finite.
  double update(double sample) noexcept;
  /// No window spans missing samples: after a gap the score is 0 for a window's length.
  void skip(std::uint64_t) noexcept {
    profile_.skip();
    rearm();
  }
  void rearm() noexcept {
    score_ = t_ = 0.0;
    run_ = 0;
  }
  void reset() noexcept;
  bool ready() const noexcept { return blocks_.size() >= fewest_; }
  Evidence evidence() const noexcept;
  /// Of a distance as large as the last one; 1 before there are enough.
  double p_value() const noexcept;
  /// Of the newest window; negative while it has no neighbour.
  double distance() const noexcept { return profile_.distance(); }
  const LeftProfile& profile() const noexcept { return profile_; }

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.profile_, self.blocks_, self.score_, self.largest_, self.in_block_, self.run_);
    archive(self.seen_, self.mean_, self.squares_, self.t_);
    archive.require(self.score_ >= 0.0 && self.largest_ >= 0.0 && self.in_block_ < self.window_);
    archive.require(self.seen_ >= 0.0 && self.seen_ <= 1e8 && std::abs(self.mean_) <= 1e3 &&
                    self.squares_ >= 0.0 && self.squares_ <= 1e12 && std::abs(self.t_) <= 1e6);
    if constexpr (requires { archive.ok(); }) self.compared_ = 0;
    for (const double distance : self.blocks_.sorted()) archive.require(distance >= 0.0);
  }
  bool operator==(const MatrixProfile& other) const;

 private:
  double threshold() const noexcept;
  double noise_deviate() const noexcept;
  void judge(double distance, double deviate) noexcept;
  void learn(double distance, double deviate) noexcept;

  std::uint64_t window_;
  double level_;
  std::size_t fewest_;  // Blocks before the first score.
  double memory_;       // Distances beyond which the past counts half, for the p-value.
  double repetition_;
  LeftProfile profile_;
  math::SortedWindow blocks_;  // The largest distance of each.
  double score_ = 0.0;
  double largest_ = 0.0;        // Of the current block.
  std::uint64_t in_block_ = 0;  // Distances in it.
  std::uint64_t run_ = 0;       // Samples with a score above 1, up to now.
  double seen_ = 0.0;           // Distances learned.
  double mean_ = 0.0;           // Of their deviates.
  double squares_ = 0.0;        // Twice the summed squared deviations of those above it.
  double t_ = 0.0;              // The last distance, standardised.
  std::size_t compared_ = 0;    // Windows that unit_ holds for.
  double unit_ = 1.0;
};

static_assert(Detector<MatrixProfile>);

}  // namespace emdyn::detect
