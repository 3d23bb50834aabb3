#include "emdyn/emergence/transition/transition_shape.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "emdyn/core/parallel.hpp"
#include "emdyn/emergence/transition/local_noise.hpp"
#include "emdyn/emergence/transition/monotone_fit.hpp"
#include "emdyn/emergence/transition/sigmoid_fit.hpp"
#include "emdyn/math/moments.hpp"
#include "emdyn/math/robust.hpp"

namespace emdyn::emergence {
namespace {

using series::TransitionModel;

constexpr double kLogNine = 2.1972245773362196;  // A logistic is at 90 % so many scales on.
constexpr std::size_t kRefinePoints = 384;       // The onset's bootstrap refits all of them.
constexpr double kFarBehind = 12.0;     // Of BIC: a shape e⁻⁶ times as likely has no say.
constexpr double kCoarseShare = 0.025;  // Four bins of the comparison.
constexpr std::size_t kMaxRivals = 3;   // Each is refitted to every replicate.

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
    grid_->limit(starts_[0].range);
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
                          max_scales_[candidate], starts_[candidate].range, l);
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

/// −2 log likelihood of residuals under the autocorrelation that suits them best.
struct Likelihood {
  double minus_two_log = std::numeric_limits<double>::infinity();
  double phi = 0.0;
};

Likelihood likelihood_of(std::span<const double> residuals) {
  const auto n = static_cast<double>(residuals.size());
  Likelihood best;
  for (const double phi : phi_grid()) {
    double rss = (1.0 - phi * phi) * residuals[0] * residuals[0];
    for (std::size_t i = 1; i < residuals.size(); ++i) {
      const double white = residuals[i] - phi * residuals[i - 1];
      rss += white * white;
    }
    const double cost = n * std::log(std::max(rss / n, 1e-14)) - std::log(1.0 - phi * phi);
    if (cost < best.minus_two_log) best = {cost, phi};
  }
  return best;
}

std::vector<double> residuals_of(const Curve& curve, const Samples& samples) {
  std::vector<double> residuals = evaluate(curve, samples.positions);
  for (std::size_t i = 0; i < residuals.size(); ++i)
    residuals[i] = samples.values[i] - residuals[i];
  return residuals;
}

/// The likeliest autocorrelation of what a curve leaves, and its BIC.
void judge(FittedCurve& candidate, const Samples& samples) {
  const Likelihood best = likelihood_of(residuals_of(candidate.curve, samples));
  candidate.phi = best.phi;
  candidate.criterion =
      best.minus_two_log + candidate.parameters * std::log(static_cast<double>(samples.size()));
}

/// Whether a rise and its fall both lie within the positions: loose logistics may run away, one
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

struct Draws {
  std::vector<double> lows{}, highs{};
  double weight = 0.0;
};

/// curve + noise like its residuals, again and again.
template <class Place>
Draws redraw(std::span<const double> fitted, const Samples& samples, double parameters,
             std::uint64_t stream, const TransitionOptions& options, Place&& place) {
  const std::size_t n = samples.size();
  std::vector<double> residuals(n);
  for (std::size_t i = 0; i < n; ++i) residuals[i] = samples.values[i] - fitted[i];
  const LocalNoise noise(residuals);
  const auto count = static_cast<double>(n);
  const double inflation = std::sqrt(count / std::max(count - parameters, 0.3 * count));
  const auto replicates = static_cast<std::size_t>(options.interval_replicates);
  Draws draws{std::vector<double>(replicates), std::vector<double>(replicates)};
  parallel_for(replicates, [&](std::size_t i) {
    Philox random(static_cast<std::uint64_t>(options.seed), stream + i);
    std::vector<double> values = noise.draw(random);
    for (std::size_t t = 0; t < n; ++t) values[t] = fitted[t] + inflation * values[t];
    const Crossing crossing = place(values);
    draws.lows[i] = crossing.low;
    draws.highs[i] = crossing.high;
  });
  return draws;
}

/// Quantile of two sets of draws, each with its weight.
double mixed_quantile(const std::vector<double>& a, double weight_a, const std::vector<double>& b,
                      double weight_b, double share) {
  if (!(weight_b > 0.0) || b.empty()) return math::quantile(a, share);
  std::vector<std::pair<double, double>> all;
  for (const double x : a) all.emplace_back(x, weight_a / static_cast<double>(a.size()));
  for (const double x : b) all.emplace_back(x, weight_b / static_cast<double>(b.size()));
  std::ranges::stable_sort(all, {}, &std::pair<double, double>::first);
  double seen = 0.0;
  for (const auto& [x, weight] : all) {
    seen += weight;
    if (seen >= share * (weight_a + weight_b)) return x;
  }
  return all.back().first;
}

/// The onset by a monotone curve without a shape, its draws, and how much it counts beside the
/// S-shape: by Akaike weights, which notice a misfit before it matters.
struct Shapeless {
  Draws draws{};
  double onset = 0.0;
};

Shapeless shapeless_onset(const FittedCurve& chosen, const ChangeShape& shape,
                          const Samples& samples, const TransitionOptions& options) {
  const Basis& basis = chosen.curve.terms[0].basis;
  const auto coordinate = [&](double x) {
    return chosen.curve.frame.coordinate(x, basis.log_axis);
  };
  std::vector<double> u;
  for (const double x : samples.positions) u.push_back(coordinate(x));
  Shapeless result;
  const double gap = (u.back() - u.front()) / static_cast<double>(u.size());
  const double from = coordinate(shape.onset), to = coordinate(shape.end);
  if (!(to - from > 3.0 * gap)) return result;
  const MonotoneFit fit(u, from, to, shape.size > 0.0);
  if (!fit.usable()) return result;
  MonotoneFit::Result best;
  Likelihood likelihood;
  double phi = chosen.phi;
  for (int round = 0; round < 2; ++round) {
    best = fit(samples.values, phi);
    std::vector<double> residuals = samples.values;
    for (std::size_t i = 0; i < residuals.size(); ++i) residuals[i] -= best.fitted[i];
    likelihood = likelihood_of(residuals);
    phi = likelihood.phi;
  }
  const double shaped =
      likelihood_of(residuals_of(chosen.curve, samples)).minus_two_log + 2.0 * chosen.parameters;
  const double loose = likelihood.minus_two_log + 2.0 * best.freedom;
  result.draws.weight = 1.0 / (1.0 + std::exp(std::clamp(0.5 * (loose - shaped), -300.0, 300.0)));
  if (result.draws.weight < 0.02) return {};
  const double weight = result.draws.weight;
  const auto place = [&](double at) { return chosen.curve.frame.position(at, basis.log_axis); };
  result.onset = place(best.onset);
  // Least squares under constraints are biased towards the first piece that rises: the draws are
  // turned about the estimate, which takes that bias off (the "basic" bootstrap interval).
  result.draws = redraw(best.fitted, samples, best.freedom, 0x18000000ULL, options,
                        [&](const std::vector<double>& values) {
                          const double at = place(2.0 * best.onset - fit(values, phi).onset);
                          return Crossing{at, at};
                        });
  result.draws.weight = weight;
  return result;
}

/// Estimate and interval of the onset, averaged over the chosen shape (of several plausible ones
/// the closest wins each time) and a curve without one.
void place_onset(const Refit& refit, const FittedCurve& chosen, const Samples& samples,
                 const TransitionOptions& options, ChangeShape& shape) {
  const std::vector<double> fitted = evaluate(chosen.curve, samples.positions);
  const double parameters = 2.0 + 2.0 * static_cast<double>(chosen.curve.terms.size());
  const Draws shaped = redraw(fitted, samples, parameters, 0x10000000ULL, options,
                              [&](const std::vector<double>& values) {
                                const ChangeShape again = shape_of(refit(values));
                                return Crossing{again.onset_low, again.onset_high};
                              });
  Shapeless loose;
  if (chosen.curve.model == TransitionModel::sigmoid)
    loose = shapeless_onset(chosen, shape, samples, options);
  const double weight = loose.draws.weight;
  if (weight > 0.0) {
    shape.onset = (1.0 - weight) * shape.onset + weight * loose.onset;
    shape.end = std::max(shape.end, shape.onset);
  }
  const double tail = 0.5 * (1.0 - options.level);
  shape.onset_low = std::min(
      mixed_quantile(shaped.lows, 1.0 - weight, loose.draws.lows, weight, tail), shape.onset);
  shape.onset_high =
      std::max(mixed_quantile(shaped.highs, 1.0 - weight, loose.draws.highs, weight, 1.0 - tail),
               shape.onset);
}

/// Values further from the curve than five deviations of what it leaves are drawn in to that, but
/// not where it changes: there the coarse curve is no measure.
Samples drawn_in(Samples samples, const Curve& curve) {
  const std::vector<double> residuals = residuals_of(curve, samples);
  const double most = 5.0 * math::kMadToSigma * math::mad(residuals);
  if (!(most > 0.0)) return samples;
  const ChangeShape shape = shape_of(curve);
  const double margin = std::max(shape.end - shape.onset, kCoarseShare * curve.frame.range);
  const bool returns = shape.ended > shape.plateau_begin;
  const double begin =
      (returns ? std::min(shape.onset, shape.plateau_begin) : shape.onset) - margin;
  const double end = (returns ? std::max(shape.end, shape.ended) : shape.end) + margin;
  for (std::size_t i = 0; i < residuals.size(); ++i) {
    if (samples.positions[i] >= begin && samples.positions[i] <= end) continue;
    samples.values[i] += std::clamp(residuals[i], -most, most) - residuals[i];
  }
  return samples;
}

}  // namespace

