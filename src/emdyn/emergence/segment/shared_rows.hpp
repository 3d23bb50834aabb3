#pragma once
#include <span>
#include <string>
#include <vector>

#include "emdyn/series/run.hpp"

namespace emdyn::emergence::segment {

/// Signals at the positions that all of them have, in their last segments.
struct SharedRows {
  std::vector<double> positions{};
  std::vector<std::string> names{};
  std::vector<std::vector<double>> channels{};  ///< [signal][position]
};

SharedRows shared_rows(std::span<const series::Signal* const> signals);

}  // namespace emdyn::emergence::segment
