#pragma once
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "emdyn/core/registry.hpp"
#include "emdyn/detect/contract/any_detector.hpp"
#include "emdyn/detect/contract/facts.hpp"

namespace emdyn::detect {

/// One detector of one signal and how to make it.
struct Entry : DetectorFacts {
  bool front_end;         ///< Sits behind a FrontEnd by default.
  bool calibrated;        ///< Its p-value prices its alarms (AlarmPolicy::Config::trusts_null).
  bool alarms_itself;     ///< Has policies inside: AnyDetector::alarms() tells its alarms.
  bool front_end_inside;  ///< Seeks trend and season itself (its parameter longest_period).
  bool by_default;        ///< What every door runs unless told otherwise (kDefaultDetector).
  bool resets;            ///< Where it is fed raw values an alarm resets it; else it is rearmed.
  bool judges_samples;    ///< Its score is of the last sample alone.
  bool warns;             ///< Its textbook has a warning zone below the alarm.
  std::unique_ptr<AnyDetector> (*make)(const Params&);

  /// Alarms within a budget unless told otherwise; the others at their textbook threshold.
  constexpr bool budgeted() const noexcept { return calibrated || alarms_itself; }
};

/// The entry that every door runs unless told otherwise, live and on files (decision 0195).
inline constexpr std::string_view kDefaultDetector = "auto";

/// Every detector of one signal this build knows, in the order users see them.
const Registry<Entry>& series_registry() noexcept;
std::span<const Entry> entries() noexcept;
const Entry& default_entry() noexcept;
/// What an entry says beside the facts of every entry: kind, domain, event, front_end, after_alarm, warnings, budget,
/// default.
std::vector<Fact> facts(const Entry& entry);

/// @throws ConfigError for an unknown name.
const Entry& find_entry(std::string_view name);

/// @throws ConfigError for an unknown name, an unknown parameter or a bad value.
std::unique_ptr<AnyDetector> make_detector(std::string_view name, const Params& params = {});

/// Name, parameters and state of a detector as versioned bytes; restoring and replaying gives the
/// same scores, bit for bit.
std::vector<std::byte> snapshot(const AnyDetector& detector);

/// The bytes may be hostile. @throws DataError when they are no snapshot of this version.
std::unique_ptr<AnyDetector> restore(std::span<const std::byte> bytes);

}  // namespace emdyn::detect
