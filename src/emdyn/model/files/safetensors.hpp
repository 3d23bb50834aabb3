#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace emdyn::model {

/// One tensor of a safetensors file, its values as float32, row-major.
struct StoredTensor {
  std::string name{};
  std::vector<std::int64_t> shape{};
  std::vector<float> values{};
  bool operator==(const StoredTensor&) const = default;
};

/// The content of a safetensors file: 8 bytes of header length, a JSON header, the tensors' bytes.
struct Safetensors {
  std::map<std::string, std::string> metadata{};
  std::vector<StoredTensor> tensors{};  ///< By name.
  bool operator==(const Safetensors&) const = default;
};

/// Reads F64, F32, F16, BF16, integers and booleans. The bytes are not trusted: before anything is
/// allocated for a tensor its type, shape and place are checked, and tensors must fill the file
/// without overlap or gap, as the format demands.
/// @throws DataError naming `what`, the tensor and the fault.
Safetensors parse_safetensors(std::string_view bytes, std::string_view what);

/// @throws DataError as above, or for a file that cannot be read or is larger than 4 GiB.
Safetensors read_safetensors(const std::filesystem::path& path);

/// Equal contents give equal bytes: tensors by name, F32, little-endian.
/// @throws DataError for two tensors of one name or values that do not fill the shape.
std::string safetensors_bytes(const Safetensors& content);

/// Writes beside the target and renames: an interruption leaves the old file or the new one.
/// @throws DataError when it cannot be written.
void write_safetensors(const std::filesystem::path& path, const Safetensors& content);

}  // namespace emdyn::model
