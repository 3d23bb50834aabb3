#pragma once
#include <string>
#include <vector>

namespace emdyn::report {

enum class Scale { linear, logarithmic };

/// Maps a range to [0, 1]. On the logarithmic scale values below `low` lie at 0.
class AxisMap {
 public:
  /// `low` < `high`, both finite; on the logarithmic scale both > 0.
  AxisMap(Scale scale, double low, double high) noexcept;

  /// In [0, 1], clamped.
  double fraction(double value) const noexcept;
  Scale scale() const noexcept { return scale_; }
  double low() const noexcept { return low_; }
  double high() const noexcept { return high_; }
  /// About `target` round values within the range, ascending.
  std::vector<double> ticks(int target) const;

 private:
  Scale scale_;
  double low_;
  double high_;
  double log_low_ = 0.0;
  double log_high_ = 1.0;
};

/// A linear range that holds [low, high] with some room, never of zero width.
AxisMap padded_linear(double low, double high);

/// "0.001" style labels need as many digits as the tick distance asks for.
std::vector<std::string> tick_labels(const std::vector<double>& ticks, bool percent);

}  // namespace emdyn::report
