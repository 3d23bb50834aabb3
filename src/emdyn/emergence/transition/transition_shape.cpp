#include "emdyn/emergence/transition/transition_shape.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/transition/local_noise.hpp"
#include "emdyn/emergence/transition/sigmoid_fit.hpp"
#include "emdyn/math/moments.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::emergence {
namespace {

using series::TransitionModel;

constexpr double kLogNine = 2.1972245773362196;  // A logistic is at 90 % so many scales on.
constexpr std::size_t kRefinePoints = 384;       // The onset's bootstrap refits all of them.
constexpr double kFarBehind = 12.0;    // Of BIC: a shape e⁻⁶ times as likely has no say.
constexpr std::size_t kMaxRivals = 3;  // Each is refitted to every replicate.

struct Crossing {
  double low = 0.0, high = 0.0;
};

/// The part of the samples that tells where a sigmoid or jump is: the change with four widths on
/// either side, at least 128 samples each.
Samples zoom(const Samples& samples, const ChangeShape& shape) {
  const double width = std::max(shape.end - shape.onset, 0.0);
  const auto& x = samples.positions;
  const auto index = [&](double position) {
    return static_cast<std::size_t>(std::lower_bound(x.begin(), x.end(), position) - x.begin());
  };
  const std::size_t centre = index(0.5 * (shape.onset + shape.end));
  const std::size_t begin =
      std::min(index(shape.onset - 4.0 * width), centre - std::min<std::size_t>(centre, 128));
  const std::size_t end = std::max(std::min(index(shape.end + 4.0 * width) + 1, x.size()),
                                   std::min(centre + 128, x.size()));
  return binned(samples, begin, end, kRefinePoints);
}

Sigmoids to_sigmoids(const Curve& curve) {
  Sigmoids l;
  l.count = curve.terms.size();
  l.intercept = curve.intercept;
  for (std::size_t j = 0; j < l.count; ++j) {
    l.amplitude[j] = curve.terms[j].coefficient;
    l.location[j] = curve.terms[j].basis.location;
  }
  l.shape = curve.terms[0].basis.shape;
  l.log_scale = std::log(curve.terms[0].basis.scale);
  return l;
}

Curve with_sigmoids(Curve curve, const Sigmoids& l) {
  curve.intercept = l.intercept;
  for (std::size_t j = 0; j < l.count; ++j) {
    curve.terms[j].coefficient = l.amplitude[j];
    curve.terms[j].basis.location = l.location[j];
    curve.terms[j].basis.scale = std::exp(l.log_scale);
  }
  return curve;
}

/// Fits the chosen model to any series at the same positions: what the bootstrap repeats. Of
/// several S-shapes that are plausible the closest one wins each time.
class Refit {
 public:
  Refit(std::vector<Curve> starts, std::span<const double> positions, double phi)
      : starts_(std::move(starts)), phi_(phi) {
    for (const Curve& curve : starts_) {
      const bool log_axis = curve.terms[0].basis.log_axis;
      std::vector<double> u;
      for (const double x : positions) u.push_back(curve.frame.coordinate(x, log_axis));
      const double widest = curve.model == TransitionModel::sigmoid ? kWidestTransition : 0.3;
      const double gap = (u.back() - u.front()) / static_cast<double>(u.size());
      max_scales_.push_back(widest / kLogisticWidth);
      min_scales_.push_back(std::min(0.05 * gap, 0.5 * max_scales_.back()));
      coordinates_.push_back(std::move(u));
    }
    if (is_free()) return;
    const bool jump = starts_[0].model == TransitionModel::jump;
    grid_.emplace(starts_[0].frame, positions,
                  ModelGrid::Choice{.smooth = false,
                                    .sigmoid = false,
                                    .jump = jump,
                                    .kink = !jump,
                                    .rise_and_collapse = false,
                                    .log_axis = false});
  }

