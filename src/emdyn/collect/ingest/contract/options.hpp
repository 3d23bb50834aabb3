#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/series/records.hpp"

namespace emdyn::collect::ingest {

/// What a file is, by its content.
enum class Format { automatic, csv, jsonl, tfevents, json, text };
std::string_view word(Format format) noexcept;
/// @throws ConfigError listing the formats for a word that names none.
Format format_from_word(std::string_view word);

/// Whether the first row of a CSV file names its columns.
enum class Header { automatic, present, absent };

/// Bounds that keep a hostile file from filling the memory. Reaching one is a DataError.
struct Limits {
  std::size_t line_bytes = std::size_t{64} << 20;   ///< Longest line or quoted record.
  std::size_t columns = 100'000;                    ///< Most columns of a CSV file.
  std::size_t names = 1'000'000;                    ///< Most signals, and most runs, of a reading.
  std::size_t record_bytes = std::size_t{1} << 30;  ///< Longest record of an event file.
  std::size_t document_bytes = std::size_t{256} << 20;     ///< Largest JSON document read at once.
  std::uint64_t inflated_bytes = std::uint64_t{32} << 30;  ///< Most bytes out of one gzip file.
  double inflated_ratio = 500.0;  ///< Most bytes out per byte in, beyond the first 64 MiB out.
  std::size_t files = 100'000;    ///< Most files taken from one folder.
};

/// How to read; every default means "decide by the content".
struct ReadOptions {
  Format format = Format::automatic;
  Header header = Header::automatic;
  std::string step_column{};               ///< Column or key that holds the position.
  std::vector<std::string> run_columns{};  ///< Columns or keys whose values together name the run.
  std::string run_name{};                  ///< For files that name no run; default: from the path.
  std::optional<series::Axis> axis{};      ///< Default: from the name of the position column.
  bool skip_bad_rows = false;              ///< Count malformed rows instead of throwing.
  /// More will come: rows are passed on as soon as the position is sure, after kGrowingRows at the
  /// latest. Set by what follows a file; a file read once is judged by its first megabyte.
  bool growing = false;
  bool finite = false;  ///< To a follower: what is there is all that will come.
  Limits limits{};
};

/// Rows of a growing file that are held while its position is in doubt.
inline constexpr std::size_t kGrowingRows = 8;

/// What was read from one file.
struct SourceInfo {
  std::string path{};
  Format format = Format::automatic;
  bool gzip = false;
  std::string delimiter{};        ///< CSV: "," ";" "\t" "|" or " ".
  std::string position_column{};  ///< Empty where positions are row numbers.
  std::string time_column{};      ///< Empty when the file holds no wall time.
  std::vector<std::string> run_columns{};
  std::vector<std::string> ignored_columns{};  ///< Text columns and what a long table leaves over.
  std::string position_note{};  ///< Why rows are numbered, or what was done to the positions.
  std::uint64_t rows = 0;       ///< Rows or objects that were read.
  std::string seen{};           ///< What is there instead of numbers, for the error that says none.
};

/// Sums over all that was read so far.
struct ReadReport {
  std::uint64_t runs = 0;
  std::uint64_t signals = 0;
  std::uint64_t points = 0;
  std::uint64_t nonfinite = 0;       ///< Points whose value is NaN or infinite; included in points.
  std::uint64_t missing_cells = 0;   ///< Empty cells and nulls: no points.
  std::uint64_t ignored_values = 0;  ///< Texts, booleans, arrays, images, histograms …
  std::uint64_t skipped_rows = 0;    ///< Malformed rows left out (skip_bad_rows).
  std::uint64_t torn_rows = 0;       ///< Last lines left out because they are only half written.
  std::uint64_t bytes = 0;           ///< Bytes parsed, after decompression.
  std::vector<SourceInfo> sources{};  ///< One per file.
  std::vector<std::string> warnings{};
};

}  // namespace emdyn::collect::ingest
