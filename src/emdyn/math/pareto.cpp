#include "emdyn/math/pareto.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "emdyn/math/moments.hpp"
#include "emdyn/math/non_finite.hpp"

namespace emdyn::math {
namespace {

/// log(1 + shape·z)/shape, which is z in the limit of shape 0.
double shaped_log(double shape, double z) {
  const double product = shape * z;
  if (std::fabs(product) < 1e-8) return z * (1.0 - product * (0.5 - product / 3.0));
  return std::log1p(product) / shape;
}

struct Sample {
  double count = 0.0;
  double mean = 0.0;
  double variance = 0.0;  // divided by n
  double low = kInfinity;
  double high = 0.0;
};

std::optional<Sample> summarise(std::span<const double> excesses) {
  Sample sample;
  Moments moments;
  for (const double y : excesses) {
    if (!(y >= 0.0 && y < kInfinity)) return std::nullopt;
    moments.add(y);
    if (y > 0.0) sample.low = std::min(sample.low, y);
    sample.high = std::max(sample.high, y);
  }
  if (moments.count() < 2 || !(moments.population_variance() > 0.0)) return std::nullopt;
  sample.count = static_cast<double>(moments.count());
  sample.mean = moments.mean();
  sample.variance = moments.population_variance();
  return sample;
}

/// Grimshaw's equation u(x)v(x) − 1 and the shape v(x) − 1 it implies.
struct Profile {
  std::span<const double> excesses;

  double shape(double x) const {
    double sum = 0.0;
    for (const double y : excesses) sum += std::log1p(x * y);
    return sum / static_cast<double>(excesses.size());
  }
  double equation(double x) const {
    double inverse = 0.0;
    double logs = 0.0;
    for (const double y : excesses) {
      inverse += 1.0 / (1.0 + x * y);
      logs += std::log1p(x * y);
    }
    const auto n = static_cast<double>(excesses.size());
    return inverse / n * (1.0 + logs / n) - 1.0;
  }
  double bisect(double low, double high, double at_low) const {
    for (int i = 0; i < 60; ++i) {
      const double middle = 0.5 * (low + high);
      if (middle == low || middle == high) break;
      ((equation(middle) > 0.0) == (at_low > 0.0) ? low : high) = middle;
    }
    return 0.5 * (low + high);
  }
};

/// The likeliest of the candidates seen so far.
struct Best {
  GeneralisedPareto pareto;
  double log_likelihood;

  void consider(const Profile& profile, double x) {
    const double shape = profile.shape(x);
    const double scale = shape / x;
    if (!(shape > -1.0) || !(scale > 0.0) || !std::isfinite(scale)) return;
    const auto n = static_cast<double>(profile.excesses.size());
    const double value = -n * (std::log(scale) + shape + 1.0);
    if (value > log_likelihood) *this = {{shape, scale}, value};
  }
};

}  // namespace

double GeneralisedPareto::log_sf(double y) const noexcept {
  if (std::isnan(y) || !(scale > 0.0)) return kNan;
  if (y <= 0.0) return 0.0;
  const double z = y / scale;
  if (1.0 + shape * z <= 0.0) return -kInfinity;
  return -shaped_log(shape, z);
}

double GeneralisedPareto::sf(double y) const noexcept { return std::exp(log_sf(y)); }

double GeneralisedPareto::cdf(double y) const noexcept { return -std::expm1(log_sf(y)); }

double GeneralisedPareto::log_pdf(double y) const noexcept {
  if (std::isnan(y) || !(scale > 0.0)) return kNan;
  if (y < 0.0 || y > support_end()) return -kInfinity;
  const double z = y / scale;
  return -std::log(scale) - shaped_log(shape, z) - std::log1p(shape * z);
}

double GeneralisedPareto::pdf(double y) const noexcept { return std::exp(log_pdf(y)); }

double GeneralisedPareto::isf(double q) const noexcept {
  if (!(q >= 0.0 && q <= 1.0) || !(scale > 0.0)) return kNan;
  if (q == 0.0) return support_end();
  const double depth = -std::log(q);
  const double product = shape * depth;
  if (std::fabs(product) < 1e-8) return scale * depth * (1.0 + product * (0.5 + product / 6.0));
  return scale * std::expm1(product) / shape;
}

double GeneralisedPareto::quantile(double p) const noexcept {
  if (!(p >= 0.0 && p <= 1.0) || !(scale > 0.0)) return kNan;
  if (p == 1.0) return support_end();
  const double depth = -std::log1p(-p);
  const double product = shape * depth;
  if (std::fabs(product) < 1e-8) return scale * depth * (1.0 + product * (0.5 + product / 6.0));
  return scale * std::expm1(product) / shape;
}

double GeneralisedPareto::support_end() const noexcept {
  return shape < 0.0 ? -scale / shape : kInfinity;
}

std::optional<GeneralisedPareto> fit_pareto_moments(std::span<const double> excesses) noexcept {
  const auto sample = summarise(excesses);
  if (!sample) return std::nullopt;
  const double ratio = sample->mean * sample->mean / sample->variance;
  return GeneralisedPareto{0.5 * (1.0 - ratio), 0.5 * sample->mean * (1.0 + ratio)};
}

std::optional<GeneralisedPareto> fit_pareto_ml(std::span<const double> excesses) noexcept {
  const auto sample = summarise(excesses);
  if (!sample) return std::nullopt;
  const Profile profile{excesses};
  Best best{{0.0, sample->mean}, -sample->count * (std::log(sample->mean) + 1.0)};
  // u·v − 1 has a double root at 0 (the exponential), where rounding drowns it: it is left out.
  const double hole = 1e-5 / sample->mean;
  const auto scan = [&](auto&& point, int steps) {
    double before = point(0);
    double at_before = profile.equation(before);
    for (int i = 1; i <= steps; ++i) {
      const double here = point(i);
      const double at_here = profile.equation(here);
      if ((at_before > 0.0) != (at_here > 0.0)) {
        best.consider(profile, profile.bisect(before, here, at_before));
      }
      before = here;
      at_before = at_here;
    }
  };
  // Below 0: x runs from the hole towards −1/max, denser towards both ends.
  const double floor = -1.0 / sample->high;
  scan(
      [&](int i) {
        const double share = 1.0 - std::exp(-0.4 * i);
        return i == 0 ? -hole : floor * std::min(share, 1.0 - 1e-9);
      },
      50);
  // Above 0: Grimshaw's bound; the smallest positive excess may make it enormous, hence the cap.
  const double bound = 2.0 * (sample->mean - sample->low) / (sample->low * sample->low);
  const double ceiling = std::clamp(bound, 2.0 * hole, 1e9 / sample->mean);
  const double ratio = std::log(ceiling / hole);
  constexpr int kSteps = 48;
  scan([&](int i) { return hole * std::exp(ratio * i / kSteps); }, kSteps);
  return best.pareto;
}

double pareto_log_likelihood(const GeneralisedPareto& pareto,
                             std::span<const double> excesses) noexcept {
  double sum = 0.0;
  for (const double y : excesses) sum += pareto.log_pdf(y);
  return sum;
}

double pot_quantile(const GeneralisedPareto& pareto, double threshold, double peaks, double samples,
                    double probability) noexcept {
  if (!(peaks > 0.0 && samples >= peaks && probability > 0.0)) return kNan;
  return threshold + pareto.isf(std::min(1.0, probability * samples / peaks));
}

}  // namespace emdyn::math