  Curve operator()(std::span<const double> values) const {
    if (!is_free()) {
      const std::size_t model = starts_[0].model == TransitionModel::jump ? 3 : 4;
      const ModelScore score = grid_->score(values)[model];
      return score.found ? grid_->curve(score, values) : starts_[0];
    }
    Curve best;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < starts_.size(); ++i) {
      double rss = 0.0;
      const Curve curve = fit(i, values, rss);
      if (rss < least) {
        least = rss;
        best = curve;
      }
    }
    return best;
  }

  Curve fit(std::size_t candidate, std::span<const double> values, double& rss) const {
    Sigmoids l = to_sigmoids(starts_[candidate]);
    rss = refine_sigmoids(coordinates_[candidate], values, phi_, min_scales_[candidate],
                          max_scales_[candidate], l);
    return with_sigmoids(starts_[candidate], l);
  }

 private:
  bool is_free() const { return is_sigmoid(starts_[0].terms[0].basis.shape); }

  std::vector<Curve> starts_;
  double phi_;
  std::vector<std::vector<double>> coordinates_;
  std::vector<double> min_scales_, max_scales_;
  std::optional<ModelGrid> grid_;
};

/// The likeliest autocorrelation of what a curve leaves, and its BIC.
void judge(FittedCurve& candidate, const Samples& samples) {
  std::vector<double> residuals = evaluate(candidate.curve, samples.positions);
  for (std::size_t i = 0; i < residuals.size(); ++i)
    residuals[i] = samples.values[i] - residuals[i];
  const auto n = static_cast<double>(residuals.size());
  const double parameters = candidate.parameters;
  candidate.criterion = std::numeric_limits<double>::infinity();
  for (const double phi : phi_grid()) {
    double rss = (1.0 - phi * phi) * residuals[0] * residuals[0];
    for (std::size_t i = 1; i < residuals.size(); ++i) {
      const double white = residuals[i] - phi * residuals[i - 1];
      rss += white * white;
    }
    const double criterion = n * std::log(std::max(rss / n, 1e-14)) - std::log(1.0 - phi * phi) +
                             parameters * std::log(n);
    if (criterion < candidate.criterion) {
      candidate.criterion = criterion;
      candidate.phi = phi;
    }
  }
}

/// Whether a rise and its fall both lie within the positions: free logistics may run away, one
/// beyond the end or both into a difference of two nearly equal ones.
bool returns_within(const Curve& curve, const Samples& samples) {
  const std::vector<double> values = evaluate(curve, samples.positions);
  std::size_t top = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::fabs(values[i] - values[0]) > std::fabs(values[top] - values[0])) top = i;
  }
  const double up = std::fabs(values[top] - values.front());
  const double down = std::fabs(values[top] - values.back());
  return top > 1 && top + 2 < values.size() && down >= 0.5 * up && up >= 0.5 * down &&
         std::fabs(curve.terms[0].coefficient) <= 2.0 * up;
}

/// A logistic's own scale, then the noise about it, then both once more.
void polish(FittedCurve& candidate, const Samples& samples) {
  for (int round = 0; round < 2; ++round) {
    const Refit refit({candidate.curve}, samples.positions, candidate.phi);
    candidate.curve = refit(samples.values);
    judge(candidate, samples);
  }
}

/// The logistic in the other coordinate with the same middle and the same slope there.
FittedCurve other_axis(const FittedCurve& candidate) {
  FittedCurve twin = candidate;
  Basis& basis = twin.curve.terms[0].basis;
  const Frame& frame = candidate.curve.frame;
  const double middle = frame.position(basis.location, basis.log_axis);
  const double stretch = frame.range / (std::max(middle, frame.log_floor) * frame.log_range);
  basis.scale *= basis.log_axis ? 1.0 / stretch : stretch;
  basis.log_axis = !basis.log_axis;
  basis.location = frame.coordinate(middle, basis.log_axis);
  return twin;
}

