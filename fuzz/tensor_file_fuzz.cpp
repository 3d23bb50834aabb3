#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "emdyn/core/error.hpp"
#include "emdyn/model/files/safetensors.hpp"
#include "emdyn/model/files/tensor_file.hpp"
#include "fuzz.hpp"

std::vector<std::string> emdyn::fuzz::seeds() {
  return {model::safetensors_bytes({.tensors = {{"a.weight", {2, 2}, {1, 2, 3, 4}},
                                                {"a.bias", {2}, {5, 6}},
                                                {"scalar", {}, {7}}}}),
          R"({"metadata":{"total_size":8},"weight_map":{"a":"x.safetensors","b":"y.safetensors"}})",
          R"({"weight_map":{"a":"../x.safetensors"}})"};
}

/// As a checkpoint and as an index: read, or refused in words.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::filesystem::path folder = [] {
    auto path = std::filesystem::temp_directory_path() /
                ("emdyn-tensor-file-fuzz-" + std::to_string(::getpid()));
    std::filesystem::create_directories(path);
    return path;
  }();
  for (const char* name : {"x.safetensors", "x.safetensors.index.json"}) {
    std::ofstream(folder / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    try {
      const emdyn::model::TensorFile file(folder / name);
      for (const auto& tensor : file.tensors()) {
        if (tensor.place.type != nullptr) static_cast<void>(file.read(tensor));
      }
    } catch (const emdyn::DataError&) {
    }
  }
  return 0;
}
