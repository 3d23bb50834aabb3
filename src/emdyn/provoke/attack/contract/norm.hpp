#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace emdyn::provoke::attack {

/// How the size of a change is measured: values changed, their sum, root of squares, or maximum.
enum class Norm : std::uint8_t { l0, l1, l2, linf };

std::string_view word(Norm norm) noexcept;
/// @throws ConfigError for a word that names no norm.
Norm norm_from_word(std::string_view word);

/// ‖a − b‖ in double precision. @pre equal lengths.
double distance(Norm norm, std::span<const float> a, std::span<const float> b) noexcept;

/// The norm that measures slopes: of l1 it is linf, of l2 l2, of linf l1 (of l0 linf, by way of
/// l1).
double dual_norm(Norm norm, std::span<const float> slope) noexcept;

/// The values an input may take.
struct Box {
  float low = 0.0F;
  float high = 1.0F;
  bool operator==(const Box&) const = default;
};

/// Moves `x` to the nearest point (in l2; l0: the largest changes are kept) that lies in the box
/// and within `epsilon` of `origin`; afterwards distance(norm, origin, x) <= epsilon exactly.
/// l1: Croce & Hein, "Mind the box: l1-APGD for sparse adversarial attacks on image classifiers",
/// ICML 2021, and alike in l2. O(size) but for a few rounds. @pre origin lies in the box.
void project(Norm norm, std::span<const float> origin, double epsilon, const Box& box,
             std::span<float> x);

/// The shortest move (in `norm`: l1, l2 or linf) from `x` within the box to the hyperplane
/// <normal, z> = <normal, x> + gap, exactly: Croce & Hein, "Minimally distorted adversarial
/// examples with a fast adaptive boundary attack", ICML 2020, section 2. When the box holds no such
/// point: to the corner that comes nearest. @return the length of the move in `norm`.
double move_to_hyperplane(Norm norm, std::span<const float> x, std::span<const float> normal,
                          double gap, const Box& box, std::span<float> move);

/// The direction of steepest ascent of a slope with length 1 in `norm`: signs for linf, the slope
/// scaled for l2, its `sparse` largest values' signs over their count for l1.
void steepest(Norm norm, std::span<const float> slope, std::size_t sparse,
              std::span<float> direction);

/// Moves `x`, the origin, to the row of ball and box that raises <slope, x> most: signs for linf;
/// for l1 the steepest values one after the other, each as far as the box lets it; for l2 the
/// slope, scaled, then projected. @pre x equals origin.
void steepest_row(Norm norm, std::span<const float> origin, std::span<const float> slope,
                  double epsilon, const Box& box, std::span<float> x);

/// How far <slope, z> can rise from x over all z of ball and box (the Frank-Wolfe gap: Jaggi,
/// "Revisiting Frank-Wolfe", ICML 2013). Exact for linf, a bound from above else.
double largest_rise(Norm norm, std::span<const float> origin, double epsilon, const Box& box,
                    std::span<const float> x, std::span<const float> slope) noexcept;

/// <slope, to - from> in double precision.
double rise(std::span<const float> slope, std::span<const float> from,
            std::span<const float> to) noexcept;

}  // namespace emdyn::provoke::attack
