#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace emdyn::model::data {

/// What the header of a picture says.
struct ImageInfo {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;  ///< 1 grey, 3 colours; transparency is none of them.
  bool operator==(const ImageInfo&) const = default;
};

/// Reads the header of a PNG or JPEG file, told by its first bytes.
/// @throws DataError naming `what` for anything else, more than 16,384 pixels a side or 16,777,216 (4096 by 4096) in
/// all, or a PNG of fewer bytes than its pixels can be packed into.
ImageInfo image_info(std::string_view bytes, std::string_view what);

/// Pixels as [channel, height, width] in [0, 1], grey or in three colours as asked. Transparent
/// parts are black; 16 bits become 8.
/// @param channels 1 or 3. @throws DataError as above, or when the picture is damaged or truncated.
std::vector<float> read_image(std::string_view bytes, std::int64_t channels, std::string_view what);
/// The same into memory that is there already: `values` is as large as the picture. Takes a byte a value beside it.
void read_image(std::string_view bytes, std::int64_t channels, std::string_view what,
                std::span<float> values);

}  // namespace emdyn::model::data
