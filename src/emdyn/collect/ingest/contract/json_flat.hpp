#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace emdyn::collect::ingest {

/// One leaf of a JSON object: the keys that lead to it joined with '/', and what is there.
struct FlatEntry {
  enum class Kind { number, text, boolean, null, other };
  std::string key{};
  Kind kind = Kind::null;
  double number = 0.0;   ///< Of a number; a boolean's 0 or 1.
  std::string text{};    ///< Of a text.
  bool inexact = false;  ///< A whole number beyond 2^53 that no double equals.
};

/// The leaves of the object in `line`, in order. Beyond RFC 8259 the numbers NaN, Infinity and
/// -Infinity are understood (Python writes them), and the texts "NaN", "Infinity" and "-Infinity"
/// count as numbers. A dictionary as Python prints it is read too: 'texts', True, False, None, and
/// numbers in a wrapper such as tensor(0.5) or np.float64(0.5). Arrays become one entry of kind other. Objects nest at most 64 deep, entries
/// are at most `most`. Reuses the memory of `entries`. @return what is wrong, or "" when nothing
/// is.
std::string_view flatten_json(std::string_view line, std::size_t most,
                              std::vector<FlatEntry>& entries);

}  // namespace emdyn::collect::ingest
