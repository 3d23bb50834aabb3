#include "emdyn/collect/ingest/json/json_arrays.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <unordered_set>

#include "emdyn/collect/ingest/contract/numbers.hpp"
#include "emdyn/collect/ingest/contract/position_finder.hpp"
#include "emdyn/collect/ingest/json/json_text.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

constexpr int kDeepestObject = 16;
constexpr std::array<std::string_view, 6> kWrappers{"history", "logs",    "log",
                                                    "metrics", "results", "data"};
// Two betas beside eighty epochs are a setting.
constexpr std::size_t kSettingLength = 3;
constexpr std::size_t kLogLength = 20;

std::string_view without_quotes(std::string_view text) noexcept {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text.remove_prefix(1);
    text.remove_suffix(1);
  }
  return text;
}

/// A number (also one in quotes) or null; false for anything else.
bool read_scalar(std::string_view text, std::optional<double>& value) noexcept {
  const Cell cell = read_cell(without_quotes(text));
  value = cell.kind == CellKind::number ? std::optional(cell.number) : std::nullopt;
  return cell.kind != CellKind::text;
}

/// The elements of an array that are numbers, all of them or none.
bool read_numbers(std::string_view array, std::vector<std::optional<double>>& values) {
  values.clear();
  std::string_view rest = without_blanks(array.substr(1));
  while (!rest.starts_with(']')) {
    const std::string_view element = take_value(rest);
    std::optional<double> value;
    if (element.empty() || !read_scalar(element, value)) return false;
    values.push_back(value);
    if (!rest.starts_with(',')) break;
    rest.remove_prefix(1);
  }
  return !values.empty();
}

class ArrayFinder {
 public:
  ArrayFinder(std::size_t most, JsonArrays& found) : most_(most), found_(found) {}

  std::string_view object(std::string_view text, const std::string& prefix, int depth) {
    if (depth > kDeepestObject) return "nested too deeply";
    std::string_view rest = without_blanks(text.substr(1));
    while (!rest.starts_with('}')) {
      const std::string_view name = take_value(rest);
      if (name.size() < 2 || name.front() != '"' || !rest.starts_with(':'))
        return "a key is expected";
      rest.remove_prefix(1);
      const std::string_view value = take_value(rest);
      if (value.empty()) return "a value is expected";
      const std::string error(member(std::string(without_quotes(name)), value, prefix, depth));
      if (!error.empty()) return "nested too deeply";
      if (found_.signals.size() > most_) return "too many arrays";
      if (rest.starts_with('}')) break;
      if (!rest.starts_with(',')) return "\",\" or \"}\" is expected";
      rest = without_blanks(rest.substr(1));
    }
    return "";
  }

 private:
  std::string_view member(const std::string& name, std::string_view value,
                          const std::string& prefix, int depth) {
    const std::string path = prefix.empty() ? name : prefix + "/" + name;
    if (value.starts_with('[')) {
      JsonArray made{path, {}, {}, {}};
      if (read_numbers(value, made.values) || read_tuples(value, made)) {
        found_.signals.push_back(std::move(made));
      }
      return "";
    }
    if (value.starts_with('{')) {
      JsonArray made{path, {}, {}, {}};
      if (numbered(value, made)) {
        found_.signals.push_back(std::move(made));
        return "";
      }
      const bool wrapper = std::ranges::find(kWrappers, name) != kWrappers.end();
      return object(value, wrapper ? prefix : path, depth + 1);
    }
    std::optional<double> number;
    if (read_scalar(value, number)) {
      if (number && std::isfinite(*number)) found_.configuration[path] = *number;
    } else {
      found_.configuration[path] = std::string(without_quotes(value));
    }
    return "";
  }

  /// {"0": 2.5, "1": 1.5}
  static bool numbered(std::string_view text, JsonArray& made) {
    std::string_view rest = without_blanks(text.substr(1));
    while (!rest.starts_with('}')) {
      const auto place = parse_double(without_quotes(take_value(rest)));
      if (!place || !std::isfinite(*place) || !rest.starts_with(':')) return false;
      rest.remove_prefix(1);
      std::optional<double> value;
      if (!read_scalar(take_value(rest), value)) return false;
      made.positions.push_back(*place);
      made.values.push_back(value);
      if (!rest.starts_with(',')) break;
      rest = without_blanks(rest.substr(1));
    }
    return !made.values.empty();
  }

