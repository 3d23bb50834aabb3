#pragma once
#include <string_view>

#include "emdyn/model/data/dataset.hpp"
#include "emdyn/model/data/idx.hpp"

namespace emdyn::model::data {

/// A CSV table with a header: one example a row, one feature a column, the label in the column
/// called `label_column` (empty: label, class, target or y, where there is one). Labels that are no
/// whole numbers are words: they are numbered by their order.
/// @throws DataError naming line and column of what is no number, a row of another length, or a
/// label column that is not there.
Dataset parse_table(std::string_view text, std::string_view what,
                    std::string_view label_column = {}, std::size_t limit = kEverything);

}  // namespace emdyn::model::data
