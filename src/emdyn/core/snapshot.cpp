#include "emdyn/core/snapshot.hpp"

#include <fmt/format.h>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn {

std::uint64_t checksum(std::span<const std::byte> bytes) noexcept {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const std::byte byte : bytes) {
    hash = (hash ^ static_cast<std::uint64_t>(byte)) * 1099511628211ULL;
  }
  return hash;
}

namespace snapshot_detail {
namespace {

constexpr std::size_t kLongestText = 256;

std::string param_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return shortest(value.get<double>());
  return value.dump();
}

}  // namespace

void refuse(const SnapshotForm& form, std::string_view why) {
  throw DataError(
      fmt::format("snapshot of a {}: {}; {}", form.what, terminal_safe(why), form.mend));
}

void begin(StateWriter& archive, const SnapshotForm& form, std::string_view name) {
  archive(form.magic, form.version);
  archive.text(name);
}

void write_params(StateWriter& archive, const Json& config) {
  archive(static_cast<std::uint32_t>(config.size()));
  for (const auto& [name, value] : config.items()) {
    archive.text(name);
    archive.text(param_text(value));
  }
}

std::vector<std::byte> seal(StateWriter& archive) {
  archive(checksum(archive.bytes()));
  return archive.take();
}

StateReader open(const SnapshotForm& form, std::span<const std::byte> bytes) {
  std::uint64_t sum = 0;
  if (bytes.size() < sizeof sum) refuse(form, "too short");
  StateReader(bytes.last(sizeof sum))(sum);
  bytes = bytes.first(bytes.size() - sizeof sum);
  std::uint64_t magic = 0;
  std::uint32_t version = 0;
  StateReader archive(bytes);
  archive(magic, version);
  if (!archive.ok() || magic != form.magic) refuse(form, "not a snapshot");
  if (version != form.version)
    refuse(form, fmt::format("version {} is not {}", version, form.version));
  if (checksum(bytes) != sum) refuse(form, "damaged");
  return archive;
}

std::string read_name(StateReader& archive) { return archive.text(kLongestText); }

Params read_params(StateReader& archive) {
  std::uint32_t count = 0;
  archive(count);
  Params params;
  for (std::uint32_t i = 0; i < count && archive.ok(); ++i) {
    std::string key = archive.text(kLongestText);
    params.insert_or_assign(std::move(key), archive.text(kLongestText));
  }
  return params;
}

}  // namespace snapshot_detail
}  // namespace emdyn
