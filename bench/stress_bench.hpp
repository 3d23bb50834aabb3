#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "rows.hpp"

namespace emdyn::bench {

inline constexpr std::array<std::string_view, 5> kStressParts{"active_set", "radii", "deep_fool",
                                                              "oracles", "certificates"};

struct StressBenchOptions {
  /// A network and its labelled examples; none: a convolutional network trained here on noisy
  /// patterns.
  std::filesystem::path model{};
  std::filesystem::path architecture{};
  std::filesystem::path data{};
  std::int64_t points = 512;        ///< That PGD and curves attack.
  std::int64_t looped_points = 64;  ///< That DeepFool attacks one by one.
  double epsilon = 0.3;             ///< In linf; the published setting of PGD-40.
  std::vector<std::string> only{};  ///< Some of kStressParts; none: all.
};

/// What the attacks' driver saves, each figure beside the same work done without it:
/// - PGD-40 with points leaving the batch once found, beside all of them to the end: gradients and
///   time, and the points broken by each;
/// - eight radii in one run of PGD-40 and of APGD, beside eight runs, the mean of them, and one run
///   at one radius that goes to the end for every point, as attacks usually do: cost in forward
///   passes (a gradient counts three), time, and the points broken;
/// - DeepFool on chunks, beside a loop over images with the full Jacobian of each step: points per
///   second;
/// - minimum-norm attacks beside exact distances: oracle_bench.hpp;
/// - AutoAttack on the first 50 points with certificates first, beside without: gradients, and the
///   points broken; what the certificates cost: certify_bench.hpp.
/// @throws ConfigError for a part that does not exist.
std::vector<Row> stress_bench(const StressBenchOptions& options);

}  // namespace emdyn::bench
