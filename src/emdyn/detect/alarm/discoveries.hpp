#pragma once
#include <optional>
#include <vector>

#include "emdyn/math/e_values.hpp"

namespace emdyn::detect {

/// Bounds the expected share of false alarms over all series of a source together, whatever they
/// have to do with each other: every 100 samples of a series are one test, its e-value is the mean
/// of those of its p-values, and e-BH says which tests are discoveries. As good as the p-values are
/// far out in the tail. Live streams: detect::DiscoveryGate.
class Discoveries {
 public:
  /// The next sample of a series; no p-value: a sample without one.
  void sample(std::size_t series, std::optional<double> p_value);
  /// The test the last sample of this series belongs to. @pre it had one
  std::size_t test(std::size_t series) const { return current_[series]; }
  /// Which tests are discoveries. @throws ConfigError unless rate is in (0, 1).
  std::vector<bool> decide(double rate) const;

 private:
  std::vector<math::BlockEvidence> blocks_;  // One a series.
  std::vector<std::size_t> current_;
  std::vector<double> e_values_;
};

}  // namespace emdyn::detect