  std::size_t most_;
  JsonArrays& found_;
};

std::size_t longest_of(const JsonArrays& arrays) {
  std::size_t longest = 0;
  for (const JsonArray& one : arrays.signals) longest = std::max(longest, one.values.size());
  return longest;
}

/// The array, among those of the greatest length, that is the position of the others.
std::optional<std::size_t> position_array(const JsonArrays& arrays, const ReadOptions& options) {
  const std::size_t longest = longest_of(arrays);
  PositionFinder finder;
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < arrays.signals.size(); ++i) {
    const JsonArray& one = arrays.signals[i];
    if (one.name == options.step_column) return i;
    if (one.values.size() == longest && one.positions.empty() && finder.add(one.name, false)) {
      columns.push_back(i);
    }
  }
  for (std::size_t row = 0; row < longest; ++row) {
    finder.row(0);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (const auto value = arrays.signals[columns[c]].values[row]) finder.value(c, *value);
    }
  }
  const auto chosen = finder.position();
  return chosen ? std::optional(columns[*chosen]) : std::nullopt;
}

double place_of(const JsonArray& one, const JsonArray* position, std::size_t i) {
  if (!one.positions.empty()) return one.positions[i];
  const bool fits = position != nullptr && position->values.size() == one.values.size();
  return fits && position->values[i] ? *position->values[i] : static_cast<double>(i);
}

}  // namespace

std::string_view read_arrays(std::string_view object, std::size_t most, JsonArrays& arrays) {
  return ArrayFinder(most, arrays).object(object, "", 0);
}

bool read_tuples(std::string_view array, JsonArray& signal) {
  std::string_view rest = without_blanks(array.substr(1));
  std::vector<std::optional<double>> tuple;
  while (!rest.starts_with(']')) {
    const std::string_view element = take_value(rest);
    if (!element.starts_with('[') || !read_numbers(element, tuple)) return false;
    const std::size_t size = tuple.size();
    if ((size != 2 && size != 3) || !tuple[size - 2] || !std::isfinite(*tuple[size - 2]))
      return false;
    signal.positions.push_back(*tuple[size - 2]);
    signal.values.push_back(tuple[size - 1]);
    if (size == 3) signal.seconds.push_back(tuple[0].value_or(kNoTime));
    if (!rest.starts_with(',')) break;
    rest.remove_prefix(1);
  }
  return !signal.values.empty() &&
         (signal.seconds.empty() || signal.seconds.size() == signal.values.size());
}

bool emit_arrays(const JsonArrays& arrays, Feed& feed, const Origin& origin,
                 const ReadOptions& options, SourceInfo& info) {
  const std::size_t longest = longest_of(arrays);
  if (longest < 2) return false;
  const auto chosen = position_array(arrays, options);
  const JsonArray* position = chosen ? &arrays.signals[*chosen] : nullptr;
  info.position_column = position == nullptr ? "" : position->name;
  info.rows = longest;
  if (position == nullptr) info.position_note = "places in the arrays";
  const auto axis = options.axis.value_or(position == nullptr ? series::Axis::step
                                                              : axis_of_column(position->name));
  const RunIndex run = feed.run(origin.run, arrays.configuration);
  feed.configuration(run, arrays.configuration);
  bool any = false;
  std::unordered_set<std::string_view> names;
  for (const JsonArray& one : arrays.signals) {
    if (&one == position) continue;
    if (one.values.size() <= kSettingLength && longest > kLogLength) {
      feed.ignored();
      continue;
    }
    if (!names.insert(one.name).second) {
      feed.warn_of(
          origin.path + " twice",
          fmt::format(
              "{}: \"{}\" stands twice in the document; both are read, one behind the other",
              origin.path, terminal_safe(one.name)));
    }
    const SignalIndex signal = feed.signal(run, one.name, axis);
    for (std::size_t i = 0; i < one.values.size(); ++i) {
      if (!one.values[i]) {
        feed.missing();
        continue;
      }
      any = true;
      feed.point(signal, place_of(one, position, i), *one.values[i],
                 one.seconds.empty() ? kNoTime : one.seconds[i]);
    }
  }
  return any;
}

}  // namespace emdyn::collect::ingest
