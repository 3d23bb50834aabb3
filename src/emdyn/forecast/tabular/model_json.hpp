#pragma once
#include <string_view>
#include <vector>

#include "emdyn/core/json.hpp"
#include "emdyn/forecast/tabular/additive.hpp"
#include "emdyn/forecast/tabular/calibration.hpp"
#include "emdyn/forecast/tabular/logistic.hpp"
#include "emdyn/forecast/tabular/tree.hpp"

/// Fitted models as JSON; numbers are written in the fewest digits that read back the same.
namespace emdyn::forecast {

/// A required list of finite numbers. @throws DataError naming the key.
std::vector<double> json_numbers(const Json& json, std::string_view key);

Json model_json(const Logistic& model);
Json model_json(const TreeEnsemble& model);
Json model_json(const AdditiveModel& model);
Json model_json(const Calibration& calibration);

/// @throws DataError when a member is missing, sizes disagree, or a tree has a circle, a child that
/// is not there or a column beyond the model's.
Logistic logistic_from_json(const Json& json);
TreeEnsemble trees_from_json(const Json& json);
AdditiveModel additive_from_json(const Json& json);
Calibration calibration_from_json(const Json& json);

/// The document with a checksum of its text as last member.
Json sealed(Json document);
/// @throws DataError when the checksum is missing or does not fit: the file was altered or damaged.
const Json& checked_seal(const Json& document, std::string_view what);

}  // namespace emdyn::forecast
