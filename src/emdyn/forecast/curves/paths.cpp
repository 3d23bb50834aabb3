#include "emdyn/forecast/curves/paths.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/core/philox.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::forecast {
namespace {

std::vector<double> moments_until(double end, std::size_t cells) {
  std::vector<double> h;
  for (std::size_t i = 1; i <= cells; ++i)
    h.push_back(std::pow(end, static_cast<double>(i) / static_cast<double>(cells)));
  h.back() = end;
  return h;
}

/// Nearer than the shortest horizon of the bank a curve has had less time to go astray.
double shrink_near(double h) noexcept {
  if (h >= kHorizons.front()) return 1.0;
  return std::sqrt(std::log(h) / std::log(kHorizons.front()));
}

double noise_of_level(const CurveEnsemble& ensemble, double h, double unit) noexcept {
  return std::max(ensemble.blocks().level_noise, unit * shrink_near(h));
}

}  // namespace

PredictiveCurve predictive_curve(const CurveEnsemble& ensemble, const CurveTable& table, double end,
                                 std::size_t cells) {
  PredictiveCurve curve{moments_until(end, cells), {}, {}, table.families};
  for (const double h : curve.h) {
    curve.center.push_back(ensemble.center(h));
    curve.unit.push_back(noise_of_level(ensemble, h, ensemble.unit(h)));
  }
  return curve;
}

PredictiveCurve persistent_curve(const CurveEnsemble& ensemble, const CurveTable& table, double end,
                                 std::size_t cells) {
  PredictiveCurve curve{moments_until(end, cells), {}, {}, table.persistence};
  for (const double h : curve.h) {
    curve.center.push_back(ensemble.blocks().level);
    curve.unit.push_back(noise_of_level(ensemble, h, ensemble.persistence_unit(h)));
  }
  return curve;
}

series::Interval level_interval(const CurveEnsemble& ensemble, const CurveTable& table, double h,
                                double level) {
  const CurveLink& link = ensemble.blocks().link;
  const double center = ensemble.center(h);
  const double unit = noise_of_level(ensemble, h, ensemble.unit(h));
  const auto at = [&](double p) {
    const double residual = residual_at(table.pooled, h, math::normal_quantile(p));
    return link.back(ensemble.blocks().plausible(center + unit * residual));
  };
  series::Interval interval{at(0.5 * (1.0 - level)), link.back(center), at(0.5 * (1.0 + level)),
                            level};
  interval.low = std::min(interval.low, interval.estimate);
  interval.high = std::max(interval.high, interval.estimate);
  return interval;
}

series::Interval record_interval(const CurveEnsemble& ensemble, const CurveTable& table, double h,
                                 double level) {
  const CurveLink& link = ensemble.blocks().link;
  const double center = ensemble.center(h);
  const double unit = noise_of_level(ensemble, h, ensemble.unit(h));
  // The two parts are independent, so their half widths add in squares.
  const double noise = ensemble.blocks().noise * math::normal_quantile(0.5 * (1.0 + level));
  const auto beyond = [&](double p, double sign) {
    const double residual = residual_at(table.pooled, h, math::normal_quantile(p));
    return ensemble.blocks().plausible(
        center + sign * std::hypot(std::max(0.0, sign * unit * residual), noise));
  };
  series::Interval interval{link.back(beyond(0.5 * (1.0 - level), -1.0)), link.back(center),
                            link.back(beyond(0.5 * (1.0 + level), 1.0)), level};
  return interval;
}

CurvePaths::CurvePaths(const PredictiveCurve& curve, std::size_t paths, std::uint64_t seed)
    : paths_(paths),
      cells_(curve.h.size()),
      families_(std::max<std::size_t>(1, curve.families.size())) {
  levels_.resize(paths_ * cells_);
  // Every family has the same strata, and each draws the rest of its path for itself.
  const std::size_t strata = (paths_ + families_ - 1) / families_;
  Philox random(seed, 0);
  for (std::size_t p = 0; p < paths_; ++p) {
    const double stratum = static_cast<double>(p / families_);
    double z = math::normal_quantile((stratum + random.uniform()) / static_cast<double>(strata));
    double last = 0.0;
    for (std::size_t c = 0; c < cells_; ++c) {
      const double log_h = std::log(curve.h[c]);
      if (c > 0) {
        const double memory = std::exp(-(log_h - last));
        z = memory * z + std::sqrt(1.0 - memory * memory) * random.normal();
      }
      last = log_h;
      const double residual =
          curve.families.empty() ? z : residual_at(curve.families[p % families_], curve.h[c], z);
      levels_[p * cells_ + c] = curve.center[c] + curve.unit[c] * residual;
    }
  }
}

}  // namespace emdyn::forecast