/// Other S-shapes near a fitted logistic: in the other coordinate, and two lopsided ones in
/// position with the same middle and width.
std::vector<FittedCurve> twins(const FittedCurve& logistic) {
  std::vector<FittedCurve> list;
  if (logistic.curve.frame.has_log()) list.push_back(other_axis(logistic));
  const bool log_axis = logistic.curve.terms[0].basis.log_axis;
  const FittedCurve in_position = log_axis ? list.front() : logistic;
  for (const CurveShape shape : {CurveShape::gompertz, CurveShape::late_gompertz}) {
    FittedCurve twin = in_position;
    Basis& basis = twin.curve.terms[0].basis;
    basis.shape = shape;
    basis.scale *= kLogisticWidth / (sigmoid_inverse(shape, 0.9) - sigmoid_inverse(shape, 0.1));
    basis.location -= basis.scale * sigmoid_inverse(shape, 0.5);
    list.push_back(twin);
  }
  return list;
}

/// The interval of the onset by refitting the curve with noise like its residuals.
Crossing onset_interval(const Refit& refit, const Curve& curve, const Samples& samples,
                        const TransitionOptions& options) {
  const std::size_t n = samples.size();
  const std::vector<double> fitted = evaluate(curve, samples.positions);
  std::vector<double> residuals(n);
  for (std::size_t i = 0; i < n; ++i) residuals[i] = samples.values[i] - fitted[i];
  const LocalNoise noise(residuals);
  const double parameters = 2.0 + 2.0 * static_cast<double>(curve.terms.size());
  const auto count = static_cast<double>(n);
  const double inflation = std::sqrt(count / std::max(count - parameters, 0.3 * count));
  const auto replicates = static_cast<std::size_t>(options.interval_replicates);
  std::vector<double> lows(replicates);
  std::vector<double> highs(replicates);
  parallel_for(replicates, [&](std::size_t i) {
    Philox random(static_cast<std::uint64_t>(options.seed), 0x10000000ULL + i);
    std::vector<double> values = noise.draw(random);
    for (std::size_t t = 0; t < n; ++t) values[t] = fitted[t] + inflation * values[t];
    const ChangeShape shape = shape_of(refit(values));
    lows[i] = shape.onset_low;
    highs[i] = shape.onset_high;
  });
  const double tail = 0.5 * (1.0 - options.level);
  return {math::quantile(lows, tail), math::quantile(highs, 1.0 - tail)};
}

}  // namespace

ChangeShape shape_of(const Curve& curve) {
  ChangeShape shape;
  const Basis& basis = curve.terms.back().basis;
  const double amplitude = curve.terms.back().coefficient;
  const auto place = [&](double u) { return curve.frame.position(u, basis.log_axis); };
  const double t = basis.location;
  if (curve.model == TransitionModel::jump) {
    shape = {place(t - 0.4 * basis.scale), place(t + 0.4 * basis.scale), amplitude,
             place(t - 0.5 * basis.scale), place(t + 0.5 * basis.scale)};
    return shape;
  }
  if (curve.model == TransitionModel::kink) {
    shape.onset = place(t + 0.1 * (1.0 - t));
    shape.end = place(t + 0.9 * (1.0 - t));
    shape.size = amplitude * (1.0 - t);
  } else if (curve.model == TransitionModel::rise_and_collapse) {
    const Curve::Term& rise = curve.terms.front();
    shape.onset = place(rise.basis.location - kLogNine * basis.scale);
    shape.end = place(rise.basis.location + kLogNine * basis.scale);
    const double top = 0.5 * (rise.basis.location + t);
    shape.size = curve(place(top)) - curve(curve.frame.origin);
    shape.excursion = place(t) - place(rise.basis.location);
  } else {
    // Levels are those reached within the observed positions, not the asymptotes beyond them.
    const auto level = [&](double u) { return sigmoid_value(basis.shape, (u - t) / basis.scale); };
    const double first = level(0.0);
    const double change = level(1.0) - first;
    const auto crossing = [&](double share) {
      const double g = std::clamp(first + share * change, 1e-12, 1.0 - 1e-12);
      return place(t + basis.scale * sigmoid_inverse(basis.shape, g));
    };
    shape.onset = crossing(0.1);
    shape.end = crossing(0.9);
    shape.size = amplitude * change;
  }
  shape.onset_low = shape.onset_high = shape.onset;
  return shape;
}

