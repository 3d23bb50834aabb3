#include <cstring>

#include "emdyn/core/error.hpp"
#include "emdyn/model/files/safetensors.hpp"
#include "fuzz.hpp"

std::vector<std::string> emdyn::fuzz::seeds() {
  const std::string header =
      R"({"__metadata__":{"a":"b"},"x":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}})";
  const std::uint64_t length = header.size();
  std::string half(8, '\0');
  std::memcpy(half.data(), &length, sizeof length);
  return {half + header + std::string("\x00\x3c\xff\x7f", 4),
          model::safetensors_bytes({.tensors = {{"a.weight", {2, 2}, {1, 2, 3, 4}},
                                                {"a.bias", {2}, {5, 6}},
                                                {"scalar", {}, {7}}}})};
}

/// What is read is written and read again as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto content = emdyn::model::parse_safetensors(emdyn::fuzz::view_of(data, size), "fuzz");
    const std::string bytes = emdyn::model::safetensors_bytes(content);
    const auto back = emdyn::model::parse_safetensors(bytes, "fuzz");
    if (emdyn::model::safetensors_bytes(back) != bytes) std::abort();
  } catch (const emdyn::DataError&) {
  }
  return 0;
}
