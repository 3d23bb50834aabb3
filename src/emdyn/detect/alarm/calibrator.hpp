#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/detect/alarm/score_histogram.hpp"
#include "emdyn/math/pareto.hpp"
#include "emdyn/math/sorted_window.hpp"

namespace emdyn::detect {

/// Learns, from a stream of scores, how likely a score as high as the last one is when nothing
/// happens. Causal: the p-value of a score uses the scores before it.
///
///   pot        rank among all scores seen, and where fewer than eight clusters are higher and
///              none is equal, a generalised Pareto tail of the highest ones (peaks over
///              threshold), averaged over what its shape may be. The default: exact in the body,
///              extrapolates beyond the past.
///   empirical  the rank alone: never below 1 / (n + 1) but by the draw that breaks ties
///   conformal  the rank among the last `window_samples` scores: exact for exchangeable scores,
///              and the quickest to follow a change of what is normal
///   gaussian   the normal tail with the mean and deviation of all scores seen (Student's t, since
///              they are estimates); for scores that are normal
///
/// Equal scores (and, but for conformal, scores within 3 %) are ranked by a uniform draw, which
/// makes the p-value of exchangeable scores exactly uniform, discrete or not:
/// p = (higher + U (equal + 1)) / (n + 1). The draw is a function of the scores so far (Philox), so
/// replays agree bit for bit. With ties conservative, U = 1.
///
/// A score of 0 is calm: its p-value is 1.
///
/// A detector may know its null distribution. Its scores are then -ln p, which are exponential
/// where the null holds; pot begins with 400 such scores' worth of belief in it, leaves it as
/// evidence grows, and drops it once, in two stretches of at least 200, scores above 7 were so
/// frequent that chance makes them so in one stream of 20 each (Ville's inequality for a mixture of
/// Poisson rates).
///
/// The past fades: beyond 131,072 scores everything seen counts half. Serial dependence: high
/// scores come in clusters, whose mean size is one over the extremal index (intervals estimator of
/// Ferro & Segers, J. R. Statist. Soc. B 65, 2003). A rank stands on its own where eight *clusters*
/// are higher, and the tail's shape is believed as far as clusters are many.
///
/// Cost: O(1); 9 KB, conformal 16 bytes more a sample of its window. Source: Siffer et al.,
/// "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017; probability-weighted moments
/// of Hosking & Wallis, Technometrics 29 (1987); randomised ranks as in Vovk, Gammerman, Shafer,
/// "Algorithmic Learning in a Random World" (2005).
class Calibrator {
 public:
  enum class Null { unknown, known };
  enum class Kind { pot, empirical, conformal, gaussian };
  enum class Ties { random, conservative };
  static constexpr std::array<std::string_view, 4> kKinds{"pot", "empirical", "conformal",
                                                          "gaussian"};
  static constexpr std::array<std::string_view, 2> kTies{"random", "conservative"};

  struct Config {
    Kind kind = Kind::pot;
    Ties ties = Ties::random;
    std::int64_t window_samples = 2000;  ///< Of the conformal calibrator.
  };

  static constexpr std::array kFields{
      enum_field<&Config::kind, Config>("kind", kKinds,
                                        "how scores become p-values: pot, empirical, conformal or "
                                        "gaussian"),
      enum_field<&Config::ties, Config>("ties", kTies,
                                        "rank of equal scores: random (exact) or conservative"),
      Field<Config>{"window_samples", &Config::window_samples, 20, 1e6,
                    "scores the conformal calibrator ranks among"},
  };

  /// @throws ConfigError if a field is out of range.
  Calibrator(Null null, const Config& config);
  explicit Calibrator(Null null = Null::unknown) : Calibrator(null, Config{}) {}

