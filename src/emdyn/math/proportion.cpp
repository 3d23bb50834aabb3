#include "emdyn/math/proportion.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/math/distributions.hpp"

namespace emdyn::math {

ProportionInterval wilson_interval(double share, double count, double level) noexcept {
  if (!(count > 0.0)) return {};
  const double z = normal_isf(0.5 * (1.0 - level));
  const double shrink = 1.0 + z * z / count;
  const double centre = (share + z * z / (2.0 * count)) / shrink;
  const double half =
      z / shrink * std::sqrt(share * (1.0 - share) / count + z * z / (4.0 * count * count));
  return {std::clamp(centre - half, 0.0, share), std::clamp(centre + half, share, 1.0)};
}

}  // namespace emdyn::math
