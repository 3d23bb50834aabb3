#pragma once

namespace emdyn::math {

struct ProportionInterval {
  double low = 0.0;
  double high = 1.0;
};

/// The interval of Wilson for a share of `count` trials, within [0, 1] and holding the share
/// itself; [0, 1] without trials. `level` in (0, 1). Source: Wilson, "Probable Inference, the Law
/// of Succession, and Statistical Inference", Journal of the American Statistical Association 22
/// (1927).
ProportionInterval wilson_interval(double share, double count, double level) noexcept;

}  // namespace emdyn::math
