#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/collect/ingest/contract/feed.hpp"
#include "emdyn/collect/ingest/contract/parser.hpp"

namespace emdyn::collect::ingest {

/// One array of numbers in a document.
struct JsonArray {
  std::string name{};
  std::vector<std::optional<double>> values{};  ///< Absent: null.
  std::vector<double> positions{};              ///< Its own, or empty.
  std::vector<double> seconds{};                ///< Its own, or empty.
};

/// What an object of arrays holds.
struct JsonArrays {
  std::vector<JsonArray> signals{};
  Json configuration = Json::object();  ///< The single numbers, texts and booleans beside them.
};

/// Finds the arrays of numbers in an object, also within objects in it: keys are joined with '/', but
/// a key that only says that here is the log ("history", "metrics") is left out. Objects whose keys
/// are whole numbers are arrays with positions. @return what is wrong, or "".
std::string_view read_arrays(std::string_view object, std::size_t most, JsonArrays& arrays);

/// [[wall time, step, value], …] or [[position, value], …]; false when it is neither.
bool read_tuples(std::string_view array, JsonArray& signal);

/// Passes the arrays on as one run: the position is the array that its name and values make one
/// (see PositionFinder), for arrays of its length; else places count from 0.
/// @return false when there is no array of two numbers.
bool emit_arrays(const JsonArrays& arrays, Feed& feed, const Origin& origin,
                 const ReadOptions& options, SourceInfo& info);

}  // namespace emdyn::collect::ingest
