#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/detector.hpp"

/// Streams the tests of this folder share.
namespace emdyn::detect::test {

/// u = (s >> 11) * 2^-53 of s <- s * 6364136223846793005 + 1442695040888963407 mod 2^64, s = 42.
inline std::vector<double> lcg_uniform(std::size_t count) {
  std::uint64_t state = 42;
  std::vector<double> values(count);
  for (double& value : values) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    value = static_cast<double>(state >> 11) * 0x1p-53;
  }
  return values;
}

/// The known-answer stream Z: u for the first 1000, then u + 0.5; 2000 points.
inline std::vector<double> stream_z() {
  std::vector<double> values = lcg_uniform(2000);
  for (std::size_t i = 1000; i < values.size(); ++i) values[i] += 0.5;
  return values;
}

inline double poisson(Philox& random, double rate) {
  const double limit = std::exp(-rate);
  double product = random.uniform();
  double count = 0.0;
  while (product > limit) {
    product *= random.uniform();
    count += 1.0;
  }
  return count;
}

/// 4096 samples in the domain, with a large change at 2048; `sign` mirrors it where that makes
/// sense.
inline std::vector<double> shifted(Domain domain, std::uint64_t seed, double sign = 1.0) {
  Philox random(seed);
  std::vector<double> stream(4096);
  for (std::size_t i = 0; i < stream.size(); ++i) {
    const bool late = (i >= 2048) == (sign > 0);
    switch (domain) {
      case Domain::real:
        stream[i] = sign * (random.normal() + (i < 2048 ? 0.0 : 3.0));
        break;
      case Domain::unit_interval:
        stream[i] = std::min(std::max(0.3 + 0.1 * random.normal() + (late ? 0.4 : 0.0), 0.0), 1.0);
        break;
      case Domain::binary:
        stream[i] = random.uniform() < (late ? 0.6 : 0.1) ? 1.0 : 0.0;
        break;
      case Domain::count:
        stream[i] = poisson(random, late ? 9.0 : 2.0);
        break;
    }
  }
  return stream;
}

/// 4096 samples of a rhythm whose beats run backwards from 2048 on: the same values in a shape
/// never seen, for detectors that compare shapes (a step in white noise is none).
inline std::vector<double> broken_rhythm(std::uint64_t seed, double sign = 1.0) {
  Philox random(seed);
  std::vector<double> stream(4096);
  for (std::size_t i = 0; i < stream.size(); ++i) {
    const double along = static_cast<double>(i % 40) / 40.0;
    stream[i] = sign * ((i < 2048 ? along : 1.0 - along) + 0.05 * random.normal());
  }
  return stream;
}

/// 4096 samples of noise that stand still from 2048 on.
inline std::vector<double> standing(std::uint64_t seed, double sign = 1.0) {
  Philox random(seed);
  std::vector<double> stream(4096);
  for (std::size_t i = 0; i < stream.size(); ++i)
    stream[i] = i < 2048 ? sign * random.normal() : stream[2047];
  return stream;
}

/// 4096 samples that climb until 2048 and then stand, with noise.
inline std::vector<double> levelling(std::uint64_t seed, double sign = 1.0) {
  Philox random(seed);
  std::vector<double> stream(4096);
  for (std::size_t i = 0; i < stream.size(); ++i)
    stream[i] =
        sign * (0.01 * static_cast<double>(std::min<std::size_t>(i, 2048)) + random.normal());
  return stream;
}

/// 4096 samples of a constant that takes another value at 2048.
inline std::vector<double> stepping(double sign = 1.0) {
  std::vector<double> stream(4096);
  for (std::size_t i = 0; i < stream.size(); ++i) stream[i] = sign * (i < 2048 ? 0.1 : 0.01);
  return stream;
}

/// 4096 norms with the noise of one: from 2048 on they grow by a hundredth a sample. `sign` -1: they start a thousand
/// times as large.
inline std::vector<double> growing(std::uint64_t seed, double sign = 1.0) {
  Philox random(seed);
  std::vector<double> stream(4096);
  for (std::size_t i = 0; i < stream.size(); ++i) {
    const double grown = 0.01 * (i < 2048 ? 0.0 : static_cast<double>(i - 2048));
    stream[i] = (sign > 0.0 ? 1.0 : 1000.0) * std::exp(0.2 * random.normal() + grown);
  }
  return stream;
}

}  // namespace emdyn::detect::test
