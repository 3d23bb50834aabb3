#include "emdyn/model/files/safetensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "emdyn/core/error.hpp"
#include "emdyn/core/json.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/core/whole_file.hpp"
#include "emdyn/model/files/safetensors_header.hpp"

namespace emdyn::model {
namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{4} << 30;

}  // namespace

Safetensors parse_safetensors(std::string_view bytes, std::string_view what) {
  const std::uint64_t length = header_length(bytes, bytes.size(), what);
  const std::string_view body = bytes.substr(8 + length);
  SafetensorsHeader header = parse_header(bytes.substr(8, length), body.size(), what);
  Safetensors content;
  content.metadata = std::move(header.metadata);
  for (const TensorPlace& place : header.tensors) {
    const auto fail = [&](std::string_view fault) {
      throw DataError(fmt::format("{}: tensor {} {}", what, terminal_safe(place.name), fault));
    };
    if (place.type == nullptr)
      fail(fmt::format("is of type {}, not read", terminal_safe(place.type_name)));
    if (place.count == 0) fail("is empty");
    StoredTensor tensor{place.name, place.shape, std::vector<float>(place.count)};
    place.type->read(body.data() + place.begin, place.count, tensor.values.data());
    content.tensors.push_back(std::move(tensor));
  }
  std::ranges::sort(content.tensors, {}, &StoredTensor::name);
  return content;
}

Safetensors read_safetensors(const std::filesystem::path& path) {
  return parse_safetensors(read_whole_file(path, kLargestFile), terminal_safe(path.string()));
}

std::string safetensors_bytes(const Safetensors& content) {
  std::map<std::string, const StoredTensor*> by_name;
  for (const StoredTensor& tensor : content.tensors) {
    if (!by_name.emplace(tensor.name, &tensor).second || tensor.name == "__metadata__")
      throw DataError(fmt::format("safetensors: two tensors are called {}", tensor.name));
  }
  Json header = Json::object();
  if (!content.metadata.empty()) header["__metadata__"] = content.metadata;
  std::uint64_t at = 0;
  std::string body;
  for (const auto& [name, tensor] : by_name) {
    std::uint64_t count = 1;
    for (const std::int64_t extent : tensor->shape) count *= static_cast<std::uint64_t>(extent);
    if (count != tensor->values.size())
      throw DataError(fmt::format("safetensors: {} holds {} values, its shape takes {}", name,
                                  tensor->values.size(), count));
    const std::uint64_t size = count * sizeof(float);
    header[name] = {{"dtype", "F32"}, {"shape", tensor->shape}, {"data_offsets", {at, at + size}}};
    at += size;
    body.append(reinterpret_cast<const char*>(tensor->values.data()), size);
  }
  std::string text = json_text(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // Tensors begin at a multiple of 8.
  const std::uint64_t length = text.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + text + body;
}

void write_safetensors(const std::filesystem::path& path, const Safetensors& content) {
  replace_file(path, safetensors_bytes(content));
}

}  // namespace emdyn::model
