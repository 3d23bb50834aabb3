#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/collect/ingest/contract/options.hpp"
#include "emdyn/series/records.hpp"

namespace emdyn::collect::ingest {

/// Which columns (or JSON keys) play which part.
struct ColumnChoice {
  std::optional<std::size_t> position{};
  std::optional<std::size_t> outer{};       ///< The epoch within which the position may restart.
  std::optional<std::size_t> time{};        ///< Wall time.
  std::optional<std::size_t> value{};       ///< Long tables: the value …
  std::vector<std::size_t> name_columns{};  ///< … and what names its signal; empty in wide tables.
  std::vector<std::size_t> run_columns{};
  std::optional<std::size_t>
      split{};  ///< Says of each row whether it is of training or evaluation.
  series::Axis axis = series::Axis::step;

  bool is_long() const noexcept { return value.has_value(); }
};

/// How well a name alone stands for the position.
struct PositionName {
  enum class Demand {
    none,      ///< The name is enough.
    counting,  ///< Its values must be whole numbers that do not go back.
    rising,    ///< It may be a setting: its values must rise with every row.
  };
  std::size_t cost = 0;  ///< Less is better.
  Demand demand = Demand::none;
};
/// Below this cost a name is taken at once, whatever else a growing file may hold.
inline constexpr std::size_t kSureCost = 30;
/// Cost of a column that only its values make a position.
inline constexpr std::size_t kUnnamedCost = 1500;

/// The cost of a name as position; nothing when it is none. Exact names come before names behind a
/// slash ("trainer/global_step"), these before ends of names ("opt_step"), names of settings
/// (epsilon, params, epochs, x) last.
std::optional<PositionName> position_name(std::string_view column);

/// Applies the tables of names in docs/formats.md and the user's choices; the position is the one
/// that its name alone makes best (PositionFinder judges by values, too).
/// @throws DataError when a column the options name is absent; `where` begins the message.
ColumnChoice choose_columns(std::span<const std::string> columns, const ReadOptions& options,
                            std::string_view where);
/// Makes `position` the position of a choice, and sets what depends on it.
void set_position(ColumnChoice& choice, std::optional<std::size_t> position,
                  std::span<const std::string> columns, const ReadOptions& options);

/// A second column of one name becomes "name.1", as pandas does. @return true when there was one.
bool number_equal_names(std::vector<std::string>& names);

/// The axis that a position column's name stands for ("tokens_seen" → tokens); step by default.
series::Axis axis_of_column(std::string_view column);

/// Cost of a name as position where nothing but the name is known: nothing for names that need
/// values to be told from a signal's ("train_mae_step").
std::optional<std::size_t> position_rank(std::string_view column);
/// The same for wall time.
std::optional<std::size_t> time_rank(std::string_view column);
/// What the numbers of a column of times are divided by to be seconds, where its name says so ("timestamp_ms", "time_ns");
/// 0 where their size must tell (epoch_seconds).
double time_divisor(std::string_view column);
/// True for "epoch", whatever stands before its last slash.
bool is_epoch(std::string_view column);
/// True for names of columns that say of what part of the data a row is: mode, phase, split, …
bool is_split(std::string_view column);
/// What stands before a signal's name in rows of that part: "val/" for validation, nothing for
/// training; absent when the word names no part.
std::optional<std::string_view> split_prefix(std::string_view word);

}  // namespace emdyn::collect::ingest
