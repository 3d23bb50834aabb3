#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "emdyn/detect/alarm/policy.hpp"
#include "emdyn/detect/front_end/front_end.hpp"
#include "emdyn/detect/live/live_series.hpp"
#include "emdyn/detect/registry.hpp"

namespace emdyn::python {

/// One entry of the registry as emdyn.Detector shows it: behind the front end that it has by default, before the
/// policy that makes its scores alarms. What stands beside `auto` on a run's signals does not stand here. All of it
/// is kept in a snapshot, so that a pickled detector goes on as if nothing had happened.
///
/// Cost: that of the detector, a sample at a time.
class StreamDetector {
 public:
  /// @throws ConfigError for an unknown detector or parameter, or one of rows.
  explicit StreamDetector(const detect::DetectOptions& options);

  /// @param sample NaN and infinities count as missing: they score 0.
  /// @return the score, in units of the detector's own threshold.
  double update(double sample);
  /// One after the other, as update() does. @param alarms gets the places of those that alarmed.
  void update_many(std::span<const double> samples, std::span<double> scores,
                   std::vector<std::size_t>& alarms);

  bool alarm() const noexcept { return alarm_; }
  double p_value() const noexcept { return p_value_; }
  std::uint64_t samples() const noexcept { return samples_; }
  bool ready() const noexcept { return detector_->ready(); }
  std::string_view name() const noexcept { return entry_.name; }
  Json config() const { return detector_->config(); }
  /// What is known of the last alarm: detector, kind, direction, score, p_value, sample, onset; null before the first.
  const Json& event() const noexcept { return event_; }
  void reset();

  /// Versioned bytes.
  std::vector<std::byte> snapshot() const;
  /// The bytes may be hostile. @throws DataError
  static std::unique_ptr<StreamDetector> restore(std::span<const std::byte> bytes);

 private:
  template <class Self, class Archive>
  static void state(Self& self, Archive& archive);
  void note(const detect::Evidence& evidence, std::string_view member, double p);

  detect::DetectOptions options_;
  const detect::Entry& entry_;
  std::unique_ptr<detect::AnyDetector> detector_;
  std::optional<detect::FrontEnd> front_end_;
  std::optional<detect::AlarmPolicy> policy_;
  bool alarm_ = false;
  double p_value_ = 1.0;
  std::uint64_t samples_ = 0;
  Json event_{};
};

}  // namespace emdyn::python
