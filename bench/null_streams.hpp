#pragma once
#include <cstdint>
#include <span>
#include <string_view>

namespace emdyn::bench {

/// Streams in which nothing happens: every alarm on them is false. Deviation 1 unless said
/// otherwise.
enum class Null {
  gaussian,   ///< Independent, normal.
  student_t,  ///< Independent, Student's t with 5 degrees of freedom.
  poisson,    ///< Independent counts with mean 4.
  quantised,  ///< Independent, normal, rounded to half a deviation.
  ar1,        ///< x = 0.5 x + noise.
  seasonal,   ///< Sine of period 24 and amplitude 3, and normal noise.
  pattern,    ///< A daily shape with two peaks and a step, period 24, and normal noise.
  uniform,    ///< Independent, from 0 to 1: bounded on both sides.
  digits,     ///< Independent whole numbers from 0 to 9: as bounded, and few.
  rare_10,    ///< Independent zeros and ones, one in ten is a one.
  rare_50,    ///< The same, one in fifty.
  rare_200,   ///< The same, one in two hundred.
};

inline constexpr Null kNulls[]{Null::gaussian, Null::student_t, Null::poisson, Null::quantised,
                               Null::ar1,      Null::seasonal,  Null::pattern, Null::uniform,
                               Null::digits,   Null::rare_10,   Null::rare_50, Null::rare_200};

std::string_view word(Null null) noexcept;
/// Independent samples: the band of a calibrated p-value is narrower there.
bool independent(Null null) noexcept;

/// Stream `number` of a null; the same for every machine and number of threads.
void fill(Null null, std::uint64_t number, std::span<double> samples) noexcept;

/// A level one independent sample in four or so exceeds: makes a stream of errors of it.
double error_level(Null null) noexcept;

}  // namespace emdyn::bench