std::vector<FittedCurve> fit_changes(const ModelGrid& grid, const ModelScores& scores,
                                     const Samples& samples) {
  std::vector<FittedCurve> candidates;
  for (std::size_t m = kNullModels; m < scores.size(); ++m) {
    if (!scores[m].found) continue;
    FittedCurve candidate{grid.curve(scores[m], samples.values), grid.phi(scores[m]),
                          grid.design(scores[m]).parameters, scores[m].bic};
    const FittedCurve on_grid = candidate;
    if (is_sigmoid(candidate.curve.terms[0].basis.shape)) polish(candidate, samples);
    if (kModels[m] == TransitionModel::rise_and_collapse) {
      if (!returns_within(candidate.curve, samples)) candidate = on_grid;
      if (!returns_within(candidate.curve, samples)) continue;
    }
    candidates.push_back(candidate);
    if (kModels[m] != TransitionModel::sigmoid) continue;
    for (FittedCurve& twin : twins(candidate)) {
      polish(twin, samples);
      candidates.push_back(std::move(twin));
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const auto& a, const auto& b) { return a.criterion < b.criterion; });
  return candidates;
}

Refined refine(const Samples& samples, const FittedCurve& coarse,
               const TransitionOptions& options) {
  const bool single =
      coarse.curve.model == TransitionModel::sigmoid || coarse.curve.model == TransitionModel::jump;
  const Samples window = single ? zoom(samples, shape_of(coarse.curve))
                                : binned(samples, 0, samples.size(), kRefinePoints);
  math::Moments moments;
  for (const double y : window.values) moments.add(y);
  const double unit = moments.stddev() > 0.0 ? moments.stddev() : 1.0;
  Samples scaled = window;
  for (double& y : scaled.values) y = (y - moments.mean()) / unit;

  std::vector<FittedCurve> candidates;
  if (single) {
    const ModelGrid grid(coarse.curve.frame, scaled.positions,
                         {.smooth = false, .kink = false, .rise_and_collapse = false});
    candidates = fit_changes(grid, grid.score(scaled.values), scaled);
  }
  if (candidates.empty()) {
    FittedCurve same = coarse;
    for (auto& term : same.curve.terms) term.coefficient /= unit;
    same.curve.intercept = (same.curve.intercept - moments.mean()) / unit;
    same.curve = Refit({same.curve}, scaled.positions, same.phi)(scaled.values);
    candidates.push_back(same);
  }
  std::vector<Curve> starts;
  for (const FittedCurve& candidate : candidates) {
    const bool rival = candidate.curve.model == candidates.front().curve.model &&
                       candidate.criterion < candidates.front().criterion + kFarBehind;
    if (rival && starts.size() < kMaxRivals) starts.push_back(candidate.curve);
  }
  if (starts.empty()) starts.push_back(candidates.front().curve);
  Refined refined;
  refined.curve = starts.front();
  const Refit refit(std::move(starts), scaled.positions, candidates.front().phi);
  const Crossing interval = onset_interval(refit, refined.curve, scaled, options);
  for (auto& term : refined.curve.terms) term.coefficient *= unit;
  refined.curve.intercept = moments.mean() + unit * refined.curve.intercept;
  refined.shape = shape_of(refined.curve);
  refined.shape.onset_low = std::min(interval.low, refined.shape.onset);
  refined.shape.onset_high = std::max(interval.high, refined.shape.onset);
  return refined;
}

}  // namespace emdyn::emergence
