#include "emdyn/detect/vector/vector_registry.hpp"

#include <fmt/format.h>

#include <array>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/detect/vector/half_space_trees.hpp"
#include "emdyn/detect/vector/incremental_pca.hpp"
#include "emdyn/detect/vector/loda.hpp"
#include "emdyn/detect/vector/mahalanobis.hpp"
#include "emdyn/detect/vector/newma.hpp"
#include "emdyn/detect/vector/random_cut_forest.hpp"
#include "emdyn/detect/vector/xstream.hpp"

namespace emdyn::detect {
namespace {

template <VectorMethod M>
std::unique_ptr<AnyVectorDetector> make(const Params& params, std::size_t channels) {
  typename M::Config config;
  apply_params(M::kName, M::kFields, params, config);
  return std::make_unique<VectorWatch<M>>(config, channels);
}

template <VectorMethod M>
constexpr VectorEntry entry() {
  return {M::kName, M::kSummary, M::kPaper, M::kCost, [] { return describe_fields(M::kFields); },
          &make<M>};
}

// The only list of detectors of rows. Add yours here, in alphabetical order.
constexpr std::array kEntries{
    entry<HalfSpaceTrees>(), entry<IncrementalPca>(),  entry<Loda>(),    entry<Mahalanobis>(),
    entry<Newma>(),          entry<RandomCutForest>(), entry<XStream>(),
};

constexpr std::uint64_t kMagic = 0x4345564e59444d45ULL;  // "EMDYNVEC"
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kLongestText = 256;

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return shortest(value.get<double>());
  return value.dump();
}

[[noreturn]] void refuse(std::string_view why) {
  throw DataError(
      fmt::format("detector of rows, snapshot: {}; take a new one with this version", why));
}

}  // namespace

std::span<const VectorEntry> vector_entries() noexcept { return kEntries; }

std::unique_ptr<AnyVectorDetector> make_vector_detector(std::string_view name, std::size_t channels,
                                                        const Params& params) {
  if (channels < 1 || channels > kMostChannels) {
    throw ConfigError(
        fmt::format("{}: channels must be in 1..{}, got {}", name, kMostChannels, channels));
  }
  std::array<std::string_view, kEntries.size()> known;
  for (std::size_t i = 0; i < kEntries.size(); ++i) {
    if (kEntries[i].name == name) return kEntries[i].make(params, channels);
    known[i] = kEntries[i].name;
  }
  const auto near = nearest_word(name, known);
  throw ConfigError(fmt::format("unknown detector of rows \"{}\"{}; see detect --list", name,
                                near ? fmt::format(" (did you mean {}?)", *near) : std::string()));
}

std::vector<std::byte> snapshot(const AnyVectorDetector& detector) {
  StateWriter archive;
  archive(kMagic, kVersion);
  archive.text(detector.name());
  archive(static_cast<std::uint64_t>(detector.channels()));
  const Json config = detector.config();
  archive(static_cast<std::uint32_t>(config.size()));
  for (const auto& [name, value] : config.items()) {
    archive.text(name);
    archive.text(text_of(value));
  }
  detector.save(archive);
  archive(checksum(archive.bytes()));
  return archive.take();
}

std::unique_ptr<AnyVectorDetector> restore_vector(std::span<const std::byte> bytes) {
  std::uint64_t sum = 0;
  if (bytes.size() < sizeof sum) refuse("too short");
  StateReader(bytes.last(sizeof sum))(sum);
  bytes = bytes.first(bytes.size() - sizeof sum);
  std::uint64_t magic = 0;
  std::uint32_t version = 0;
  StateReader archive(bytes);
  archive(magic, version);
  if (!archive.ok() || magic != kMagic) refuse("not a snapshot");
  if (version != kVersion) refuse(fmt::format("version {} is not {}", version, kVersion));
  if (checksum(bytes) != sum) refuse("damaged");
  const std::string name = archive.text(kLongestText);
  std::uint64_t channels = 0;
  std::uint32_t count = 0;
  archive(channels, count);
  Params params;
  for (std::uint32_t i = 0; i < count && archive.ok(); ++i) {
    std::string key = archive.text(kLongestText);
    params.insert_or_assign(std::move(key), archive.text(kLongestText));
  }
  if (!archive.ok()) refuse("truncated");
  try {
    auto detector = make_vector_detector(name, channels, params);
    detector->load(archive);
    if (!archive.ok() || !archive.at_end()) refuse("its state does not fit its parameters");
    return detector;
  } catch (const ConfigError& error) {
    refuse(terminal_safe(error.what()));
  }
}

}  // namespace emdyn::detect
