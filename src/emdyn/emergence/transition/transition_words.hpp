#pragma once
#include <string>

#include "emdyn/emergence/transition/value_range.hpp"
#include "emdyn/series/records.hpp"

/// What a transition says in words and digits. Every value is one of the record's, which are
/// medians of the data: no sentence leaves the range or contradicts its sign.
namespace emdyn::emergence {

/// A position with the digits that an uncertainty of `width` supports (0: all of them), never in
/// powers of ten: 12345900, 0.0125.
std::string position_text(double position, double width = 0.0);

/// "150 [148, 153]": estimate and interval with the digits it supports; moments as dates in UTC.
std::string interval_text(const series::Interval& interval, series::Axis axis = series::Axis::step);

/// interval_text() along what the transition has as its control parameter.
/// @pre it has an onset.
std::string onset_text(const series::Transition& transition);

/// A value with the digits that tell differences of `difference`; shares in percent: "97.8 %".
std::string value_text(double value, double difference, const ValueRange& range);

/// A slope per unit of the control parameter; shares in percent: "0.65 %".
std::string slope_text(double slope, const ValueRange& range);

/// "rose from 2 % to 98 %", "bent: slope 0.0066 a step before, 0.00001 after", "spiked from 2.0 to
/// 5.1, back at 162"; "did not change suddenly" where there is none.
std::string change_words(const series::Transition& transition, const ValueRange& range);

/// change_words() with its place: "rose from 2 % to 98 % at step 1412 [1405, 1420]".
std::string sentence(const series::Transition& transition, const ValueRange& range);

}  // namespace emdyn::emergence
