#include "emdyn/emergence/transition/null_gain.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/transition/student_noise.hpp"
#include "emdyn/math/autoregression.hpp"

namespace emdyn::emergence {
namespace {

constexpr std::size_t kChunk = 20;       // Fixed: it decides where sampling stops.
constexpr std::size_t kTailPoints = 24;  // Fewer tell no tail from normal ones.
constexpr double kHeavyExcess = 12.0;    // Of −2 log L: normal innovations seldom reach 6.
constexpr double kLeastPValue = 1e-12;   // Beyond it the fitted tail says nothing.

/// Removes the least-squares fit of the constant and of the null curve's shapes.
class Detrend {
 public:
  Detrend(const Curve& curve, std::span<const double> positions) {
    add(std::vector<double>(positions.size(), 1.0));
    for (const auto& term : curve.terms) {
      std::vector<double> column;
      for (const double x : positions) column.push_back(term.basis.value(curve.frame, x));
      add(std::move(column));
    }
  }
  std::vector<double> operator()(std::vector<double> values) const {
    for (const auto& column : columns_) {
      double product = 0.0;
      for (std::size_t i = 0; i < values.size(); ++i) product += column[i] * values[i];
      for (std::size_t i = 0; i < values.size(); ++i) values[i] -= product * column[i];
    }
    return values;
  }

