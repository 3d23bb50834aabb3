#pragma once
#include <vector>

#include "emdyn/terminal/console.hpp"
#include "rows.hpp"

namespace emdyn::bench {

/// One JSON document, or a table for people.
void print_rows(const std::vector<Row>& rows, bool json, terminal::Console& console);

}  // namespace emdyn::bench
