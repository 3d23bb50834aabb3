#pragma once
#include <span>

#include "emdyn/core/json.hpp"

namespace emdyn::app::serve {

/// An array of the values; null where one is not finite.
inline Json number_list(std::span<const double> values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(number_or_null(value));
  return list;
}

}  // namespace emdyn::app::serve
