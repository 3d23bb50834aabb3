
#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstdlib>
#include <string>

// jpeglib.h needs size_t and FILE to be there.
// clang-format off
#include <stddef.h>
#include <stdio.h>
#include <jpeglib.h>
// clang-format on

#include "emdyn/core/error.hpp"
#include "emdyn/provoke/corrupt/image_corruptions.hpp"

namespace emdyn::provoke::corrupt {
namespace {

/// libjpeg reports errors by a call that must not return; ours jumps back, and only there throws.
struct ErrorExit {
  jpeg_error_mgr manager;
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX];
};

void leave(j_common_ptr codec) {
  auto* exit = reinterpret_cast<ErrorExit*>(codec->err);
  codec->err->format_message(codec, exit->message);
  std::longjmp(exit->back, 1);
}

void be_silent(j_common_ptr) {}

jpeg_error_mgr* prepare(ErrorExit& exit) {
  jpeg_std_error(&exit.manager);
  exit.manager.error_exit = leave;
  exit.manager.output_message = be_silent;
  return &exit.manager;
}

/// Interleaved 8-bit pixels. Plain pointers: nothing with a destructor lives across setjmp.
struct Pixels {
  unsigned char* data;
  unsigned width, height, channels;
};

/// False when libjpeg gave up; `compressed` is to be freed either way.
bool compress(const Pixels& pixels, int quality, unsigned char** compressed, unsigned long* size,
              ErrorExit& exit) {
  jpeg_compress_struct codec;
  codec.err = prepare(exit);
  if (setjmp(exit.back) != 0) {
    jpeg_destroy_compress(&codec);
    return false;
  }
  jpeg_create_compress(&codec);
  jpeg_mem_dest(&codec, compressed, size);
  codec.image_width = pixels.width;
  codec.image_height = pixels.height;
  codec.input_components = static_cast<int>(pixels.channels);
  codec.in_color_space = pixels.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&codec);
  jpeg_set_quality(&codec, quality, TRUE);
  jpeg_start_compress(&codec, TRUE);
  while (codec.next_scanline < codec.image_height) {
    JSAMPROW row = pixels.data + std::size_t{codec.next_scanline} * pixels.width * pixels.channels;
    jpeg_write_scanlines(&codec, &row, 1);
  }
  jpeg_finish_compress(&codec);
  jpeg_destroy_compress(&codec);
  return true;
}

bool decompress(const unsigned char* compressed, unsigned long size, const Pixels& pixels,
                ErrorExit& exit) {
  jpeg_decompress_struct codec;
  codec.err = prepare(exit);
  if (setjmp(exit.back) != 0) {
    jpeg_destroy_decompress(&codec);
    return false;
  }
  jpeg_create_decompress(&codec);
  jpeg_mem_src(&codec, compressed, size);
  jpeg_read_header(&codec, TRUE);
  jpeg_start_decompress(&codec);
  while (codec.output_scanline < codec.output_height) {
    JSAMPROW row =
        pixels.data + std::size_t{codec.output_scanline} * pixels.width * pixels.channels;
    jpeg_read_scanlines(&codec, &row, 1);
  }
  jpeg_finish_decompress(&codec);
  jpeg_destroy_decompress(&codec);
  return true;
}

}  // namespace

void jpeg_round_trip(const Image& image, int quality) {
  const std::size_t channels = image.shape.channels;
  std::vector<unsigned char> bytes(image.shape.size());
  for (std::size_t c = 0; c < channels; ++c) {
    const auto values = image.channel(c);
    for (std::size_t i = 0; i < values.size(); ++i) {
      bytes[i * channels + c] =
          static_cast<unsigned char>(std::lround(std::clamp(values[i], 0.0F, 1.0F) * 255.0F));
    }
  }
  const Pixels pixels{bytes.data(), static_cast<unsigned>(image.shape.width),
                      static_cast<unsigned>(image.shape.height), static_cast<unsigned>(channels)};
  ErrorExit exit;
  unsigned char* compressed = nullptr;
  unsigned long size = 0;
  const bool good = compress(pixels, quality, &compressed, &size, exit) &&
                    decompress(compressed, size, pixels, exit);
  std::free(compressed);
  if (!good) {
    throw DataError("jpeg_compression: libjpeg refused the image: " + std::string(exit.message));
  }
  for (std::size_t c = 0; c < channels; ++c) {
    const auto values = image.channel(c);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(bytes[i * channels + c]) / 255.0F;
    }
  }
}

void jpeg_compression(const Image& image, const Job& job) {
  constexpr int kImageNet[] = {25, 18, 15, 10, 7};
  constexpr int kSmall[] = {80, 65, 58, 50, 40};
  jpeg_round_trip(image, job.pick(kImageNet, kSmall));
}

}  // namespace emdyn::provoke::corrupt
