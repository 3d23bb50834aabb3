#pragma once
#include <optional>
#include <string_view>

namespace emdyn::collect::ingest {

/// A number with a unit behind it: "45 %", "1234 MiB", "12.3ms".
struct Quantity {
  double number = 0.0;
  std::string_view unit{};  ///< As the table of units writes it.
  int dimension = 0;        ///< Units of one dimension can be told in each other.
  double in_base = 1.0;     ///< How many of the dimension's base unit one of this unit is.
};
/// Known units only: text behind a number is else no unit.
std::optional<Quantity> read_quantity(std::string_view text) noexcept;

/// A number with a decimal comma ("0,5", "1.234,56", "1,5e-3") or with commas between thousands
/// ("1,234,567"). `commas_are_decimal`: a lone comma before three digits ("1,234"), which may be
/// either, is a decimal one; else it is no number.
std::optional<double> read_comma_number(std::string_view text, bool commas_are_decimal) noexcept;

/// A position that is written with more than its number: "12/500", "[12/500]", "step1000",
/// "checkpoint-1000.pt".
struct StepText {
  double number = 0.0;
  std::optional<double> total{};  ///< What stands behind the slash.
};
std::optional<StepText> read_step(std::string_view text) noexcept;

/// False for a whole number, written in digits alone, that no double equals: above 2^53 two steps
/// could become one.
bool is_exact(std::string_view text) noexcept;

}  // namespace emdyn::collect::ingest
