#pragma once
#include <cstdint>

#include "emdyn/provoke/corrupt/image.hpp"
#include "emdyn/provoke/corrupt/random_field.hpp"

/// The functions behind the registry: each alters an image in place; the registry checks what comes
/// in and clips what goes out to [0, 1].
namespace emdyn::provoke::corrupt {

/// Which published constants: those of ImageNet-C (224 × 224 and larger) or those its authors use
/// for small images (CIFAR-10-C, 32 × 32; also fit for digits).
enum class ConstantSet { image_net, small };

struct Job {
  std::size_t severity = 1;  ///< 1 … 5
  ConstantSet constants = ConstantSet::image_net;
  std::uint64_t seed = 0;
  std::uint64_t image = 0;

  /// The constant of this severity, of the set in use.
  template <class T>
  const T& pick(const T (&image_net)[5], const T (&small)[5]) const noexcept {
    return (constants == ConstantSet::image_net ? image_net : small)[severity - 1];
  }
  template <class T>
  const T& pick(const T (&both)[5]) const noexcept {
    return both[severity - 1];
  }
  RandomField field(std::uint32_t purpose) const noexcept { return {seed, image, purpose}; }
};

// noise.cpp
void gaussian_noise(const Image& image, const Job& job);
void impulse_noise(const Image& image, const Job& job);
void shot_noise(const Image& image, const Job& job);
void speckle_noise(const Image& image, const Job& job);
// blur.cpp
void defocus_blur(const Image& image, const Job& job);
void gaussian_blur_image(const Image& image, const Job& job);
void glass_blur(const Image& image, const Job& job);
void motion_blur(const Image& image, const Job& job);
void zoom_blur(const Image& image, const Job& job);
// weather.cpp, spatter.cpp
void fog(const Image& image, const Job& job);
void frost(const Image& image, const Job& job);
void snow(const Image& image, const Job& job);
void spatter(const Image& image, const Job& job);
// digital.cpp, jpeg.cpp
void brightness(const Image& image, const Job& job);
void contrast(const Image& image, const Job& job);
void elastic_transform(const Image& image, const Job& job);
void jpeg_compression(const Image& image, const Job& job);
void pixelate(const Image& image, const Job& job);
void saturate(const Image& image, const Job& job);
// geometry.cpp
void dotted_line(const Image& image, const Job& job);
void rotate(const Image& image, const Job& job);
void scale(const Image& image, const Job& job);
void shear(const Image& image, const Job& job);
void stripe(const Image& image, const Job& job);
void translate(const Image& image, const Job& job);
void zigzag(const Image& image, const Job& job);

/// Weights of red, green and blue in a grey value (ITU-R BT.601); a grey image is its own.
Plane luminance(const Image& image);

/// One JPEG round trip of an image quantised to 8 bits, chroma halved as libjpeg does by default.
/// @param quality in 1 … 100.
void jpeg_round_trip(const Image& image, int quality);

/// Fractal cloud of side `side` (a power of two), in [0, 1]: diamond-square on a torus, the random
/// part divided by `decay` at every halving (the generator of ImageNet-C's fog).
Plane plasma(std::size_t side, double decay, const RandomField& random);

}  // namespace emdyn::provoke::corrupt
