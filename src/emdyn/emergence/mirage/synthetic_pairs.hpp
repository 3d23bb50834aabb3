#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "emdyn/emergence/mirage/mirage.hpp"

/// Pairs of metrics whose truth is known by construction, for tests and benchmarks of the mirage
/// test.
namespace emdyn::emergence::mirage {

/// How a pair is made. The truth is `artefact` where the probability per token is a smooth function
/// of the axis, `real` where it jumps, rises within a sixth of the range, or bends.
enum class PairKind {
  power_of_smooth,  ///< Exact match of L tokens, p smooth. Artefact.
  threshold,  ///< Items succeed where a smooth ability passes their difficulty; difficulties lie
              ///< close. Artefact.
  multiple_choice,  ///< The best of four options, their scores moved smoothly. Artefact.
  few_items,        ///< power_of_smooth graded on 10 to 40 items. Artefact.
  jump,             ///< p jumps. Real.
  sharp_rise,       ///< p rises over 2 to 15 % of the range. Real.
  kink,             ///< p is flat, then bends upwards. Real.
  jump_few_items,   ///< jump graded on 10 to 40 items. Real.
};
inline constexpr std::size_t kPairKinds = 8;
std::string_view word(PairKind kind) noexcept;

struct SyntheticPair {
  PairKind kind = PairKind::power_of_smooth;
  MirageVerdict truth = MirageVerdict::artefact;
  MetricSeries graded{};
  MetricSeries continuous{};
  double items = 0.0;
  double chance = 0.0;
  double tokens = 1.0;
  std::string noise{};  ///< "2 % white", "5 % AR .8, growing" …
};

/// The pair with this number: kind = number mod 8; 6 to 120 positions, evenly or logarithmically
/// spaced; the continuous metric one of probability, log-likelihood, loss, perplexity, Brier score,
/// token error, with noise of 0.5 to 10 % of its range, white or AR(1), of constant size, growing,
/// or shrinking. Equal (seed, number) give equal pairs.
SyntheticPair synthetic_pair(std::uint64_t seed, std::uint64_t number);

}  // namespace emdyn::emergence::mirage
