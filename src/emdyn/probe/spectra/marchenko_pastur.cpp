#include "emdyn/probe/spectra/marchenko_pastur.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <span>

#include "emdyn/core/error.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::probe {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr std::size_t kLeastEigenvalues = 4;

double median_of_descending(std::span<const double> values) {
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : 0.5 * (values[half - 1] + values[half]);
}

/// Kolmogorov-Smirnov distance of descending eigenvalues over `scale` from the law.
double distance(std::span<const double> bulk, double scale, const MarchenkoPasturLaw& law) {
  const auto count = static_cast<double>(bulk.size());
  double worst = 0.0;
  for (std::size_t i = 0; i < bulk.size(); ++i) {
    const double above = static_cast<double>(i) / count;
    const double model = 1.0 - law.cdf(bulk[i] / scale);
    worst = std::max({worst, std::abs(model - above), std::abs(model - above - 1.0 / count)});
  }
  return worst;
}

/// Deviation of σ² from its truth: that of the median eigenvalue over the law's median.
double variance_error(const MarchenkoPasturLaw& law, std::size_t count) {
  const double size = static_cast<double>(count);
  const MarchenkoPasturLaw unit{law.ratio, 1.0};
  const double median = unit.quantile(0.5);
  // The constant beside ln(M) is the one that real Wishart matrices show; see the test.
  const double rank_deviation = std::sqrt(std::log(size) + 2.0) / kPi;
  return law.variance * rank_deviation / (size * unit.density(median) * median);
}

}  // namespace

double MarchenkoPasturLaw::lower_edge() const noexcept {
  return variance * (1.0 - std::sqrt(ratio)) * (1.0 - std::sqrt(ratio));
}

double MarchenkoPasturLaw::upper_edge() const noexcept {
  return variance * (1.0 + std::sqrt(ratio)) * (1.0 + std::sqrt(ratio));
}

double MarchenkoPasturLaw::density(double x) const noexcept {
  const double low = lower_edge();
  const double high = upper_edge();
  if (!(x > low) || !(x < high)) return 0.0;
  return std::sqrt((high - x) * (x - low)) / (2.0 * kPi * ratio * variance * x);
}

double MarchenkoPasturLaw::cdf(double x) const noexcept {
  const double low = lower_edge();
  const double high = upper_edge();
  if (!(x > low)) return 0.0;
  if (x >= high) return 1.0;
  const double r = std::sqrt((high - x) / (x - low));
  double sum = kPi * ratio + std::sqrt((high - x) * (x - low)) / variance -
               (1.0 + ratio) * std::atan((r * r - 1.0) / (2.0 * r));
  if (ratio < 1.0) {
    sum += (1.0 - ratio) * std::atan((low * r * r - high) / (2.0 * variance * (1.0 - ratio) * r));
  }
  return std::clamp(sum / (2.0 * kPi * ratio), 0.0, 1.0);
}

double MarchenkoPasturLaw::quantile(double p) const noexcept {
  double low = lower_edge();
  double high = upper_edge();
  if (!(p > 0.0)) return low;
  if (p >= 1.0) return high;
  for (int i = 0; i < 200 && high - low > 1e-15 * high; ++i) {
    const double middle = 0.5 * (low + high);
    (cdf(middle) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

double largest_eigenvalue_quantile(std::size_t larger, std::size_t smaller, double level) {
  // Chiani's gamma distribution with the mean, variance and skewness of Tracy and Widom's F1.
  const double tracy_widom = math::gamma_quantile(level, 46.446, 0.186054) - 9.84801;
  const double n = std::sqrt(static_cast<double>(larger) - 1.0);
  const double m = std::sqrt(static_cast<double>(smaller));
  return (n + m) * (n + m) + tracy_widom * (n + m) * std::cbrt(1.0 / n + 1.0 / m);
}

MarchenkoPasturFit marchenko_pastur(const Spectrum& spectrum, const MarchenkoPasturConfig& config) {
  checked("marchenko_pastur", kMarchenkoPasturFields, config);
  const std::span<const double> all = spectrum.eigenvalues;
  if (all.size() < kLeastEigenvalues) {
    throw DataError(fmt::format("Marchenko-Pastur needs at least {} eigenvalues, got {}",
                                kLeastEigenvalues, all.size()));
  }
  if (!spectrum.finite()) throw DataError("Marchenko-Pastur: an eigenvalue is not finite");
  MarchenkoPasturFit fit;
  fit.ratio = static_cast<double>(spectrum.smaller()) / static_cast<double>(spectrum.larger());
  MarchenkoPasturLaw law;
  double scale = 1.0;
  // Each round can only find more spikes: taking the greatest out lowers the median.
  for (std::size_t known = 0;; known = fit.spikes) {
    const std::size_t larger = spectrum.larger() - known;
    const std::size_t smaller = spectrum.smaller() - known;
    scale = static_cast<double>(larger);
    law.ratio = static_cast<double>(smaller) / static_cast<double>(larger);
    const double median = median_of_descending(all.subspan(known));
    law.variance = median / scale / MarchenkoPasturLaw{law.ratio, 1.0}.quantile(0.5);
    fit.threshold = law.variance * largest_eigenvalue_quantile(larger, smaller, config.level);
    const auto above =
        std::ranges::find_if(all, [&](double value) { return value <= fit.threshold; });
    fit.spikes = static_cast<std::size_t>(above - all.begin());
    if (fit.spikes <= known || fit.spikes > all.size() / 2) break;
  }
  const double total = std::accumulate(all.begin(), all.end(), 0.0);
  const double in_spikes =
      std::accumulate(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(fit.spikes), 0.0);
  fit.spike_share = total > 0.0 ? in_spikes / total : 0.0;
  fit.variance = {law.variance, std::nullopt};
  if (!(law.variance > 0.0)) {
    fit.distance = std::numeric_limits<double>::quiet_NaN();
    return fit;
  }
  fit.variance.standard_error = variance_error(law, all.size() - fit.spikes);
  fit.lower_edge = law.lower_edge() * scale;
  fit.upper_edge = law.upper_edge() * scale;
  const std::span<const double> bulk = all.subspan(fit.spikes);
  fit.distance = bulk.empty() ? 1.0 : distance(bulk, scale, law);
  return fit;
}

void to_json(Json& json, const MarchenkoPasturFit& fit) {
  json = Json{{"ratio", number_or_null(fit.ratio)},
              {"variance", fit.variance},
              {"lower_edge", number_or_null(fit.lower_edge)},
              {"upper_edge", number_or_null(fit.upper_edge)},
              {"threshold", number_or_null(fit.threshold)},
              {"spikes", fit.spikes},
              {"spike_share", number_or_null(fit.spike_share)},
              {"distance", number_or_null(fit.distance)}};
}

}  // namespace emdyn::probe