 private:
  void add(std::vector<double> column) {
    column = (*this)(std::move(column));
    double square = 0.0;
    for (const double value : column) square += value * value;
    if (!(square > 1e-18)) return;
    for (double& value : column) value /= std::sqrt(square);
    columns_.push_back(std::move(column));
  }
  std::vector<std::vector<double>> columns_;
};

/// The noise of the null model. Detrending makes noise look less persistent than it is, which would
/// make chance look rarer than it is; the bias is measured by simulation and taken off (Kilian,
/// "Small-Sample Confidence Intervals for Impulse Response Functions", Rev. Econ. Stat. 80, 1998).
math::Autoregression null_noise(const Detrend& detrend, const std::vector<double>& residuals,
                                std::uint64_t seed) {
  const std::size_t n = residuals.size();
  math::Autoregression noise =
      math::select_autoregression(residuals, std::clamp<std::size_t>(n / 12, 1, 8));
  const std::size_t order = noise.coefficients.size();
  if (order == 0) return noise;
  constexpr std::size_t kTrials = 60;  // Their mean is off by 1/8 of one trial's spread.
  std::vector<std::vector<double>> trials(kTrials);
  parallel_for(kTrials, [&](std::size_t i) {
    Philox random(seed, 0x20000000ULL + i);
    const auto draw = [&] { return noise.innovation_sd * random.normal(); };
    trials[i] = math::fit_autoregression(detrend(noise.simulate(n, draw)), order).coefficients;
  });
  std::vector<double> bias(order, 0.0);
  for (const auto& trial : trials) {
    for (std::size_t j = 0; j < trial.size(); ++j) {
      bias[j] += (trial[j] - noise.coefficients[j]) / kTrials;
    }
  }
  math::Autoregression corrected = noise;
  for (double share = 1.0; share > 0.0; share -= 0.05) {
    for (std::size_t j = 0; j < order; ++j) {
      corrected.coefficients[j] = noise.coefficients[j] - share * bias[j];
    }
    if (corrected.is_stationary(0.999)) return corrected;
  }
  return noise;
}

double tail_p_value(std::vector<double> gains, double gain) {
  const auto count = static_cast<double>(gains.size());
  const double floor = 1.0 / (count + 1.0);
  std::erase_if(gains, [](double each) { return !std::isfinite(each); });
  const std::size_t top = gains.size() / 5;
  if (top < 10) return floor;
  std::ranges::sort(gains, std::greater<>());
  const double threshold = gains[top];
  double excess = 0.0;
  for (std::size_t i = 0; i < top; ++i) excess += (gains[i] - threshold) / static_cast<double>(top);
  if (!(excess > 0.0)) return floor;
  const double scale = excess * (1.0 + 1.0 / std::sqrt(static_cast<double>(top)));
  const double share = static_cast<double>(top) / count;
  return std::clamp(share * std::exp(-(gain - threshold) / scale), kLeastPValue, floor);
}

StudentFit student_of(const ModelGrid& grid, const ModelScore& score,
                      std::span<const double> values) {
  return fit_student(grid.matrix(grid.design(score)), values, grid.phi(score));
}

}  // namespace

GainStatistic::GainStatistic(const ModelGrid& grid, std::span<const double> values) : grid_(grid) {
  if (values.size() < kTailPoints) return;
  const ModelScores scores = grid.score(values);
  const Comparison gaussian = (*this)(scores, values);
  for (const std::size_t model : {gaussian.null, gaussian.change}) {
    if (!scores[model].found) continue;
    heavy_ = heavy_ || student_of(grid, scores[model], values).gaussian_excess > kHeavyExcess;
  }
}

double GainStatistic::criterion(const ModelScore& score, std::span<const double> values) const {
  if (!heavy_) return score.bic;
  const double penalty = std::log(static_cast<double>(values.size())) *
                         static_cast<double>(grid_.design(score).parameters);
  return student_of(grid_, score, values).minus_two_log_likelihood + penalty;
}

Comparison GainStatistic::operator()(std::span<const double> values) const {
  return (*this)(grid_.score(values), values);
}

Comparison GainStatistic::operator()(const ModelScores& scores,
                                     std::span<const double> values) const {
  Comparison best;
  double change = HUGE_VAL;
  for (std::size_t m = 0; m < scores.size(); ++m) {
    if (!scores[m].found) continue;
    const double cost = criterion(scores[m], values);
    if (m < kNullModels && cost < best.null_criterion) {
      best.null_criterion = cost;
      best.null = m;
    } else if (m >= kNullModels && cost < change) {
      change = cost;
      best.change = m;
    }
  }
  if (std::isfinite(change)) best.gain = best.null_criterion - change;
  return best;
}

double null_p_value(const GainStatistic& statistic, const Curve& null, const Curve& change,
                    const Samples& samples, double gain, bool decisive,
                    const TransitionOptions& options) {
  const auto seed = static_cast<std::uint64_t>(options.seed);
  const std::size_t n = samples.size();
  const Detrend detrend(null, samples.positions);
  const std::vector<double> residuals = detrend(samples.values);
  const math::Autoregression noise = null_noise(detrend, residuals, seed);
  const auto block = static_cast<std::size_t>(std::ceil(std::cbrt(static_cast<double>(n))));
  // The curve with the transition leaves innovations that the transition does not inflate.
  std::vector<double> rest = evaluate(change, samples.positions);
  for (std::size_t i = 0; i < n; ++i) rest[i] = samples.values[i] - rest[i];
  const math::BlockInnovations innovations(math::fit_autoregression(rest, 1).innovations(rest),
                                           noise.innovation_sd, block);
  const std::vector<double> mean = evaluate(null, samples.positions);
  const auto replicates = static_cast<std::size_t>(options.replicates);
  std::vector<double> gains;
  std::size_t hits = 0;
  while (gains.size() < replicates) {
    const std::size_t done = gains.size();
    const std::size_t chunk = std::min(kChunk, replicates - done);
    gains.resize(done + chunk);
    parallel_for(chunk, [&](std::size_t i) {
      Philox random(seed, done + i);
      std::vector<double> values = noise.simulate(n, innovations.stream(random));
      for (std::size_t t = 0; t < n; ++t) values[t] += mean[t];
      gains[done + i] = statistic(values).gain;
    });
    for (std::size_t i = 0; i < chunk; ++i) hits += gains[done + i] >= gain;
    if (static_cast<double>(hits) >= options.alpha * static_cast<double>(replicates + 1)) break;
    if (!decisive && gains.size() >= 2 * kChunk) break;
  }
  if (hits > 0 || !decisive)
    return static_cast<double>(hits + 1) / static_cast<double>(gains.size() + 1);
  return tail_p_value(std::move(gains), gain);
}

}  // namespace emdyn::emergence
