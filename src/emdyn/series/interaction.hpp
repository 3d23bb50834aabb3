#pragma once
#include <optional>
#include <string>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::series {

/// How parts of a system depend on each other: one measure of one group of parts. The shares that
/// pairs of factors have in a prediction are `PairContribution`.
struct Interaction {
  std::vector<std::string> parts{};  ///< Directed measures: from the first to the last.
  std::string measure{};             ///< mutual_information, transfer_entropy, o_information …
  Interval value{};                  ///< In `unit`; open ends where no interval was computed.
  std::string unit = "nats";
  struct Null {
    std::optional<double> p_value{};  ///< Chance of at least this value when nothing interacts.
    std::string kind{};               ///< What "nothing" is: analytic, shuffle, circular_shift …
    bool operator==(const Null&) const = default;
  } null{};
  std::string estimator{};
  bool operator==(const Interaction&) const = default;
};

void to_json(Json& json, const Interaction& interaction);
/// @throws DataError naming the member that is missing or wrong.
void from_json(const Json& json, Interaction& interaction);

}  // namespace emdyn::series
