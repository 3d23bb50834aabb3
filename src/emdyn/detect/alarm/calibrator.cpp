#include "emdyn/detect/alarm/calibrator.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/core/philox.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

constexpr double kMemory = 131072.0;      // Scores beyond which the past counts half.
constexpr double kRanks = 8.0;            // Higher scores that a rank needs to stand on its own.
constexpr double kTailShare = 0.05;       // Of the scores, while they are few:
constexpr double kTailScores = 200.0;     // so many highest; beyond, their square root.
constexpr double kNullScores = 400.0;     // Scores' worth of belief in a known null.
constexpr double kShapeDeviation = 0.15;  // What tails are like, before looking: shape 0 +- this,
constexpr double kKnownDeviation = 0.03;  // and where the null says it is 0.
constexpr double kSurprise = 3.0;         // Standard errors that a belief withstands.
constexpr double kBelievable = 0.05;      // Chance, at any time, of a record that teaches fully.
constexpr double kShapeVariance = 1.6;    // Of the fitted shape, times the number of peaks.
constexpr double kGapMemory = 2000.0;     // Gaps between high scores that are remembered.
constexpr double kGapPrior = 10.0;        // Gaps' worth of belief that scores do not cluster.
constexpr double kLargestCluster = 200.0;
constexpr double kClustered = 1.5;  // Clusters this large are no chance.
constexpr double kExtreme = 7.0;    // -ln p beyond which a null is counted out.
constexpr double kStretch = 200.0;  // Scores a null is judged by at least.
constexpr double kRefuted = 20.0;   // Odds at which a stretch speaks against it.
constexpr std::array kRates{2.0, 4.0, 8.0, 16.0, 32.0};  // Times too many, that may be.
constexpr std::array<std::uint32_t, 2> kKey{0x656D6479, 0x6E706F74};

// Gauss-Hermite: the mean over a standard normal variable.
constexpr std::array kNodeAt{-2.8569700138728056, -1.3556261799742659, 0.0, 1.3556261799742659,
                             2.8569700138728056};
constexpr std::array kNodeWeight{0.011257411327720689, 0.22207592200561266, 0.53333333333333333,
                                 0.22207592200561266, 0.011257411327720689};

struct Belief {
  double value = 0.0;
  double deviation = 0.0;
};

/// Empirical Bayes: what was believed to be 0 +- `deviation` is doubted as far as its estimate is
/// surprisingly far away.
Belief believe(double estimate, double error_variance, double deviation) noexcept {
  const double doubt =
      std::max(deviation * deviation, estimate * estimate - kSurprise * kSurprise * error_variance);
  return {estimate * doubt / (doubt + error_variance),
          std::sqrt(doubt * error_variance / (doubt + error_variance))};
}

/// How many of kNullScores exponential scores are in each bin.
const std::array<float, ScoreHistogram::kBins>& null_scores() noexcept {
  static const std::array<float, ScoreHistogram::kBins> kScores = [] {
    std::array<float, ScoreHistogram::kBins> scores{};
    for (std::size_t b = 0; b < scores.size(); ++b) {
      const double low = ScoreHistogram::lower_edge(b);
      const double mass = -std::exp(-low) * std::expm1(low - ScoreHistogram::upper_edge(b));
      if (mass > 1e-12) scores[b] = static_cast<float>(kNullScores * mass);
    }
    return scores;
  }();
  return kScores;
}

double middle(std::size_t bin) noexcept {
  return 0.5 * (ScoreHistogram::lower_edge(bin) + ScoreHistogram::upper_edge(bin));
}

}  // namespace

Calibrator::Calibrator(Null null, const Config& config)
    : null_(null),
      config_(checked("calibrator", kFields, config)),
      window_(config.kind == Kind::conformal ? static_cast<std::size_t>(config.window_samples)
                                             : 1) {
  reset(null);
}

bool Calibrator::operator==(const Calibrator& other) const {
  return null_ == other.null_ && histogram_ == other.histogram_ && window_ == other.window_ &&
         number_ == other.number_ && mix_ == other.mix_ && seen_ == other.seen_ &&
         mean_ == other.mean_ && squares_ == other.squares_ && fresh_ == other.fresh_ &&
         last_peak_ == other.last_peak_ && gaps_ == other.gaps_ && gap_sum_ == other.gap_sum_ &&
         gap_squares_ == other.gap_squares_ && cluster_ == other.cluster_ &&
         belief_ == other.belief_ && judged_ == other.judged_ && extremes_ == other.extremes_ &&
         extreme_ == other.extreme_ && refuted_ == other.refuted_ &&
         threshold_ == other.threshold_ && share_ == other.share_ && shapes_ == other.shapes_ &&
         scale_ == other.scale_;
}