ChangeShape shape_of(const Curve& curve) {
  ChangeShape shape;
  const Basis& basis = curve.terms.back().basis;
  const double amplitude = curve.terms.back().coefficient;
  const auto place = [&](double u) { return curve.frame.position(u, basis.log_axis); };
  const double t = basis.location;
  using series::TransitionKind;
  if (curve.model == TransitionModel::jump) {
    shape = {place(t - 0.4 * basis.scale), place(t + 0.4 * basis.scale), amplitude,
             place(t - 0.5 * basis.scale), place(t + 0.5 * basis.scale)};
    shape.kind = amplitude > 0.0 ? TransitionKind::rise : TransitionKind::fall;
    return shape;
  }
  if (curve.model == TransitionModel::kink) {
    shape.onset = shape.end = place(t);
    shape.size = amplitude * (1.0 - t);
    shape.kind = TransitionKind::bend;
  } else if (curve.model == TransitionModel::rise_and_collapse) {
    const Curve::Term& rise = curve.terms.front();
    const double half = kLogNine * basis.scale;
    const double first = rise.basis.location;
    shape.onset = place(first - half);
    shape.end = place(first + half);
    shape.plateau_begin = place(std::min(first + half, 0.5 * (first + t)));
    shape.plateau_end = place(std::max(t - half, 0.5 * (first + t)));
    shape.ended = place(t + half);
    shape.size = curve(place(0.5 * (first + t))) - curve(curve.frame.origin);
    const bool brief = place(t) - place(first) <= kSpikeShare * curve.frame.range;
    shape.kind = brief ? TransitionKind::spike
                       : (shape.size > 0.0 ? TransitionKind::collapse : TransitionKind::fall);
    if (shape.kind == TransitionKind::collapse) {
      shape.onset = place(t - half);
      shape.end = place(t + half);
      shape.size = curve(shape.ended) - curve(shape.plateau_begin);
    }
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
    shape.size = curve(curve.frame.origin + curve.frame.range) - curve(curve.frame.origin);
    if (!(shape.size * amplitude > 0.0)) shape.size = amplitude * change;
    shape.kind = amplitude > 0.0 ? TransitionKind::rise : TransitionKind::fall;
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

Refined refine(const Samples& samples, const FittedCurve& coarse, bool heavy_tails,
               const TransitionOptions& options) {
  const bool single =
      coarse.curve.model == TransitionModel::sigmoid || coarse.curve.model == TransitionModel::jump;
  Samples window = single ? zoom(samples, shape_of(coarse.curve))
                          : binned(samples, 0, samples.size(), kRefinePoints);
  if (heavy_tails) window = drawn_in(std::move(window), coarse.curve);
  math::Moments moments;
  for (const double y : window.values) moments.add(y);
  const double unit = moments.stddev() > 0.0 ? moments.stddev() : 1.0;
  Samples scaled = window;
  for (double& y : scaled.values) y = (y - moments.mean()) / unit;
  const ValueRange range = coarse.curve.range;
  ValueRange scaled_range = range;
  scaled_range.low = (range.low - moments.mean()) / unit;
  scaled_range.high = (range.high - moments.mean()) / unit;

  std::vector<FittedCurve> candidates;
  if (single) {
    ModelGrid grid(coarse.curve.frame, scaled.positions,
                   {.smooth = false, .kink = false, .rise_and_collapse = false});
    grid.limit(scaled_range);
    candidates = fit_changes(grid, grid.score(scaled.values), scaled);
  }
  if (candidates.empty()) {
    FittedCurve same = coarse;
    same.curve.range = scaled_range;
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
  FittedCurve chosen = candidates.front();
  if (starts.empty()) starts.push_back(chosen.curve);
  const Refit refit(std::move(starts), scaled.positions, chosen.phi);
  Refined refined;
  refined.shape = shape_of(chosen.curve);
  place_onset(refit, chosen, scaled, options, refined.shape);
  refined.shape.size *= unit;
  refined.curve = std::move(chosen.curve);
  for (auto& term : refined.curve.terms) term.coefficient *= unit;
  refined.curve.intercept = moments.mean() + unit * refined.curve.intercept;
  refined.curve.range = range;
  return refined;
}

}  // namespace emdyn::emergence
