#include "null_streams.hpp"

#include <array>
#include <cmath>
#include <iterator>
#include <numbers>

#include "emdyn/core/philox.hpp"

namespace emdyn::bench {
namespace {

constexpr std::uint64_t kSeed = 20260;
constexpr std::size_t kPeriod = 24;
constexpr std::array<double, kPeriod> kPattern{0.0, -0.4, -0.7, -0.9, -0.8, 0.2, 2.6, 4.0,
                                               3.1, 2.2,  1.7,  1.6,  1.9,  1.6, 1.5, 1.8,
                                               2.4, 3.6,  4.4,  3.0,  3.0,  3.0, 1.2, 0.5};

double student_t5(Philox& random) noexcept {
  double squares = 0.0;
  const double z = random.normal();
  for (int i = 0; i < 5; ++i) {
    const double x = random.normal();
    squares += x * x;
  }
  return z / std::sqrt(squares / 5.0);
}

double poisson4(Philox& random) noexcept {
  static const double limit = std::exp(-4.0);
  double product = random.uniform();
  double count = 0.0;
  for (; product > limit; product *= random.uniform()) count += 1.0;
  return count;
}

}  // namespace

std::string_view word(Null null) noexcept {
  constexpr std::array<std::string_view, std::size(kNulls)> kWords{
      "gaussian", "student_t5", "poisson", "quantised", "ar1",     "seasonal",
      "pattern",  "uniform",    "digits",  "rare_10",   "rare_50", "rare_200"};
  return kWords[static_cast<std::size_t>(null)];
}

bool independent(Null null) noexcept { return null < Null::ar1 || null > Null::pattern; }

void fill(Null null, std::uint64_t number, std::span<double> samples) noexcept {
  Philox random(kSeed + static_cast<std::uint64_t>(null), number);
  double last = random.normal() / std::sqrt(0.75);
  for (std::size_t t = 0; t < samples.size(); ++t) {
    double& x = samples[t];
    switch (null) {
      case Null::gaussian:
        x = random.normal();
        break;
      case Null::student_t:
        x = student_t5(random);
        break;
      case Null::poisson:
        x = poisson4(random);
        break;
      case Null::quantised:
        x = std::round(2.0 * random.normal()) / 2.0;
        break;
      case Null::ar1:
        last = x = 0.5 * last + random.normal();
        break;
      case Null::seasonal:
        x = 3.0 * std::sin(2.0 * std::numbers::pi * static_cast<double>(t % kPeriod) / 24.0) +
            random.normal();
        break;
      case Null::pattern:
        x = kPattern[t % kPeriod] + random.normal();
        break;
      case Null::uniform:
        x = random.uniform();
        break;
      case Null::digits:
        x = static_cast<double>(random.below(10));
        break;
      case Null::rare_10:
        x = random.below(10) == 0 ? 1.0 : 0.0;
        break;
      case Null::rare_50:
        x = random.below(50) == 0 ? 1.0 : 0.0;
        break;
      case Null::rare_200:
        x = random.below(200) == 0 ? 1.0 : 0.0;
        break;
    }
  }
}

double error_level(Null null) noexcept {
  if (null == Null::poisson) return 5.5;
  return null == Null::digits ? 7.5 : 0.74;
}

}  // namespace emdyn::bench
