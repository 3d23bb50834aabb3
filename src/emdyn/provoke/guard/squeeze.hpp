#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace emdyn::provoke::guard {

/// Values rounded to 2^bits levels between `low` and `high`. @pre 1 <= bits <= 8, low < high.
std::vector<float> reduce_depth(std::span<const float> values, int bits, float low, float high);

/// Each value of [plane, height, width] replaced by the median of the `size` × `size` window that
/// ends at it (towards the top left for even sizes), edges mirrored. @pre 1 <= size <= 7.
std::vector<float> median_filter(std::span<const float> values, std::size_t height,
                                 std::size_t width, std::size_t size);

/// Feature squeezing: what an attack adds is often undone by rounding or smoothing, what a natural
/// image shows is not, so a prediction that moves when the input is squeezed is suspect. The score
/// of an input is the largest L1 distance, over the squeezers, between the softmax outputs before
/// and after: in [0, 2], above the threshold it is flagged. A tripwire: an attacker who knows it
/// keeps the outputs together (He et al., "Adversarial Example Defense: Ensembles of Weak Defenses
/// are not Strong", WOOT 2017). Source: Xu, Evans, Qi, "Feature Squeezing", NDSS 2018.
/// @param plain, squeezed logits [example, class] row-major, of the same size.
std::vector<double> squeezed_distance(std::span<const float> plain, std::span<const float> squeezed,
                                      std::size_t classes);

}  // namespace emdyn::provoke::guard
