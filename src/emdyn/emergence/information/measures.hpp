#pragma once
#include <span>
#include <string_view>

#include "emdyn/core/json.hpp"

namespace emdyn::emergence::information {

/// Names of measures that this wing writes into records.
inline constexpr std::string_view kMutualInformationName = "mutual_information";
inline constexpr std::string_view kTransferEntropyName = "transfer_entropy";
inline constexpr std::string_view kTotalCorrelationName = "total_correlation";
inline constexpr std::string_view kOInformationName = "o_information";
inline constexpr std::string_view kPsiName = "psi";
inline constexpr std::string_view kDeltaName = "delta";
inline constexpr std::string_view kGammaName = "gamma";

/// What a measure is taken of.
enum class MeasureSubject { pair, series, group, two_parts, chain, linear_system };

/// One measure of how parts act together.
struct MeasureEntry {
  std::string_view name;  ///< As `Interaction::measure` says it.
  std::string_view summary;
  std::string_view source;
  std::string_view cost;  ///< n parts, T rows.
  MeasureSubject subject;
  bool directed;     ///< From the first part to the last.
  Json (*fields)();  ///< Names, types, ranges, defaults and help of its settings.
};

/// Every measure of this wing, in alphabetical order.
std::span<const MeasureEntry> measures() noexcept;

/// @throws ConfigError for an unknown name, offering the nearest.
const MeasureEntry& find_measure(std::string_view name);

}  // namespace emdyn::emergence::information
