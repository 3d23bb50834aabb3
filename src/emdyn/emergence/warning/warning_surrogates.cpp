#include "emdyn/emergence/warning/warning_surrogates.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

#include "emdyn/core/parallel.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/math/autoregression.hpp"
#include "emdyn/math/fft.hpp"
#include "emdyn/math/moments.hpp"

namespace emdyn::emergence {
namespace {

constexpr std::uint64_t kSurrogateStream = 0x40000000ULL;

/// What disjoint windows leave after detrending, the last window ending with the series.
std::vector<double> disjoint_residuals(const WindowIndicators& window,
                                       std::span<const double> values) {
  const std::size_t length = window.length();
  const std::size_t windows = values.size() / length;
  std::vector<double> all, part;
  all.reserve(windows * length);
  for (std::size_t w = 0; w < windows; ++w) {
    window.detrend(values.subspan(values.size() - (windows - w) * length, length), part);
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

/// Made as long as the series by going round.
std::vector<double> lengthened(std::vector<double> series, std::size_t length) {
  const std::size_t own = series.size();
  series.resize(length);
  for (std::size_t i = own; i < length; ++i) series[i] = series[i - own];
  return series;
}

std::vector<double> in_blocks_of(std::span<const double> series, std::size_t length,
                                 Philox& random) {
  const auto own = static_cast<std::uint32_t>(series.size());
  const auto block =
      std::max<std::size_t>(1, static_cast<std::size_t>(2.0 * std::cbrt(static_cast<double>(own))));
  std::vector<double> out;
  while (out.size() < length) {
    const std::size_t first = random.below(own);
    for (std::size_t i = 0; i < block && out.size() < length; ++i)
      out.push_back(series[(first + i) % own]);
  }
  return out;
}

}  // namespace

std::vector<double> with_phases(std::span<const double> series, std::span<const double> phases) {
  auto spectrum = math::real_fft(series);
  // The mean, and the last coefficient of an even length, are real and stay so.
  const std::size_t turned = (series.size() + 1) / 2;
  for (std::size_t k = 1; k < turned; ++k) spectrum[k] *= std::polar(1.0, phases[k]);
  return math::inverse_real_fft(spectrum, series.size());
}

std::vector<std::vector<double>> stationary_surrogates(SurrogateKind kind,
                                                       const WindowIndicators& window,
                                                       std::span<const double> values,
                                                       std::size_t count, std::uint64_t seed) {
  const std::vector<double> noise = disjoint_residuals(window, values);
  double square = 0.0, largest = 0.0;
  for (const double each : noise) square += each * each / static_cast<double>(noise.size());
  for (const double each : values) largest = std::max(largest, std::fabs(each));
  if (!(square > 1e-28 * largest * largest)) return {};  // Rounding has no law.
  const math::Autoregression law =
      math::select_autoregression(noise, std::clamp<std::size_t>(noise.size() / 20, 1, 6));
  if (!(law.innovation_sd > 0.0)) return {};
  const math::BlockInnovations source(law.innovations(noise), law.innovation_sd, 1);
  std::vector<std::vector<double>> all(count);
  parallel_for(count, [&](std::size_t i) {
    Philox random(seed, kSurrogateStream + i);
    switch (kind) {
      case SurrogateKind::autoregression:
        all[i] = law.simulate(values.size(), source.stream(random));
        break;
      case SurrogateKind::phase: {
        std::vector<double> phases(noise.size() / 2 + 1);
        for (double& phase : phases) phase = 2.0 * std::numbers::pi * random.uniform();
        all[i] = lengthened(with_phases(noise, phases), values.size());
        break;
      }
      case SurrogateKind::block:
        all[i] = in_blocks_of(noise, values.size(), random);
        break;
    }
  });
  return all;
}

double far_trend_tail(std::span<const double> surrogate_taus, double tau) {
  const auto transform = [](double t) { return std::atanh(std::clamp(t, -0.999, 0.999)); };
  math::Moments moments;
  for (const double each : surrogate_taus) moments.add(transform(each));
  const double spread =
      moments.stddev() * (1.0 + 1.0 / std::sqrt(2.0 * static_cast<double>(surrogate_taus.size())));
  if (!(spread > 0.0)) return 1.0;
  const double distance = std::fabs(transform(tau) - moments.mean());
  return std::max(std::erfc(distance / (spread * std::numbers::sqrt2)), 1e-6);
}

double trend_p_value(std::span<const double> surrogate_taus, double tau) {
  std::size_t beyond = 0;
  for (const double each : surrogate_taus) beyond += std::fabs(each) >= std::fabs(tau);
  const double p = static_cast<double>(beyond + 1) / static_cast<double>(surrogate_taus.size() + 1);
  return beyond > 0 ? p : std::min(p, far_trend_tail(surrogate_taus, tau));
}

}  // namespace emdyn::emergence