/// Uniform on (0, 1], a function of the score, its number and the scores before it.
double Calibrator::draw(double score) const noexcept {
  if (config_.ties == Ties::conservative) return 1.0;
  const auto bits = std::bit_cast<std::uint64_t>(score) ^ mix_;
  const auto words =
      philox4x32({static_cast<std::uint32_t>(number_), static_cast<std::uint32_t>(number_ >> 32),
                  static_cast<std::uint32_t>(bits), static_cast<std::uint32_t>(bits >> 32)},
                 kKey);
  const std::uint64_t word = (std::uint64_t{words[0]} << 32) | words[1];
  return (static_cast<double>(word >> 11) + 0.5) * 0x1p-53;
}

double Calibrator::p_value(double score) const noexcept {
  if (!ready() || !(score > 0.0)) return 1.0;
  if (config_.kind == Kind::conformal) return window_p(score);
  if (config_.kind == Kind::gaussian) return gaussian_p(score);
  const std::size_t bin = ScoreHistogram::bin(score);
  const double equal = histogram_.count(bin);
  const double rank = histogram_.above(bin) + draw(score) * (equal + 1.0);
  const double p = rank / (histogram_.total() + 1.0);
  // A score seen before may be one of few values: only ranks with random ties are exact there.
  // (Within a cluster scores repeat anyhow.)
  const double ranks = kRanks * cluster_;
  const bool ranked = rank >= ranks || equal >= (cluster_ < kClustered ? 1.0 : ranks);
  if (ranked || config_.kind == Kind::empirical || !(scale_ > 0.0)) return p;
  return std::min(share_ * tail(score - threshold_), ranks / (histogram_.total() + 1.0));
}

/// The chance of an excess this large, averaged over what the shape may be.
double Calibrator::tail(double excess) const noexcept {
  if (!(excess > 0.0)) return 1.0;
  double sum = 0.0;
  for (std::size_t i = 0; i < kNodes; ++i) {
    const math::GeneralisedPareto pareto{shapes_[i], scale_ * (1.0 - shapes_[i])};
    sum += kNodeWeight[i] * pareto.sf(excess);
  }
  return sum;
}

double Calibrator::window_p(double score) const noexcept {
  const auto& sorted = window_.sorted();
  const auto* first = std::lower_bound(sorted.begin(), sorted.end(), score);
  const auto* last = std::upper_bound(first, sorted.end(), score);
  const auto higher = static_cast<double>(sorted.end() - last);
  const auto equal = static_cast<double>(last - first);
  return (higher + draw(score) * (equal + 1.0)) / (static_cast<double>(sorted.size()) + 1.0);
}

double Calibrator::gaussian_p(double score) const noexcept {
  const double deviation = std::sqrt(squares_ / (seen_ - 1.0) * (1.0 + 1.0 / seen_));
  if (!(deviation > 0.0)) return score > mean_ ? 1.0 / (seen_ + 1.0) : 1.0;
  return math::student_t_sf((score - mean_) / deviation, seen_ - 1.0);
}

void Calibrator::learn(double score) noexcept {
  ++number_;
  // Streams with equal scores now and then must not share their draws.
  mix_ = (mix_ ^ std::bit_cast<std::uint64_t>(score)) * 0x9E3779B97F4A7C15ULL;
  mix_ ^= mix_ >> 32;
  seen_ += 1.0;
  if (config_.kind == Kind::conformal) return window_.push(score);
  if (config_.kind == Kind::gaussian) {
    const double bounded = std::min(score, 1e100);
    const double delta = bounded - mean_;
    mean_ += delta / seen_;
    squares_ += delta * (bounded - mean_);
    if (seen_ < kMemory) return;
    seen_ *= 0.5;
    squares_ *= 0.5;
    return;
  }
  if (believes_null()) doubt_null(score);
  score = believable(score);
  histogram_.add(ScoreHistogram::bin(score), 1.0F);
  if (histogram_.total() > kMemory) {
    histogram_.fade();
    belief_ *= 0.5;
  }
  if (score > threshold_) {
    fresh_ += 1.0;
    if (scale_ > 0.0) measure_clusters();
  }
  const double due = scale_ > 0.0 ? std::max(2.0, share_ * histogram_.total() / 16.0) : 2.0;
  if (fresh_ >= due || seen_ == kEnough) refit();
}

/// Another high score. For one over the mean size of clusters, gaps T between scores above a high
/// threshold have 2 E[T - 1]^2 = extremal index * E[(T - 1)(T - 2)].
void Calibrator::measure_clusters() noexcept {
  const std::uint64_t before = last_peak_;
  last_peak_ = number_;
  if (before == 0) return;
  const auto gap = static_cast<double>(number_ - before);
  gaps_ += 1.0;
  gap_sum_ += gap - 1.0;
  gap_squares_ += (gap - 1.0) * std::max(gap - 2.0, 0.0);
  if (gaps_ > kGapMemory) {
    gaps_ *= 0.5;
    gap_sum_ *= 0.5;
    gap_squares_ *= 0.5;
  }
  if (!(gap_sum_ > 0.0)) return;
  const double size = gaps_ * gap_squares_ / (2.0 * gap_sum_ * gap_sum_);
  cluster_ = std::clamp((gaps_ * size + kGapPrior) / (gaps_ + kGapPrior), 1.0, kLargestCluster);
}

