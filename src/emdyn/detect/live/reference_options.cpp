#include "emdyn/detect/live/reference_options.hpp"

#include <fmt/format.h>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/detect/live/placement.hpp"

namespace emdyn::detect {

HeldPolicy::Config held_policy(const DetectOptions& options) {
  if (options.disarm_score > 0.0 || options.disarm_p > 0.0) {
    throw ConfigError(
        "beside a reference an alarm lasts until --refractory samples are calm; leave "
        "--disarm-score and --disarm-p out");
  }
  if (options.after_alarm) {
    throw ConfigError("a reference is held whatever alarms; leave --after-alarm out");
  }
  return {options.alpha, options.arm_score, options.refractory_samples, options.calibrator};
}

void refuse_short_reference(std::string_view detector, std::size_t samples) {
  throw ConfigError(
      fmt::format("{} has not warmed up after {} samples of reference; give it a longer one, or a "
                  "shorter warm-up with --set (emdyn detect --explain {})",
                  detector, samples, detector));
}

void check_reference(const DetectOptions& options) {
  (void)HeldPolicy(held_policy(options));
  const Reference& reference = *options.reference;
  if (reference.samples == 0) {
    const bool rows = takes_rows(options.detector);
    const std::size_t most = [&] {
      if (rows) return reference.row_count();
      std::size_t longest = 0;
      for (const auto& [name, values] : reference.series)
        longest = std::max(longest, values.size());
      return longest;
    }();
    if (most >= static_cast<std::size_t>(Reference::kFewest)) return;
    throw ConfigError(fmt::format("a reference must have at least {} {}, got {}",
                                  Reference::kFewest, rows ? "rows" : "samples of a signal", most));
  }
  if (reference.samples < Reference::kFewest || reference.samples > Reference::kMost) {
    throw ConfigError(fmt::format("the samples of a reference must be {} to {}, got {}",
                                  Reference::kFewest, Reference::kMost, reference.samples));
  }
  if (takes_rows(options.detector)) return;
  // Of samples to come it is known only how many they are: noise tells whether these are enough.
  const Entry& entry = find_entry(options.detector);
  const auto detector = entry.make(options.params);
  Philox random(1);
  for (std::int64_t i = 0; i < reference.samples && !detector->ready(); ++i)
    detector->update(entry.domain == Domain::real ? random.normal()
                                                  : static_cast<double>(random.below(2)));
  if (!detector->ready())
    refuse_short_reference(entry.name, static_cast<std::size_t>(reference.samples));
}

}  // namespace emdyn::detect