  /// Chance of a score of at least `score`; 1 before there are enough scores. @pre score >= 0.
  double p_value(double score) const noexcept;
  /// Takes the score of a calm moment in.
  void learn(double score) noexcept;
  /// The next score, not learned: its draw is another one.
  void pass() noexcept { ++number_; }
  /// p-values below this are too small for chance, whenever in the stream so far.
  double least_credible() const noexcept;
  bool ready() const noexcept { return null_ == Null::known || seen_ >= kEnough; }
  Null null() const noexcept { return null_; }
  void reset() noexcept { reset(null_); }
  /// Forgets everything and takes the other kind of score.
  void reset(Null null) noexcept;

  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.null_, self.histogram_, self.window_, self.number_, self.mix_, self.seen_,
            self.mean_, self.squares_, self.threshold_, self.share_, self.fresh_, self.last_peak_,
            self.gaps_, self.gap_sum_, self.gap_squares_, self.cluster_, self.shapes_, self.scale_,
            self.belief_, self.judged_, self.extremes_, self.refuted_, self.extreme_);
    archive.require(self.null_ == Null::unknown || self.null_ == Null::known);
    archive.require(self.seen_ >= 0.0 && self.squares_ >= 0.0 && self.share_ >= 0.0 &&
                    self.share_ <= 1.0 && self.threshold_ >= 0.0 && self.scale_ >= 0.0);
    archive.require(self.gaps_ >= 0.0 && self.gap_sum_ >= 0.0 && self.gap_squares_ >= 0.0 &&
                    self.gap_sum_ <= 1e24 && self.gap_squares_ <= 1e45 && self.fresh_ >= 0.0 &&
                    self.cluster_ >= 1.0 && self.cluster_ <= 1e3);
    archive.require(self.belief_ >= 0.0 && self.belief_ <= 1.0 && self.judged_ >= 0.0 &&
                    self.extremes_ >= 0.0 && self.refuted_ >= 0.0 &&
                    self.last_peak_ <= self.number_);
    for (const double shape : self.shapes_) archive.require(shape >= -2.0 && shape <= 2.0);
  }
  bool operator==(const Calibrator& other) const;

 private:
  static constexpr std::size_t kNodes = 5;
  static constexpr double kRefutations = 2.0;  // Once is not enough: it may have only just begun.
  static constexpr double kEnough = 200.0;     // Scores before an unknown null has p-values.

  double draw(double score) const noexcept;
  double tail(double excess) const noexcept;
  double believable(double score) const noexcept;
  double window_p(double score) const noexcept;
  double gaussian_p(double score) const noexcept;
  bool believes_null() const noexcept { return null_ == Null::known && refuted_ < kRefutations; }
  void believe_null() noexcept;
  void doubt_null(double score) noexcept;
  void measure_clusters() noexcept;
  void refit() noexcept;

  Null null_;
  Config config_;
  ScoreHistogram histogram_;
  math::SortedWindow window_;
  std::uint64_t number_ = 0;  // Of the score to come: the draw's counter.
  std::uint64_t mix_ = 0;     // Of the scores learned: the draw's other half.
  double seen_ = 0.0;
  double mean_ = 0.0;
  double squares_ = 0.0;
  double threshold_ = 0.0;  // Of the tail; share_ of the scores lie above.
  double share_ = 0.0;
  double fresh_ = 0.0;           // Scores above the threshold since the last fit.
  std::uint64_t last_peak_ = 0;  // Number of the last score above the threshold; 0: none yet.
  double gaps_ = 0.0;            // Between such scores: how many of late, sums of gap - 1 and of
  double gap_sum_ = 0.0;         // (gap - 1) (gap - 2).
  double gap_squares_ = 0.0;
  double cluster_ = 1.0;                 // Mean size of a cluster of high scores.
  std::array<double, kNodes> shapes_{};  // What the tail's shape may be.
  double scale_ = 0.0;                   // Mean excess; 0: no tail known.
  double belief_ = 0.0;                  // What a score of the known null still weighs.
  double judged_ = 0.0;                  // Scores the null was judged by,
  double extremes_ = 0.0;                // and how often they rose above 7, since the last of
  double refuted_ = 0.0;                 // so many stretches that spoke against it.
  bool extreme_ = false;                 // The last one was.
};

}  // namespace emdyn::detect
