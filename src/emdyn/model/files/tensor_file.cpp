#include "emdyn/model/files/tensor_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/json.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/core/whole_file.hpp"

namespace emdyn::model {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestIndex = std::uint64_t{64} << 20;
constexpr std::size_t kChunk = std::size_t{1} << 20;
constexpr std::size_t kMostShards = 512;  ///< Each is an open file.
constexpr std::string_view kEnding = ".safetensors";
constexpr std::string_view kIndexEnding = ".safetensors.index.json";

/// Names of the shards an index asks for, each with its tensors.
using Shards = std::map<std::string, std::vector<std::string>>;

Shards read_index(const fs::path& path) {
  const std::string shown = terminal_safe(path.string());
  const Json index = parse_json(read_whole_file(path, kLargestIndex), shown);
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object())
    throw DataError(fmt::format("{}: no index of shards: it has no weight_map", shown));
  Shards shards;
  for (const auto& [tensor, file] : index["weight_map"].items()) {
    const std::string name = file.is_string() ? file.get<std::string>() : std::string();
    // A plain name, so that an index cannot reach files elsewhere.
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos ||
        name.find('\0') != std::string::npos)
      throw DataError(fmt::format("{}: tensor {} must be in a file beside the index, got \"{}\"",
                                  shown, terminal_safe(tensor), terminal_safe(name)));
    shards[name].push_back(tensor);
    if (shards.size() > kMostShards)
      throw DataError(fmt::format("{}: more than {} shards", shown, kMostShards));
  }
  if (shards.empty()) throw DataError(fmt::format("{}: lists no tensors", shown));
  return shards;
}

/// The index or the file that a folder holds.
fs::path inside(const fs::path& folder) {
  std::vector<fs::path> files;
  std::vector<fs::path> indices;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.ends_with(kIndexEnding)) indices.push_back(at->path());
    if (name.ends_with(kEnding)) files.push_back(at->path());
  }
  if (indices.size() == 1) return indices[0];
  if (indices.empty() && files.size() == 1) return files[0];
  throw DataError(fmt::format(
      "{}: a folder with {} safetensors files and {} indices; name the one that is meant",
      terminal_safe(folder.string()), files.size(), indices.size()));
}

}  // namespace

/// An open file and where its tensors begin.
struct TensorFile::Shard {
  std::string shown;
  int descriptor = -1;
  std::uint64_t body = 0;

  explicit Shard(const fs::path& path) : shown(terminal_safe(path.string())) {
    descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
      throw DataError(fmt::format("{}: cannot be opened: {}", shown, std::strerror(errno)));
  }
  ~Shard() {
    if (descriptor >= 0) ::close(descriptor);
  }
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  std::uint64_t size() const {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
      throw DataError(fmt::format("{}: is no regular file", shown));
    return static_cast<std::uint64_t>(status.st_size);
  }

  void read(std::uint64_t at, std::span<char> bytes) const {
    while (!bytes.empty()) {
      const ssize_t got = ::pread(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0)
        throw DataError(fmt::format("{}: cannot be read: {}", shown, std::strerror(errno)));
      if (got == 0) throw DataError(fmt::format("{}: ended while it was read", shown));
      bytes = bytes.subspan(static_cast<std::size_t>(got));
      at += static_cast<std::uint64_t>(got);
    }
  }

  SafetensorsHeader header() {
    const std::uint64_t file_bytes = size();
    std::string first(std::min<std::uint64_t>(8, file_bytes), '\0');
    read(0, first);
    const std::uint64_t length = header_length(first, file_bytes, shown);
    std::string text(length, '\0');
    read(8, text);
    body = 8 + length;
    return parse_header(text, file_bytes - body, shown);
  }
};

TensorFile::TensorFile(const fs::path& given) {
  std::error_code error;
  const fs::path path = fs::is_directory(given, error) ? inside(given) : given;
  if (!path.string().ends_with(".json")) {
    shards_.push_back(std::make_unique<Shard>(path));
    for (TensorPlace& place : shards_[0]->header().tensors)
      tensors_.push_back({std::move(place), 0});
    return;
  }
  for (auto& [file, names] : read_index(path)) {
    const std::size_t shard = shards_.size();
    shards_.push_back(std::make_unique<Shard>(path.parent_path() / file));
    std::set<std::string, std::less<>> wanted(names.begin(), names.end());
    for (TensorPlace& place : shards_.back()->header().tensors) {
      if (wanted.erase(place.name) == 1) tensors_.push_back({std::move(place), shard});
    }
    if (!wanted.empty())
      throw DataError(fmt::format("{}: tensor {} of the index is not in it", shards_.back()->shown,
                                  terminal_safe(*wanted.begin())));
  }
}

TensorFile::~TensorFile() = default;
TensorFile::TensorFile(TensorFile&&) noexcept = default;
TensorFile& TensorFile::operator=(TensorFile&&) noexcept = default;

std::span<const TensorFile::Tensor> TensorFile::tensors() const noexcept { return tensors_; }

std::size_t TensorFile::shards() const noexcept { return shards_.size(); }

const TensorFile::Tensor* TensorFile::find(std::string_view name) const noexcept {
  const auto found = std::ranges::find(
      tensors_, name, [](const Tensor& t) { return std::string_view(t.place.name); });
  return found == tensors_.end() ? nullptr : &*found;
}

std::vector<float> TensorFile::read(const Tensor& tensor) const {
  const Shard& shard = *shards_.at(tensor.shard);
  const TensorPlace& place = tensor.place;
  if (place.type == nullptr)
    throw DataError(fmt::format("{}: tensor {} is of type {}, not read", shard.shown,
                                terminal_safe(place.name), terminal_safe(place.type_name)));
  std::vector<float> values(place.count);
  const std::size_t at_once = kChunk / place.type->size;
  std::vector<char> bytes(std::min<std::uint64_t>(kChunk, tensor.bytes()));
  for (std::size_t done = 0; done < values.size();) {
    const std::size_t count = std::min(at_once, values.size() - done);
    const std::span<char> chunk = std::span(bytes).first(count * place.type->size);
    shard.read(shard.body + place.begin + done * place.type->size, chunk);
    place.type->read(chunk.data(), count, values.data() + done);
    done += count;
  }
  return values;
}

}  // namespace emdyn::model
