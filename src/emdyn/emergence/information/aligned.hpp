#pragma once
#include <span>
#include <vector>

#include "emdyn/emergence/information/signals.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::emergence::information {

/// Signals of a run at common positions.
struct Aligned {
  std::vector<double> positions{};
  Signals signals{};  ///< [positions, signals]; NaN where a signal has no finite value yet.
};

/// The last segments at the positions of the sparsest signal, each with its latest value at or
/// before the position: no value from the future. Where signals are logged at different steps the
/// older of two values lags; the transfer entropy between them then has a lag of its own.
/// @throws DataError for fewer than two signals, or one without points.
Aligned aligned(std::span<const series::Signal* const> signals);

}  // namespace emdyn::emergence::information
