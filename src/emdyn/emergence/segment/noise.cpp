#include "emdyn/emergence/segment/noise.hpp"

namespace emdyn::emergence::segment {

double null_variance(std::span<const double> values, bool line) {
  const LineFit fit = fit_line(values);
  return (line ? fit.around_line : fit.around_mean) / static_cast<double>(values.size());
}

double difference_variance(std::span<const double> values) {
  if (values.size() < 2) return 0.0;
  std::vector<double> steps(values.size() - 1);
  double square = 0.0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    steps[i] = std::abs(values[i + 1] - values[i]);
    square += steps[i] * steps[i] / static_cast<double>(steps.size());
  }
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  constexpr double kNormalMedian = 0.6744897501960817;  // Of |z|.
  const double deviation = *middle / kNormalMedian;
  return 0.5 * (*middle > 0.0 ? deviation * deviation : square);
}

double residual_autocorrelation(std::span<const double> values, bool line,
                                const std::vector<std::size_t>& changes) {
  double products = 0.0;
  double squares = 0.0;
  std::size_t first = 0;
  for (std::size_t i = 0; i <= changes.size(); ++i) {
    const std::size_t last = i < changes.size() ? changes[i] : values.size();
    const LineFit fit = fit_line(values.subspan(first, last - first));
    const double mean = fit.mean;
    const double slope = line && last - first > 2 ? fit.slope : 0.0;
    const double centre = 0.5 * static_cast<double>(first + last - 1);
    double before = 0.0;
    for (std::size_t t = first; t < last; ++t) {
      const double residual = values[t] - mean - slope * (static_cast<double>(t) - centre);
      squares += residual * residual;
      if (t > first) products += residual * before;
      before = residual;
    }
    first = last;
  }
  if (squares <= 0.0) return 0.0;
  const double n = static_cast<double>(values.size());
  const double raw = products / squares;
  const double bias = (1.0 + 4.0 * raw) * static_cast<double>(changes.size() + 1) / n;
  return std::clamp(raw + std::max(0.0, bias), 0.0, 0.99);
}

}  // namespace emdyn::emergence::segment
