#pragma once
#include <cmath>
#include <cstddef>

#include "emdyn/core/philox.hpp"
#include "emdyn/forecast/curves/curve_table.hpp"
#include "emdyn/forecast/features/history.hpp"
#include "emdyn/math/distributions.hpp"

namespace emdyn::forecast {

/// `count` records of `value(t)` at t = first, first + step, …, with normal noise.
template <class Value>
History curve_of(std::size_t count, double first, double step, double noise, Value value) {
  Philox random(71, 3);
  History history;
  for (std::size_t i = 0; i < count; ++i) {
    const double t = first + step * static_cast<double>(i);
    history.positions.push_back(t);
    history.values.push_back(value(t) + (noise > 0.0 ? noise * random.normal() : 0.0));
  }
  return history;
}

/// A table in which residuals are normal with deviation `sigma` units at every horizon.
inline CurveTable normal_table(double sigma = 1.0) {
  CurveTable table;
  for (const char* name : {"a", "b", "c"}) {
    ResidualFamily family;
    family.name = name;
    family.forecasts = 100;
    for (ResidualQuantiles& quantiles : family.quantiles) {
      for (std::size_t i = 0; i < quantiles.size(); ++i)
        quantiles[i] = sigma * math::normal_quantile(kResidualLevels[i]);
    }
    table.families.push_back(family);
  }
  table.persistence = table.families;
  table.pooled = pool(table.families);
  for (const char* name : {"jump", "stall", "divergence", "collapse"}) {
    CurveEventRate event{name, {}, true};
    event.rate.fill(0.2);
    table.events.push_back(event);
  }
  table.spikes = {0.5, 5000.0};
  return table;
}

}  // namespace emdyn::forecast
