#include "emdyn/detect/rows/vector_registry.hpp"

#include <fmt/format.h>

#include <array>

#include "emdyn/core/error.hpp"
#include "emdyn/core/snapshot_registry.hpp"
#include "emdyn/detect/rows/half_space_trees.hpp"
#include "emdyn/detect/rows/incremental_pca.hpp"
#include "emdyn/detect/rows/loda.hpp"
#include "emdyn/detect/rows/mahalanobis.hpp"
#include "emdyn/detect/rows/newma.hpp"
#include "emdyn/detect/rows/pca_chart.hpp"
#include "emdyn/detect/rows/random_cut_forest.hpp"
#include "emdyn/detect/rows/xstream.hpp"

namespace emdyn::detect {
namespace {

constexpr double kMostBytes = 4e9;

template <VectorMethod M>
typename M::Config config_of(const Params& params) {
  typename M::Config config;
  apply_params(M::kName, M::kFields, params, config);
  return config;
}

template <VectorMethod M>
double bytes(const Params& params, std::size_t channels) {
  if constexpr (requires(const typename M::Config& config) { M::bytes(config, channels); }) {
    return M::bytes(config_of<M>(params), channels);
  } else {
    return 0.0;  // So small that nobody need ask.
  }
}

template <VectorMethod M>
std::unique_ptr<AnyVectorDetector> make(const Params& params, std::size_t channels) {
  if (channels < 1 || channels > kMostChannels) {
    throw ConfigError(
        fmt::format("{}: channels must be in 1..{}, got {}", M::kName, kMostChannels, channels));
  }
  if (const double needed = bytes<M>(params, channels); needed > kMostBytes) {
    throw ConfigError(fmt::format("{}: these parameters need {:.0f} GB for {} channels; lower them",
                                  M::kName, needed * 1e-9, channels));
  }
  return std::make_unique<VectorWatch<M>>(config_of<M>(params), channels);
}

template <VectorMethod M>
constexpr VectorEntry entry() {
  return {facts_of<M>(Domain::real), &bytes<M>, &make<M>};
}

// The only list of detectors of rows. Add yours here, in alphabetical order.
constexpr std::array kEntries{
    entry<HalfSpaceTrees>(),  entry<IncrementalPca>(), entry<Loda>(),  entry<Mahalanobis>(),
    entry<Newma>(),           entry<PcaQ>(),           entry<PcaT2>(), entry<PcaT2Q>(),
    entry<RandomCutForest>(), entry<XStream>(),
};

constexpr SnapshotRegistry<VectorEntry, AnyVectorDetector, std::size_t> kRowRegistry{
    {.what = "detector of rows", .several = "detectors of rows", .list = "emdyn detect --list"},
    {"detector of rows", 0x4345564e59444d45ULL /* "EMDYNVEC" */, 1},
    kEntries};

}  // namespace

const Registry<VectorEntry>& row_registry() noexcept { return kRowRegistry; }

std::span<const VectorEntry> vector_entries() noexcept { return kRowRegistry.entries(); }

const VectorEntry& find_vector_entry(std::string_view name) { return kRowRegistry.find(name); }

std::vector<Fact> facts(const VectorEntry& entry) {
  return {{"kind", "vector"},
          {"domain", word(entry.domain)},
          {"event", series::word(entry.kind)},
          {"front_end", false},
          {"budget", false},
          {"default", false}};
}

std::unique_ptr<AnyVectorDetector> make_vector_detector(std::string_view name, std::size_t channels,
                                                        const Params& params) {
  return kRowRegistry.find(name).make(params, channels);
}

std::vector<std::byte> snapshot(const AnyVectorDetector& detector) {
  return kRowRegistry.snapshot(detector, detector.channels());
}

std::unique_ptr<AnyVectorDetector> restore_vector(std::span<const std::byte> bytes) {
  return kRowRegistry.restore(bytes);
}

}  // namespace emdyn::detect
