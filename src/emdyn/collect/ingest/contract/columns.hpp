#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/collect/ingest/contract/options.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::collect::ingest {

/// Which columns (or JSON keys) play which part, decided by their names alone so that the choice
/// never depends on how much of a growing file is there yet.
struct ColumnChoice {
  std::optional<std::size_t> position{};
  std::optional<std::size_t> time{};        ///< Wall time.
  std::optional<std::size_t> value{};       ///< Long tables: the value …
  std::vector<std::size_t> name_columns{};  ///< … and what names its signal; empty in wide tables.
  std::vector<std::size_t> run_columns{};
  series::Axis axis = series::Axis::step;

  bool is_long() const noexcept { return value.has_value(); }
};

/// Applies the tables of names in docs/formats.md and the user's choices.
/// @throws DataError when a column the options name is absent; `where` begins the message.
ColumnChoice choose_columns(std::span<const std::string> columns, const ReadOptions& options,
                            std::string_view where);

/// A second column of one name becomes "name.1", as pandas does. @return true when there was one.
bool number_equal_names(std::vector<std::string>& names);

/// The axis that a position column's name stands for ("tokens_seen" → tokens); step by default.
series::Axis axis_of_column(std::string_view column);

/// Rank of a name as position column: 0 is best; nothing when it is none.
std::optional<std::size_t> position_rank(std::string_view column);
/// The same for wall time.
std::optional<std::size_t> time_rank(std::string_view column);

}  // namespace emdyn::collect::ingest
