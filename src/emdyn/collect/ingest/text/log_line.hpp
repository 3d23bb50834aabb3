#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace emdyn::collect::ingest {

/// What one line of a log for people says.
struct LogLine {
  struct Pair {
    std::string key{};
    double value = 0.0;
    std::optional<double> total{};  ///< Of "12/500".
    bool told = false;              ///< A colon or an equals sign stands between key and value.
  };
  std::vector<Pair> pairs{};
  std::optional<std::size_t> step{};   ///< The pair that counts steps …
  std::optional<std::size_t> epoch{};  ///< … and the one that counts epochs.
  std::optional<double> seconds{};     ///< Time of day the line begins with, since the epoch.

  bool has_position() const noexcept { return step || epoch; }
  /// True when every pair but the positions is told.
  bool all_told() const noexcept;
  /// The keys in order: equal for lines that one statement of a program prints.
  std::string shape() const;
};

/// Finds "key: 1", "key=1", "key 1" and "key [1/500]" in a line, with any of , ; | - and blanks
/// between them; dates, levels and files in brackets before them are passed over. Words may be part
/// of a key ("elapsed time per iteration (ms)"). Cost: linear in the line.
LogLine read_log_line(std::string_view line);

}  // namespace emdyn::collect::ingest
