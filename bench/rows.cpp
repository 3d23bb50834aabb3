#include "rows.hpp"

namespace emdyn::bench {

Json rows_json(const std::vector<Row>& rows) {
  Json list = Json::array();
  for (const Row& row : rows) {
    const bool compared = row.baseline && *row.baseline != 0.0;
    list.push_back(
        {{"name", row.name},
         {"value", number_or_null(row.value)},
         {"unit", row.unit},
         {"baseline", number_or_null(row.baseline)},
         {"baseline_name", row.baseline_name.empty() ? Json(nullptr) : Json(row.baseline_name)},
         {"ratio", compared ? number_or_null(row.value / *row.baseline) : Json(nullptr)}});
    if (row.low) list.back()["low"] = number_or_null(row.low);
    if (row.high) list.back()["high"] = number_or_null(row.high);
    if (row.passes) list.back()["passes"] = *row.passes;
    if (!row.target.empty()) list.back()["target"] = row.target;
  }
  return Json{{"rows", std::move(list)}};
}

}  // namespace emdyn::bench
