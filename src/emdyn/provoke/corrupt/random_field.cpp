#include "emdyn/provoke/corrupt/random_field.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "emdyn/core/simd.hpp"

namespace emdyn::provoke::corrupt {
namespace {

constexpr std::size_t kLanes = 64;

/// Philox4x32-10 (core/philox.hpp) for kLanes consecutive counters at once: word k of counter
/// `first + lane` goes to out[k][lane].
void philox_lanes(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key,
                  std::uint32_t (*out)[kLanes]) noexcept {
  run_widest([&]() EMDYN_INLINE_BODY {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      std::uint32_t c0 = counter[0] + static_cast<std::uint32_t>(lane);
      std::uint32_t c1 = counter[1];
      std::uint32_t c2 = counter[2];
      std::uint32_t c3 = counter[3];
      std::uint32_t k0 = key[0];
      std::uint32_t k1 = key[1];
#pragma GCC unroll 10
      for (int round = 0; round < 10; ++round) {
        const std::uint64_t a = std::uint64_t{0xD2511F53} * c0;
        const std::uint64_t b = std::uint64_t{0xCD9E8D57} * c2;
        c0 = static_cast<std::uint32_t>(b >> 32) ^ c1 ^ k0;
        c1 = static_cast<std::uint32_t>(b);
        c2 = static_cast<std::uint32_t>(a >> 32) ^ c3 ^ k1;
        c3 = static_cast<std::uint32_t>(a);
        k0 += 0x9E3779B9;
        k1 += 0xBB67AE85;
      }
      out[0][lane] = c0;
      out[1][lane] = c1;
      out[2][lane] = c2;
      out[3][lane] = c3;
    }
  });
}

/// The middle 85 %: a rational polynomial without a logarithm.
EMDYN_INLINE_BODY inline double central_normal(double q) noexcept {
  const double r = 0.180625 - q * q;
  return q *
         (((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) *
                  r +
              45921.953931549871457) *
                 r +
             13731.693765509461125) *
                r +
            1971.5909503065514427) *
               r +
           133.14166789178437745) *
              r +
          3.387132872796366608) /
         (((((((5226.495278852854561 * r + 28729.085735721942674) * r + 39307.89580009271061) * r +
              21213.794301586595867) *
                 r +
             5394.1960214247511077) *
                r +
            687.1870074920579083) *
               r +
           42.313330701600911252) *
              r +
          1.0);
}

double tail_normal(double q, double p) noexcept {
  double r = std::sqrt(-std::log(q < 0.0 ? p : 1.0 - p)) - 1.6;
  const double z = (((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r +
                         0.24178072517745061177) *
                            r +
                        1.27045825245236838258) *
                           r +
                       3.64784832476320460504) *
                          r +
                      5.7694972214606914055) *
                         r +
                     4.6303378461565452959) *
                        r +
                    1.42343711074968357734) /
                   (((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r +
                         0.0151986665636164571966) *
                            r +
                        0.14810397642748007459) *
                           r +
                       0.68976733498510000455) *
                          r +
                      1.6763848301838038494) *
                         r +
                     2.05319162663775882187) *
                        r +
                    1.0);
  return q < 0.0 ? -z : z;
}

EMDYN_INLINE_BODY inline double unit(std::uint32_t word) noexcept {
  return (static_cast<double>(word) + 0.5) * 0x1.0p-32;
}

void central_normals(const std::uint32_t* words, float* out, std::size_t count) noexcept {
  run_widest([&]() EMDYN_INLINE_BODY {
    for (std::size_t i = 0; i < count; ++i) {
      out[i] = static_cast<float>(central_normal(unit(words[i]) - 0.5));
    }
  });
}

}  // namespace

double normal_from_uniform(double p) noexcept {
  const double q = p - 0.5;
  return std::abs(q) <= 0.425 ? central_normal(q) : tail_normal(q, p);
}

void RandomField::words(std::size_t row, std::span<std::uint32_t> out) const noexcept {
  std::uint32_t found[4][kLanes];
  for (std::size_t done = 0; done < out.size(); done += 4 * kLanes) {
    philox_lanes(
        {static_cast<std::uint32_t>(done / 4), static_cast<std::uint32_t>(row) | purpose_ << 24,
         static_cast<std::uint32_t>(image_), static_cast<std::uint32_t>(image_ >> 32)},
        {static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)}, found);
    const std::size_t count = std::min(4 * kLanes, out.size() - done);
    std::copy_n(&found[0][0], count, out.begin() + static_cast<std::ptrdiff_t>(done));
  }
}

void RandomField::uniforms(std::size_t row, std::span<float> out) const {
  std::vector<std::uint32_t> bits(out.size());
  words(row, bits);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<float>(bits[i] >> 8) * 0x1.0p-24F;
  }
}

void RandomField::normals(std::size_t row, std::span<float> out) const {
  std::vector<std::uint32_t> bits(out.size());
  words(row, bits);
  central_normals(bits.data(), out.data(), out.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double q = unit(bits[i]) - 0.5;
    if (std::abs(q) > 0.425) out[i] = static_cast<float>(tail_normal(q, unit(bits[i])));
  }
}

Philox RandomField::stream(std::size_t row) const noexcept {
  // Images and rows share the 64 bits of a stream's number: mixed, not packed.
  std::uint64_t mixed = image_ * 0x9E3779B97F4A7C15ULL + (std::uint64_t{purpose_} << 56) + row;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
  return Philox(seed_, mixed ^ (mixed >> 31));
}

double poisson(Philox& random, double mean) noexcept {
  if (mean < 10.0) {
    double left = random.uniform();
    double probability = std::exp(-mean);
    double count = 0.0;
    while (left >= probability && count < 100.0) {
      left -= probability;
      count += 1.0;
      probability *= mean / count;
    }
    return count;
  }
  const double b = 0.931 + 2.53 * std::sqrt(mean);
  const double a = -0.059 + 0.02483 * b;
  const double log_mean = std::log(mean);
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  const double v_most = 0.9277 - 3.6224 / (b - 2.0);
  for (;;) {
    const double u = random.uniform() - 0.5;
    const double v = random.uniform();
    const double us = 0.5 - std::abs(u);
    const double k = std::floor((2.0 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= v_most) return k;
    if (k < 0.0 || (us < 0.013 && v > us)) continue;
    if (std::log(v * inverse_alpha / (a / (us * us) + b)) <=
        k * log_mean - mean - std::lgamma(k + 1.0)) {
      return k;
    }
  }
}

}  // namespace emdyn::provoke::corrupt
