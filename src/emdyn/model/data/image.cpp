#include "emdyn/model/data/image.hpp"

#include <fmt/format.h>
#include <png.h>

#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
// It needs the two before it.
#include <jpeglib.h>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::model::data {
namespace {

constexpr std::int64_t kMostPixelsASide = 16384;
constexpr std::int64_t kMostPixels = std::int64_t{4096} * 4096;
/// No deflate stream unpacks to more than so many times its size.
constexpr std::int64_t kMostUnpacked = 1032;

bool is_png(std::string_view bytes) { return bytes.starts_with("\x89PNG"); }
bool is_jpeg(std::string_view bytes) { return bytes.starts_with("\xff\xd8\xff"); }

void check_size(const ImageInfo& info, std::string_view what) {
  if (info.width < 1 || info.height < 1 || info.width > kMostPixelsASide ||
      info.height > kMostPixelsASide || info.width * info.height > kMostPixels)
    throw DataError(fmt::format(
        "{}: {} by {} pixels are too many (at most {} a side and {} in all); scale it down", what,
        info.width, info.height, kMostPixelsASide, kMostPixels));
}

/// Bits of a pixel by the header of a PNG (its bit depth and colour type).
std::int64_t png_bits(std::string_view bytes) {
  constexpr std::size_t kDepthAt = 24;
  constexpr std::array<std::int64_t, 7> kSamples{1, 1, 3, 1, 2, 1, 4};
  if (bytes.size() < kDepthAt + 2) return 1;
  const auto depth = static_cast<unsigned char>(bytes[kDepthAt]);
  const auto type = static_cast<unsigned char>(bytes[kDepthAt + 1]);
  return std::int64_t{depth} * (type < kSamples.size() ? kSamples[type] : 1);
}

/// A header may promise what the file cannot hold: memory is not taken for a promise.
void check_promise(std::string_view bytes, const ImageInfo& info, std::string_view what) {
  const std::int64_t promised = info.width * info.height * png_bits(bytes) / 8;
  if (promised / kMostUnpacked > static_cast<std::int64_t>(bytes.size()))
    throw DataError(
        fmt::format("{}: {} bytes cannot hold the {} by {} pixels of its header; is it whole?",
                    what, bytes.size(), info.width, info.height));
}

/// libpng's simplified reader; frees what it holds.
class Png {
 public:
  Png(std::string_view bytes, std::string_view what) : what_(what) {
    image_.version = PNG_IMAGE_VERSION;
    if (png_image_begin_read_from_memory(&image_, bytes.data(), bytes.size()) == 0) fail();
    // Without it libpng takes 16-bit values without gAMA for linear light and makes them brighter.
    image_.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  }
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;
  ~Png() { png_image_free(&image_); }

  ImageInfo info() const {
    return {image_.height, image_.width, (image_.format & PNG_FORMAT_FLAG_COLOR) != 0 ? 3 : 1};
  }

  /// @param pixels zeros: what transparent parts show.
  void read(std::int64_t channels, std::vector<unsigned char>& pixels) {
    image_.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
    if (png_image_finish_read(&image_, nullptr, pixels.data(), 0, nullptr) == 0) fail();
    if ((image_.warning_or_error & 3U) != 0) fail();
  }

 private:
  [[noreturn]] void fail() const {
    throw DataError(
        fmt::format("{}: PNG cannot be read: {}", what_, terminal_safe(image_.message)));
  }

  std::string_view what_;
  png_image image_{};
};

/// libjpeg leaves by longjmp: between setjmp and the calls below nothing has a destructor.
struct JpegErrors {
  jpeg_error_mgr manager;
  std::jmp_buf leave;
};

void leave_jpeg(j_common_ptr common) {
  // `manager` is the first member.
  std::longjmp(reinterpret_cast<JpegErrors*>(common->err)->leave, 1);
}
void say_nothing(j_common_ptr) {}

/// @param pixels where the picture goes, or null for its header alone. @return whether it is whole.
bool read_jpeg(std::string_view bytes, std::int64_t channels, unsigned char* pixels,
               ImageInfo& info) {
  jpeg_decompress_struct jpeg;
  JpegErrors errors;
  jpeg.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = leave_jpeg;
  errors.manager.output_message = say_nothing;
  if (setjmp(errors.leave) != 0) {
    jpeg_destroy_decompress(&jpeg);
    return false;
  }
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  (void)jpeg_read_header(&jpeg, TRUE);
  info = {static_cast<std::int64_t>(jpeg.image_height), static_cast<std::int64_t>(jpeg.image_width),
          jpeg.num_components == 1 ? 1 : 3};
  bool whole = true;
  if (pixels != nullptr) {
    jpeg.out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    (void)jpeg_start_decompress(&jpeg);
    while (jpeg.output_scanline < jpeg.output_height) {
      JSAMPROW row = pixels + std::size_t{jpeg.output_scanline} * jpeg.output_width *
                                  static_cast<std::size_t>(channels);
      (void)jpeg_read_scanlines(&jpeg, &row, 1);
    }
    // A file that ends early, or holds garbage, is a warning to libjpeg.
    whole = errors.manager.num_warnings == 0;
    (void)jpeg_finish_decompress(&jpeg);
  }
  jpeg_destroy_decompress(&jpeg);
  return whole;
}

ImageInfo jpeg_info(std::string_view bytes, std::string_view what) {
  ImageInfo info;
  if (!read_jpeg(bytes, 0, nullptr, info))
    throw DataError(fmt::format("{}: JPEG header cannot be read", what));
  return info;
}

}  // namespace

ImageInfo image_info(std::string_view bytes, std::string_view what) {
  if (!is_png(bytes) && !is_jpeg(bytes))
    throw DataError(fmt::format("{}: is neither PNG nor JPEG", what));
  const ImageInfo info = is_png(bytes) ? Png(bytes, what).info() : jpeg_info(bytes, what);
  check_size(info, what);
  if (is_png(bytes)) check_promise(bytes, info, what);
  return info;
}

std::vector<float> read_image(std::string_view bytes, std::int64_t channels,
                              std::string_view what) {
  const ImageInfo info = image_info(bytes, what);
  std::vector<float> values(static_cast<std::size_t>(info.height * info.width * channels));
  read_image(bytes, channels, what, values);
  return values;
}

void read_image(std::string_view bytes, std::int64_t channels, std::string_view what,
                std::span<float> values) {
  ImageInfo info = image_info(bytes, what);
  if (values.size() != static_cast<std::size_t>(info.height * info.width * channels))
    throw DataError(fmt::format("{}: changed meanwhile", what));
  const auto area = static_cast<std::size_t>(info.height * info.width);
  const auto depth = static_cast<std::size_t>(channels);
  std::vector<unsigned char> pixels(area * depth, 0);
  if (is_png(bytes)) {
    Png(bytes, what).read(channels, pixels);
  } else if (!read_jpeg(bytes, channels, pixels.data(), info)) {
    throw DataError(fmt::format("{}: JPEG is damaged, truncated or of a kind not read", what));
  }
  for (std::size_t i = 0; i < area; ++i) {
    for (std::size_t c = 0; c < depth; ++c)
      values[c * area + i] = static_cast<float>(pixels[i * depth + c]) / 255.0F;
  }
}

}  // namespace emdyn::model::data
