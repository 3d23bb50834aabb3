#include "emergence_bench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "mirage_bench.hpp"

namespace emdyn::bench {
namespace {

std::vector<Row> mirage_figure_rows(const EmergenceBenchOptions& options) {
  auto rows = bench_mirage({.pairs = 20 * options.series, .seed = options.seed});
  for (Row& row : rows) {
    row.name = "mirage/" + row.name;
    if (row.passes) row.target = row.name.ends_with("false_real") ? "<= 0.05" : ">= 0.95";
  }
  return rows;
}

struct BenchPart {
  std::string_view word;
  std::vector<Row> (*rows)(const EmergenceBenchOptions&);
};
constexpr std::array kEmergenceParts{BenchPart{"known", known_answer_rows},
                                     BenchPart{"speed", information_speed_rows},
                                     BenchPart{"onset", onset_rows},
                                     BenchPart{"false_transitions", false_transition_rows},
                                     BenchPart{"mirage", mirage_figure_rows},
                                     BenchPart{"warning", warning_figure_rows},
                                     BenchPart{"scale", scale_figure_rows},
                                     BenchPart{"probes", probe_figure_rows},
                                     BenchPart{"critical", critical_point_rows}};

void require_known_parts(const std::vector<std::string>& only) {
  for (const std::string& word : only) {
    if (std::ranges::find(kEmergenceParts, word, &BenchPart::word) != kEmergenceParts.end())
      continue;
    std::string known;
    for (const BenchPart& part : kEmergenceParts)
      known += fmt::format("{}{}", known.empty() ? "" : ", ", part.word);
    throw ConfigError(
        fmt::format("--only must name parts among {}, got \"{}\"", known, terminal_safe(word)));
  }
}

}  // namespace

std::vector<Row> bench_emergence(const EmergenceBenchOptions& options, const Task& task) {
  require_known_parts(options.only);
  std::vector<Row> rows;
  std::uint64_t done = 0;
  for (const BenchPart& part : kEmergenceParts) {
    const bool asked =
        options.only.empty() || std::ranges::find(options.only, part.word) != options.only.end();
    task.check();
    task.tell({"emergence", done++, kEmergenceParts.size(), "parts", part.word});
    if (!asked) continue;
    for (Row& row : part.rows(options)) rows.push_back(std::move(row));
  }
  return rows;
}

Row at_most(std::string name, double value, double bar, std::string unit) {
  return {std::move(name),
          value,
          std::move(unit),
          std::nullopt,
          {},
          {},
          {},
          value <= bar,
          fmt::format("<= {:.4g}", bar)};
}

Row at_least(std::string name, double value, double bar, std::string unit) {
  return {std::move(name),
          value,
          std::move(unit),
          std::nullopt,
          {},
          {},
          {},
          value >= bar,
          fmt::format(">= {:.4g}", bar)};
}

Row between(std::string name, double value, double low, double high, std::string unit) {
  return {std::move(name),
          value,
          std::move(unit),
          std::nullopt,
          {},
          {},
          {},
          low <= value && value <= high,
          fmt::format("{:.4g} to {:.4g}", low, high)};
}

}  // namespace emdyn::bench