/// A known null whose extremes are many times too frequent is no null: bet on their rate.
void Calibrator::doubt_null(double score) noexcept {
  const bool extreme = score > kExtreme;
  judged_ += 1.0;
  extremes_ += extreme && !extreme_ ? 1.0 : 0.0;
  extreme_ = extreme;
  if (!extreme || judged_ < kStretch) return;
  const double expected = judged_ * std::exp(-kExtreme);
  double odds = 0.0;
  for (const double rate : kRates)
    odds += std::exp(extremes_ * std::log(rate) - (rate - 1.0) * expected);
  if (odds < kRefuted * static_cast<double>(kRates.size())) return;
  judged_ = extremes_ = 0.0;
  refuted_ += 1.0;
  if (believes_null()) return;
  for (std::size_t b = 0; b < ScoreHistogram::kBins; ++b)
    histogram_.remove(b, static_cast<float>(belief_) * null_scores()[b]);
  belief_ = 0.0;
  refit();
}

/// A record too extreme for chance teaches no more than the most extreme one that chance makes: one
/// anomaly that slipped through must not make all later ones normal.
double Calibrator::believable(double score) const noexcept {
  if (config_.kind != Kind::pot || !(scale_ > 0.0) || !(score > threshold_)) return score;
  const double least = least_credible();
  if (share_ * tail(score - threshold_) >= least) return score;
  double low = threshold_;
  double high = score;
  for (int i = 0; i < 40; ++i) {
    const double between = 0.5 * (low + high);
    (share_ * tail(between - threshold_) >= least ? low : high) = between;
  }
  return low;
}

double Calibrator::least_credible() const noexcept {
  return kBelievable / (std::max(histogram_.total(), seen_) + 1.0);
}

/// Finds the threshold anew and fits the excesses by probability-weighted moments.
void Calibrator::refit() noexcept {
  fresh_ = 0.0;
  const double total = histogram_.total();
  const double few = kTailScores / kTailShare;
  const double wanted =
      std::min(kTailShare * total, kTailScores * cluster_ * std::max(1.0, std::sqrt(total / few)));
  double count = 0.0;
  std::size_t first = ScoreHistogram::kBins;  // The lowest bin of the tail.
  for (std::size_t b = ScoreHistogram::kBins; b-- > 1 && count < wanted;) {
    if (histogram_.count(b) == 0.0) continue;
    count += histogram_.count(b);
    first = b;
  }
  scale_ = 0.0;
  if (count < kRanks) return;
  threshold_ = ScoreHistogram::lower_edge(first);
  share_ = (count + 0.5) / (total + 1.0);
  double above = 0.0;
  double mean = 0.0;
  double weighted = 0.0;  // Of E[Y (1 - F(Y))].
  for (std::size_t b = ScoreHistogram::kBins; b-- > first;) {
    const double here = histogram_.count(b);
    if (here == 0.0) continue;
    const double excess = middle(b) - threshold_;
    mean += here * excess / count;
    weighted += here * excess * (above + 0.5 * std::max(here - 1.0, 0.0)) / (count * (count - 1.0));
    above += here;
  }
  const double difference = mean - 2.0 * weighted;
  const double raw = difference > 0.0 ? 2.0 - mean / difference : -1.0;
  const double independent = count / cluster_;
  const bool known = believes_null();
  const Belief shape = believe(std::clamp(raw, -1.0, 1.0), kShapeVariance / independent,
                               known ? kKnownDeviation : kShapeDeviation);
  scale_ = known ? 1.0 + believe(mean - 1.0, 1.0 / independent, kKnownDeviation).value : mean;
  // An estimated mean makes the tail heavier: for shape 0 the exact predictive shape is 1 / count.
  const double unsure = known ? 0.0 : 1.0 / independent;
  for (std::size_t i = 0; i < kNodes; ++i) {
    shapes_[i] = std::clamp(shape.value + shape.deviation * kNodeAt[i] + unsure, -0.5, 0.8);
  }
}

void Calibrator::reset(Null null) noexcept {
  null_ = null;
  histogram_.clear();
  window_.clear();
  number_ = mix_ = 0;
  seen_ = mean_ = squares_ = threshold_ = share_ = fresh_ = scale_ = 0.0;
  last_peak_ = 0;
  gaps_ = gap_sum_ = gap_squares_ = belief_ = judged_ = extremes_ = refuted_ = 0.0;
  cluster_ = 1.0;
  extreme_ = false;
  shapes_ = {};
  if (null_ == Null::known) believe_null();
}

/// Exponential scores: what -ln p is where the null holds.
void Calibrator::believe_null() noexcept {
  belief_ = 1.0;
  const auto& scores = null_scores();
  for (std::size_t b = 0; b < scores.size(); ++b) {
    if (scores[b] > 0.0F) histogram_.add(b, scores[b]);
  }
  refit();
}

}  // namespace emdyn::detect
