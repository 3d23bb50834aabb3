#include "emdyn/provoke/corrupt/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::provoke::corrupt {
namespace {

constexpr std::string_view kHendrycks = "Hendrycks, Dietterich, arXiv 1903.12261";
constexpr std::string_view kMu = "Mu, Gilmer, arXiv 1906.02337 (severities ours)";
constexpr std::size_t kLeastSide = 8;
constexpr std::size_t kMostSide = 65'500;  // Of a JPEG file.

// The only list of corruptions. Add yours here, in alphabetical order.
// clang-format off
constexpr std::array kEntries{
    Entry{"brightness", "value raised, hue kept", kHendrycks, Group::digital, true, false, true, &brightness},
    Entry{"contrast", "pixels drawn towards the mean of their channel", kHendrycks, Group::digital, true, false, true, &contrast},
    Entry{"defocus_blur", "disk blur", kHendrycks, Group::blur, true, false, true, &defocus_blur},
    Entry{"dotted_line", "a light dotted line across", kMu, Group::geometry, false, true, true, &dotted_line},
    Entry{"elastic_transform", "smooth random displacement and an affine map", kHendrycks, Group::digital, true, true, false, &elastic_transform},
    Entry{"fog", "fractal mist", kHendrycks, Group::weather, true, true, false, &fog},
    Entry{"frost", "ice crystals (a procedural texture in place of photographs)", kHendrycks, Group::weather, true, true, false, &frost},
    Entry{"gaussian_blur", "Gaussian blur", kHendrycks, Group::blur, true, false, true, &gaussian_blur_image},
    Entry{"gaussian_noise", "normal noise", kHendrycks, Group::noise, true, true, true, &gaussian_noise},
    Entry{"glass_blur", "pixels swapped with near ones, blurred before and after", kHendrycks, Group::blur, true, true, false, &glass_blur},
    Entry{"impulse_noise", "black and white pixels", kHendrycks, Group::noise, true, true, true, &impulse_noise},
    Entry{"jpeg_compression", "a JPEG round trip", kHendrycks, Group::digital, true, false, true, &jpeg_compression},
    Entry{"motion_blur", "blur along a line", kHendrycks, Group::blur, true, true, true, &motion_blur},
    Entry{"pixelate", "box mean to fewer pixels and back", kHendrycks, Group::digital, true, false, false, &pixelate},
    Entry{"rotate", "turned about the centre", kMu, Group::geometry, false, true, true, &rotate},
    Entry{"saturate", "saturation scaled; grey images stay", kHendrycks, Group::digital, true, false, false, &saturate, true},
    Entry{"scale", "shrunk about the centre", kMu, Group::geometry, false, false, true, &scale},
    Entry{"shear", "rows shifted against each other", kMu, Group::geometry, false, true, true, &shear},
    Entry{"shot_noise", "Poisson noise of few photons", kHendrycks, Group::noise, true, true, true, &shot_noise},
    Entry{"snow", "flakes with motion, and whitening", kHendrycks, Group::weather, true, true, false, &snow},
    Entry{"spatter", "drops of water or mud", kHendrycks, Group::weather, true, true, false, &spatter},
    Entry{"speckle_noise", "normal noise in proportion to the pixel", kHendrycks, Group::noise, true, true, true, &speckle_noise},
    Entry{"stripe", "upright bands inverted", kMu, Group::geometry, false, true, true, &stripe},
    Entry{"translate", "shifted by whole pixels", kMu, Group::geometry, false, true, true, &translate},
    Entry{"zigzag", "a light zigzag line across", kMu, Group::geometry, false, true, true, &zigzag},
    Entry{"zoom_blur", "mean of zooms about the centre", kHendrycks, Group::blur, true, false, true, &zoom_blur},
};
// clang-format on

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

std::span<const Entry> entries() noexcept { return kEntries; }

const Entry& find_entry(std::string_view name) {
  std::array<std::string_view, kEntries.size()> known;
  for (std::size_t i = 0; i < kEntries.size(); ++i) {
    if (kEntries[i].name == name) return kEntries[i];
    known[i] = kEntries[i].name;
  }
  const auto near = nearest_word(name, known);
  throw ConfigError(fmt::format("unknown corruption \"{}\"{}; known: {}", terminal_safe(name),
                                near ? fmt::format(" (did you mean {}?)", *near) : std::string(),
                                fmt::join(known, ", ")));
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
  const Entry& entry = find_entry(name);
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
