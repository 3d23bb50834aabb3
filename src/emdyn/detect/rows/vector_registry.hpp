#pragma once
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/core/registry.hpp"
#include "emdyn/detect/contract/facts.hpp"
#include "emdyn/detect/rows/vector_detector.hpp"

namespace emdyn::detect {

constexpr std::size_t kMostChannels = 256;

/// One detector of rows and how to make it.
struct VectorEntry : DetectorFacts {
  /// Bytes a detector of these parameters will hold, nearly. @throws ConfigError as `make`.
  double (*bytes)(const Params&, std::size_t channels);
  std::unique_ptr<AnyVectorDetector> (*make)(const Params&, std::size_t channels);
};

/// Every detector of rows this build knows, in the order users see them.
const Registry<VectorEntry>& row_registry() noexcept;
std::span<const VectorEntry> vector_entries() noexcept;
/// What an entry says beside the facts of every entry: kind, domain, event, front_end, budget, default.
std::vector<Fact> facts(const VectorEntry& entry);

/// @throws ConfigError for an unknown name.
const VectorEntry& find_vector_entry(std::string_view name);

/// @throws ConfigError for an unknown name, a bad parameter, or channels outside 1..256.
std::unique_ptr<AnyVectorDetector> make_vector_detector(std::string_view name, std::size_t channels,
                                                        const Params& params = {});

/// Name, channels, parameters and state as versioned bytes; replay is bit-exact.
std::vector<std::byte> snapshot(const AnyVectorDetector& detector);

/// The bytes may be hostile. @throws DataError when they are no snapshot of this version.
std::unique_ptr<AnyVectorDetector> restore_vector(std::span<const std::byte> bytes);

}  // namespace emdyn::detect
