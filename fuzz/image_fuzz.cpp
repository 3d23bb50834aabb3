#include "emdyn/core/error.hpp"
#include "emdyn/model/data/image.hpp"
#include "fuzz.hpp"

namespace {

std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  return bytes;
}

}  // namespace

/// A grey PNG of 2 × 2 pixels and the beginning of a JPEG.
std::vector<std::string> emdyn::fuzz::seeds() {
  return {
      from_hex("89504e470d0a1a0a0000000d4948445200000002000000020800000000"
               "57dd52f80000000e4944415478da6360600000000400012783a0b80000000049454e44ae426082"),
      from_hex("ffd8ffe000104a46494600010100000100010000ffdb004300030202020202030202020303030304"
               "060404040404080606050609080a0a090809090a0c0f0c0a0b0e0b09090d110d0e0f101011100a"
               "0c12131210130f101010ffc0000b080001000101011100ffd9")};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = emdyn::fuzz::view_of(data, size);
  try {
    const auto info = emdyn::model::data::image_info(bytes, "fuzz");
    if (info.width * info.height > 1 << 20) return 0;
    for (const std::int64_t channels : {1, 3})
      (void)emdyn::model::data::read_image(bytes, channels, "fuzz");
  } catch (const emdyn::DataError&) {
  }
  return 0;
}
