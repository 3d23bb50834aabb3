#pragma once
#include <cmath>
#include <cstddef>
#include <vector>

#include "emdyn/core/philox.hpp"
#include "emdyn/detect/contract/detector.hpp"

namespace emdyn::bench {

/// Independent samples of the kind a domain's detectors are made for; always the same.
inline std::vector<double> domain_stream(detect::Domain domain, std::size_t count) {
  Philox random(1);
  std::vector<double> values(count);
  for (double& value : values) {
    switch (domain) {
      case detect::Domain::real:
        value = random.normal();
        break;
      case detect::Domain::unit_interval:
        value = random.uniform();
        break;
      case detect::Domain::binary:
        value = random.uniform() < 0.2 ? 1.0 : 0.0;
        break;
      case detect::Domain::count:
        value = std::floor(-2.0 * std::log(1.0 - random.uniform()));
        break;
    }
  }
  return values;
}

}  // namespace emdyn::bench
