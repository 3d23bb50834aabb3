#pragma once
#include <cstddef>
#include <vector>

#include "emdyn/provoke/corrupt/image.hpp"

/// Filters of planes. Rows run in parallel; each output is one sum in a fixed order.
namespace emdyn::provoke::corrupt {

/// What lies beyond the border.
enum class Border {
  nearest,   ///< a a | a b c | c c
  reflect,   ///< b a | a b c | c b
  mirrored,  ///< c b | a b c | b a (the border pixel once)
};

/// Index in [0, size) that stands for `at`.
std::size_t border_index(std::ptrdiff_t at, std::size_t size, Border border) noexcept;

/// Weights of a Gaussian over −radius … radius with radius = ⌊truncate·σ + ½⌋, adding up to 1.
std::vector<double> gaussian_weights(double sigma, double truncate = 4.0);

/// Separable Gaussian blur; σ so small that the radius is 0 changes nothing. From σ = 16 on, four
/// running means of equal variance stand for the Gaussian (Wells, "Efficient synthesis of Gaussian
/// filters by cascaded uniform filters", PAMI 1986): the cost no longer grows with σ.
void gaussian_blur(Plane& plane, double sigma, Border border = Border::nearest,
                   double truncate = 4.0);

/// A small kernel [height, width], odd both.
struct Kernel {
  std::size_t height = 1;
  std::size_t width = 1;
  std::vector<float> weights;
};

/// out(y, x) = Σ kernel(i, j)·plane(y + i − height/2, x + j − width/2). Zero weights cost nothing.
Plane correlate(const Plane& plane, const Kernel& kernel, Border border);

/// A disk of the radius, its rim softened by a Gaussian of deviation `alias_blur`; adds up to 1.
Kernel disk_kernel(double radius, double alias_blur);

/// One step of a straight line and its weight.
struct LineTap {
  std::ptrdiff_t dy = 0;
  std::ptrdiff_t dx = 0;
  double weight = 0.0;
};

/// One-sided Gaussian along a line of 2·radius + 1 pixels at `angle` degrees; adds up to 1.
std::vector<LineTap> motion_line(std::size_t radius, double sigma, double angle_degrees);

/// Σ weight·plane(y + dy, x + dx), the border repeated.
Plane blur_along(const Plane& plane, const std::vector<LineTap>& line);

/// The middle 1/zoom of the plane, stretched to its size; bilinear, about the centre.
Plane centre_zoom(const Plane& plane, double zoom);

/// plane(y, x) = value at (source_y, source_x)(y, x) of `from`, bilinear.
Plane sample(const Plane& from, const Plane& source_y, const Plane& source_x, Border border);

}  // namespace emdyn::provoke::corrupt
