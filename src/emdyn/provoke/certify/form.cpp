#include "emdyn/provoke/certify/form.hpp"

#include "emdyn/core/simd.hpp"

namespace emdyn::provoke::certify {

double dot(const double* a, const double* b, std::size_t count) noexcept {
  double lanes[8] = {};
  run_widest([&]() EMDYN_INLINE_BODY {
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8)
      for (std::size_t lane = 0; lane < 8; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
    for (std::size_t lane = 0; i < count; ++i, ++lane) lanes[lane] += a[i] * b[i];
  });
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
         ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

void axpy(double factor, const double* x, double* y, std::size_t count) noexcept {
  run_widest([&]() EMDYN_INLINE_BODY {
    for (std::size_t i = 0; i < count; ++i) y[i] += factor * x[i];
  });
}

void Form::compact(std::size_t width) {
  if (index.empty()) {
    value.clear();
    return;
  }
  const std::size_t used = index.back() + std::size_t{1};
  if (index.size() * 4 < used || used > width) return;
  std::vector<double> all(used, 0.0);
  for (std::size_t e = 0; e < index.size(); ++e) all[index[e]] = value[e];
  index.clear();
  value = std::move(all);
}

double Form::at(std::span<const double> v) const noexcept {
  if (dense()) return constant + dot(value.data(), v.data(), value.size());
  double sum = 0.0;
  for (std::size_t e = 0; e < index.size(); ++e) sum += value[e] * v[index[e]];
  return constant + sum;
}

void Form::add_to(std::span<double> into, double factor) const noexcept {
  if (dense()) return axpy(factor, value.data(), into.data(), value.size());
  for (std::size_t e = 0; e < index.size(); ++e) into[index[e]] += factor * value[e];
}

}  // namespace emdyn::provoke::certify
