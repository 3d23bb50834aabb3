#include "emdyn/provoke/corrupt/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"

namespace emdyn::provoke::corrupt {
namespace {

constexpr std::string_view kHendrycks = "Hendrycks, Dietterich, arXiv 1903.12261";
constexpr std::string_view kMu = "Mu, Gilmer, arXiv 1906.02337 (severities ours)";
constexpr std::string_view kPixels = "O(pixels)";
constexpr std::string_view kSeparable = "O(pixels radius)";
constexpr std::string_view kDisk = "O(pixels radius^2)";
constexpr std::string_view kLine = "O(pixels length)";
constexpr std::size_t kLeastSide = 8;
constexpr std::size_t kMostSide = 65'500;  // Of a JPEG file.

// The only list of corruptions. Add yours here, in alphabetical order.
// clang-format off
constexpr std::array kEntries{
    CorruptionEntry{{"brightness", "value raised, hue kept", kHendrycks, kPixels}, Group::digital, true, false, true, false, &brightness},
    CorruptionEntry{{"contrast", "pixels drawn towards the mean of their channel", kHendrycks, kPixels}, Group::digital, true, false, true, false, &contrast},
    CorruptionEntry{{"defocus_blur", "disk blur", kHendrycks, kDisk}, Group::blur, true, false, true, false, &defocus_blur},
    CorruptionEntry{{"dotted_line", "a light dotted line across", kMu, kPixels}, Group::geometry, false, true, true, false, &dotted_line},
    CorruptionEntry{{"elastic_transform", "smooth random displacement and an affine map", kHendrycks, kSeparable}, Group::digital, true, true, false, false, &elastic_transform},
    CorruptionEntry{{"fog", "fractal mist", kHendrycks, kPixels}, Group::weather, true, true, false, false, &fog},
    CorruptionEntry{{"frost", "ice crystals (a procedural texture in place of photographs)", kHendrycks, kLine}, Group::weather, true, true, false, false, &frost},
    CorruptionEntry{{"gaussian_blur", "Gaussian blur", kHendrycks, kSeparable}, Group::blur, true, false, true, false, &gaussian_blur_image},
    CorruptionEntry{{"gaussian_noise", "normal noise", kHendrycks, kPixels}, Group::noise, true, true, true, false, &gaussian_noise},
    CorruptionEntry{{"glass_blur", "pixels swapped with near ones, blurred before and after", kHendrycks, kSeparable}, Group::blur, true, true, false, false, &glass_blur},
    CorruptionEntry{{"impulse_noise", "black and white pixels", kHendrycks, kPixels}, Group::noise, true, true, true, false, &impulse_noise},
    CorruptionEntry{{"jpeg_compression", "a JPEG round trip", kHendrycks, kPixels}, Group::digital, true, false, true, false, &jpeg_compression},
    CorruptionEntry{{"motion_blur", "blur along a line", kHendrycks, kLine}, Group::blur, true, true, true, false, &motion_blur},
    CorruptionEntry{{"pixelate", "box mean to fewer pixels and back", kHendrycks, kPixels}, Group::digital, true, false, false, false, &pixelate},
    CorruptionEntry{{"rotate", "turned about the centre", kMu, kPixels}, Group::geometry, false, true, true, false, &rotate},
    CorruptionEntry{{"saturate", "saturation scaled; grey images stay", kHendrycks, kPixels}, Group::digital, true, false, false, true, &saturate},
    CorruptionEntry{{"scale", "shrunk about the centre", kMu, kPixels}, Group::geometry, false, false, true, false, &scale},
    CorruptionEntry{{"shear", "rows shifted against each other", kMu, kPixels}, Group::geometry, false, true, true, false, &shear},
    CorruptionEntry{{"shot_noise", "Poisson noise of few photons", kHendrycks, kPixels}, Group::noise, true, true, true, false, &shot_noise},
    CorruptionEntry{{"snow", "flakes with motion, and whitening", kHendrycks, kLine}, Group::weather, true, true, false, false, &snow},
    CorruptionEntry{{"spatter", "drops of water or mud", kHendrycks, kSeparable}, Group::weather, true, true, false, false, &spatter},
    CorruptionEntry{{"speckle_noise", "normal noise in proportion to the pixel", kHendrycks, kPixels}, Group::noise, true, true, true, false, &speckle_noise},
    CorruptionEntry{{"stripe", "upright bands inverted", kMu, kPixels}, Group::geometry, false, true, true, false, &stripe},
    CorruptionEntry{{"translate", "shifted by whole pixels", kMu, kPixels}, Group::geometry, false, true, true, false, &translate},
    CorruptionEntry{{"zigzag", "a light zigzag line across", kMu, kPixels}, Group::geometry, false, true, true, false, &zigzag},
    CorruptionEntry{{"zoom_blur", "mean of zooms about the centre", kHendrycks, "O(pixels zooms)"}, Group::blur, true, false, true, false, &zoom_blur},
};
// clang-format on

constexpr Registry<CorruptionEntry> kRegistry{
    {.what = "corruption", .several = "corruptions of images"}, kEntries};

void check_shape(const ImageShape& shape) {
  if (shape.channels != 1 && shape.channels != 3) {
    throw ConfigError(
        fmt::format("images need 1 channel (grey) or 3 (colour), got {}", shape.channels));
  }
  const auto fits = [](std::size_t side) { return side >= kLeastSide && side <= kMostSide; };
  if (!fits(shape.height) || !fits(shape.width)) {
    throw ConfigError(fmt::format("images must be {} to {} pixels either way, got {} x {}",
                                  kLeastSide, kMostSide, shape.height, shape.width));
  }
}

/// Position of the first value that is NaN or outside [0, 1], or the size.
std::size_t first_bad(std::span<const float> values) {
  const auto bad = std::find_if_not(values.begin(), values.end(),
                                    [](float v) { return v >= 0.0F && v <= 1.0F; });
  return static_cast<std::size_t>(bad - values.begin());
}

}  // namespace

const Registry<CorruptionEntry>& registry() noexcept { return kRegistry; }

std::span<const CorruptionEntry> entries() noexcept { return kRegistry.entries(); }

const CorruptionEntry& find_entry(std::string_view name) { return kRegistry.find(name); }

std::vector<Fact> facts(const CorruptionEntry& entry) {
  return {{"group", word(entry.group)},
          {"image_net_c", entry.image_net_c},
          {"random", entry.random},
          {"graded", entry.graded},
          {"colour", entry.colour}};
}

std::string_view word(Group group) noexcept {
  constexpr std::array<std::string_view, 5> kWords{"noise", "blur", "weather", "digital",
                                                   "geometry"};
  return kWords[static_cast<std::size_t>(group)];
}

ConstantSet suggested_constants(const ImageShape& shape) noexcept {
  return std::min(shape.height, shape.width) < 64 ? ConstantSet::small : ConstantSet::image_net;
}

void corrupt(std::string_view name, const ImageShape& shape, std::span<const float> in,
             std::span<float> out, const CorruptOptions& options) {
  const CorruptionEntry& entry = find_entry(name);
  check_shape(shape);
  if (options.severity < 1 || options.severity > 5) {
    throw ConfigError(fmt::format("severity must lie in 1 to 5, got {}", options.severity));
  }
  if (in.size() != out.size() || in.size() % shape.size() != 0) {
    throw DataError(fmt::format("{} numbers in and {} out are no whole images of {}", in.size(),
                                out.size(), shape.size()));
  }
  if (const std::size_t bad = first_bad(in); bad < in.size()) {
    throw DataError(
        fmt::format("image {}: value {} at place {} must lie in [0, 1]; scale the images",
                    bad / shape.size(), in[bad], bad % shape.size()));
  }
  parallel_for(in.size() / shape.size(), [&](std::size_t i) {
    const std::span<float> values = out.subspan(i * shape.size(), shape.size());
    const auto source = in.subspan(i * shape.size(), shape.size());
    if (source.data() != values.data()) std::copy(source.begin(), source.end(), values.begin());
    entry.apply({shape, values},
                {options.severity, options.constants, options.seed, options.first_image + i});
    for (float& value : values) value = std::clamp(value, 0.0F, 1.0F);
  });
}

}  // namespace emdyn::provoke::corrupt
