#pragma once
#include <vector>

#include "emdyn/app/terminal/console.hpp"
#include "rows.hpp"

namespace emdyn::bench {

/// One JSON document, or a table for people.
void print_rows(const std::vector<Row>& rows, bool json, app::terminal::Console& console);

}  // namespace emdyn::bench
