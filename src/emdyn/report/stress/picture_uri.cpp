#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include "emdyn/report/stress/evidence_page.hpp"

namespace emdyn::report {
namespace {

using provoke::trial::Picture;

constexpr std::size_t kLargestSide = 512;

void put_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xFFU);
}

void chunk(std::string& out, std::string_view type, const std::string& data) {
  put_u32(out, static_cast<std::uint32_t>(data.size()));
  std::string body(type);
  body += data;
  out += body;
  put_u32(out, static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(body.data()),
                                                static_cast<uInt>(body.size()))));
}

char level(float value) noexcept {
  const float inside = std::isnan(value) ? 0.0F : std::fmin(std::fmax(value, 0.0F), 1.0F);
  return static_cast<char>(static_cast<unsigned char>(std::lround(inside * 255.0F)));
}

/// Scanlines without filter: each begins with a zero.
std::string scanlines(const Picture& picture) {
  std::string rows;
  const std::size_t plane = picture.height * picture.width;
  for (std::size_t y = 0; y < picture.height; ++y) {
    rows += '\0';
    for (std::size_t x = 0; x < picture.width; ++x) {
      for (std::size_t c = 0; c < picture.channels; ++c)
        rows += level(picture.values[c * plane + y * picture.width + x]);
    }
  }
  return rows;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t given = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = (group << 8U) | (j < given ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    // One byte makes two digits, two make three; "=" fills up to four.
    for (std::size_t j = 0; j < 4; ++j)
      text += j <= given ? kDigits[(group >> (18U - 6U * j)) & 63U] : '=';
  }
  return text;
}

}  // namespace

std::string picture_uri(const Picture& picture) {
  if (picture.height == 0 || picture.width == 0 || picture.height > kLargestSide ||
      picture.width > kLargestSide || (picture.channels != 1 && picture.channels != 3) ||
      picture.values.size() != picture.channels * picture.height * picture.width) {
    return {};
  }
  std::string png = "\x89PNG\r\n\x1a\n";
  std::string header;
  put_u32(header, static_cast<std::uint32_t>(picture.width));
  put_u32(header, static_cast<std::uint32_t>(picture.height));
  header += '\x08';                                 // bits a sample
  header += picture.channels == 1 ? '\0' : '\x02';  // grey or RGB
  header += std::string(3, '\0');
  chunk(png, "IHDR", header);
  const std::string rows = scanlines(picture);
  uLongf size = compressBound(static_cast<uLong>(rows.size()));
  std::string packed(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                reinterpret_cast<const Bytef*>(rows.data()), static_cast<uLong>(rows.size()),
                9) != Z_OK) {
    return {};
  }
  packed.resize(size);
  chunk(png, "IDAT", packed);
  chunk(png, "IEND", {});
  return "data:image/png;base64," + base64(png);
}

}  // namespace emdyn::report
