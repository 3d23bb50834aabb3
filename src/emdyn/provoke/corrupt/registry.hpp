#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/core/registry.hpp"
#include "emdyn/provoke/corrupt/image_corruptions.hpp"

/// Corruptions of images as plain numbers, without torch: the 19 of ImageNet-C (Hendrycks,
/// Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations",
/// ICLR 2019) with both published sets of constants, and seven geometric ones after MNIST-C.
namespace emdyn::provoke::corrupt {

enum class Group { noise, blur, weather, digital, geometry };

/// What this build knows about one corruption.
struct CorruptionEntry : EntryFacts {
  Group group;
  bool image_net_c;  ///< One of the 19 of ImageNet-C.
  bool random;       ///< Depends on the seed and the image's number.
  bool graded;       ///< No severity moves the image less far than the one before, on average.
  bool colour;       ///< Does nothing to a grey image.
  void (*apply)(const Image&, const Job&);
};

/// Every corruption this build knows, in alphabetical order.
const Registry<CorruptionEntry>& registry() noexcept;
std::span<const CorruptionEntry> entries() noexcept;
/// What an entry says beside the facts of every entry: group, image_net_c, random, graded, colour.
std::vector<Fact> facts(const CorruptionEntry& entry);

/// @throws ConfigError for an unknown name, offering the nearest.
const CorruptionEntry& find_entry(std::string_view name);

std::string_view word(Group group) noexcept;

struct CorruptOptions {
  std::size_t severity = 1;  ///< 1 … 5
  ConstantSet constants = ConstantSet::image_net;
  std::uint64_t seed = 0;
  std::uint64_t first_image = 0;  ///< Number of the first image; those that follow count up.
};

/// `small` for images below 64 pixels either way, `image_net` else.
ConstantSet suggested_constants(const ImageShape& shape) noexcept;

/// Corrupts images, each `shape.size()` numbers in [0, 1] after the other, from `in` to `out`
/// (which may be the same). The result depends on the options and each image's number only: not on
/// the number of threads, nor on the images beside it.
/// @throws ConfigError for a bad name, severity or shape; DataError for a length that is no whole
/// number of images, or a value that is NaN or outside [0, 1].
void corrupt(std::string_view name, const ImageShape& shape, std::span<const float> in,
             std::span<float> out, const CorruptOptions& options);

}  // namespace emdyn::provoke::corrupt
