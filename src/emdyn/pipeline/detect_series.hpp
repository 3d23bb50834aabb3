#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emdyn/detect/front_end.hpp"
#include "emdyn/detect/policy.hpp"
#include "emdyn/detect/registry.hpp"
#include "emdyn/detect/signal_watch.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::pipeline {

/// Which detector looks at a series, behind what, and when it may alarm.
struct DetectOptions {
  std::string detector{};           ///< Empty: the default watch.
  Params params{};                  ///< Of the detector.
  std::optional<bool> front_end{};  ///< Default: as the registry says for the detector.
  std::optional<double>
      alpha{};  ///< Given: alarm within this budget; absent: by the textbook threshold.
  std::int64_t refractory_samples = 25;
};

/// What one sample gave.
struct Scored {
  double position = 0.0;
  double value = 0.0;
  std::optional<double>
      score{};  ///< In units of the detector's threshold; absent for a non-finite value.
  std::optional<double> p_value{};
};

/// One detector on one stream, sample by sample, in causal order.
class SeriesDetector {
 public:
  /// @throws ConfigError for an unknown detector or parameter.
  SeriesDetector(std::string signal, series::Axis axis, const DetectOptions& options);
  ~SeriesDetector();
  SeriesDetector(SeriesDetector&&) noexcept;

  /// @param events what happened is appended.
  Scored push(double position, double value, std::vector<series::Event>& events);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct Detected {
  std::string signal;
  std::string detector;
  std::vector<Scored> samples;
  std::vector<series::Event> events;
};

/// All samples of a signal through a fresh detector. O(samples).
Detected detect_signal(const series::Signal& signal, const DetectOptions& options);

}  // namespace emdyn::pipeline
