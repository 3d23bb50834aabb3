#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace emdyn::model {

/// How the values of a tensor lie in a file.
struct TensorType {
  enum class Kind { floating, integer };
  std::string_view name;  ///< As safetensors spells it.
  std::size_t size;       ///< Bytes a value.
  Kind kind;
  /// `count` values from their bytes, which need no alignment. Values that float32 cannot hold are
  /// rounded; F64 beyond its range becomes infinite.
  void (*read)(const char* bytes, std::size_t count, float* values);
};

/// F64, F32, F16, BF16, integers and booleans; null for any other name.
const TensorType* tensor_type(std::string_view name) noexcept;

/// Where a tensor lies, checked against the length of the file.
struct TensorPlace {
  std::string name{};
  std::string type_name{};
  const TensorType* type = nullptr;  ///< Null for a type that is not read.
  std::vector<std::int64_t> shape{};
  std::uint64_t count = 1;  ///< Values; 0 when an extent is 0.
  std::uint64_t begin = 0;  ///< First byte, counted from the end of the header.
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::map<std::string, std::string> metadata{};
  std::vector<TensorPlace> tensors{};  ///< In the order of their bytes.
};

inline constexpr std::uint64_t kLargestHeader = std::uint64_t{16} << 20;

/// The length of the JSON header from the first 8 bytes of a file.
/// @throws DataError naming `what` when it is above kLargestHeader or reaches past the file.
std::uint64_t header_length(std::string_view first_bytes, std::uint64_t file_bytes,
                            std::string_view what);

/// Reads a header that may be hostile: types, shapes and places are checked before anything is
/// allocated for them, and tensors must fill the body without overlap or gap, as the format
/// demands.
/// @param body_bytes behind the header. @throws DataError naming `what`, the tensor and the fault.
SafetensorsHeader parse_header(std::string_view text, std::uint64_t body_bytes,
                               std::string_view what);

}  // namespace emdyn::model
