#include "emdyn/emergence/information/resample.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/core/parallel.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::emergence::information {

double upper_p_value(double observed, std::span<const double> surrogates) {
  const auto above = std::count_if(surrogates.begin(), surrogates.end(),
                                   [&](double value) { return value >= observed; });
  return (1.0 + static_cast<double>(above)) / (1.0 + static_cast<double>(surrogates.size()));
}

series::Interval jackknife_interval(double estimate, std::span<const double> left_out,
                                    double level) {
  if (left_out.size() < 2) return {-HUGE_VAL, estimate, HUGE_VAL, level};
  const auto blocks = static_cast<double>(left_out.size());
  double mean = 0.0;
  for (const double value : left_out) mean += value / blocks;
  double squares = 0.0;
  for (const double value : left_out) squares += (value - mean) * (value - mean);
  const double error = std::sqrt(squares * (blocks - 1.0) / blocks);
  const double reach = error * math::student_t_isf(0.5 * (1.0 - level), blocks - 1.0);
  return {estimate - reach, estimate, estimate + reach, level};
}

std::vector<double> leave_blocks_out(
    std::size_t rows, std::size_t blocks,
    const std::function<double(std::size_t, std::size_t)>& estimate) {
  const std::size_t count = std::min(blocks, rows);
  std::vector<double> values(count);
  parallel_for(count, [&](std::size_t b) {
    values[b] = estimate(b * rows / count, (b + 1) * rows / count);
  });
  return values;
}

std::size_t random_turn(std::size_t rows, Philox& random) {
  if (rows < 2) return 0;
  const std::size_t margin = std::max<std::size_t>(1, rows / 20);
  const std::size_t places = rows > 2 * margin ? rows - 2 * margin + 1 : 1;
  return margin + random.below(static_cast<std::uint32_t>(places));
}

}  // namespace emdyn::emergence::information
