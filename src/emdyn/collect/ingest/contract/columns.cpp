#include "emdyn/collect/ingest/contract/columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "emdyn/collect/ingest/contract/numbers.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

using series::Axis;

struct PositionName {
  std::string_view name;
  Axis axis;
};

// Best first.
constexpr std::array<PositionName, 34> kPositions{{
    {"step", Axis::step},
    {"_step", Axis::step},
    {"global_step", Axis::step},
    {"globalstep", Axis::step},
    {"train_step", Axis::step},
    {"training_step", Axis::step},
    {"steps", Axis::step},
    {"current_step", Axis::step},
    {"iteration", Axis::step},
    {"iterations", Axis::step},
    {"iter", Axis::step},
    {"num_updates", Axis::step},
    {"update", Axis::step},
    {"checkpoint", Axis::step},
    {"tokens", Axis::tokens},
    {"n_tokens", Axis::tokens},
    {"num_tokens", Axis::tokens},
    {"tokens_seen", Axis::tokens},
    {"consumed_tokens", Axis::tokens},
    {"train_tokens", Axis::tokens},
    {"flops", Axis::flops},
    {"train_flops", Axis::flops},
    {"total_flops", Axis::flops},
    {"epoch", Axis::step},
    {"epochs", Axis::step},
    {"parameters", Axis::parameters},
    {"params", Axis::parameters},
    {"n_params", Axis::parameters},
    {"num_params", Axis::parameters},
    {"epsilon", Axis::epsilon},
    {"eps", Axis::epsilon},
    {"severity", Axis::severity},
    {"position", Axis::step},
    {"t", Axis::step},
}};
// Weak names: only when nothing above is there.
constexpr std::array<std::string_view, 6> kWeakPositions{"index", "x", "year", "row", "n", "#"};

constexpr std::array<std::string_view, 9> kTimes{"_timestamp", "timestamp", "wall_time",
                                                 "walltime",   "_time",     "time",
                                                 "datetime",   "date",      "created_at"};
constexpr std::array<std::string_view, 3> kValues{"value", "values", "metric_value"};
constexpr std::array<std::string_view, 6> kSignalNames{"metric",   "tag", "signal",
                                                       "variable", "key", "name"};
// The first of these alone names the run …
constexpr std::array<std::string_view, 16> kRunNames{
    "run",      "run_id",     "run_name",        "runid", "_run",     "trial",
    "trial_id", "experiment", "experiment_name", "exp",   "exp_name", "job",
    "job_id",   "file",       "filename",        "path"};
// … else all of these together.
constexpr std::array<std::string_view, 9> kRunParts{
    "suite", "model", "model_name", "name", "config", "variant", "seed", "replica", "shots"};

/// "Trainer/Global-Step " → "global_step".
std::string normalised(std::string_view column) {
  column = trim(column);
  if (const auto slash = column.rfind('/'); slash != std::string_view::npos) {
    column.remove_prefix(slash + 1);
  }
  std::string name = to_lower(column);
  std::ranges::replace_if(
      name, [](char c) { return c == ' ' || c == '-' || c == '.'; }, '_');
  return name;
}

template <std::size_t N>
std::optional<std::size_t> rank_in(const std::array<std::string_view, N>& names,
                                   std::string_view name) noexcept {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

template <class Rank>
std::optional<std::size_t> best(std::span<const std::string> names, Rank rank) {
  std::optional<std::size_t> chosen;
  std::size_t chosen_rank = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto ranked = rank(names[i]);
    if (ranked && (!chosen || *ranked < chosen_rank)) {
      chosen = i;
      chosen_rank = *ranked;
    }
  }
  return chosen;
}

std::optional<std::size_t> rank_of_position(std::string_view name) noexcept {
  const auto found = std::ranges::find(kPositions, name, &PositionName::name);
  if (found != kPositions.end()) return static_cast<std::size_t>(found - kPositions.begin());
  if (const auto weak = rank_in(kWeakPositions, name)) return kPositions.size() + *weak;
  return std::nullopt;
}

std::size_t required_column(std::span<const std::string> columns, std::string_view wanted,
                            std::string_view option, std::string_view where) {
  const auto found = std::ranges::find(columns, wanted);
  if (found != columns.end()) return static_cast<std::size_t>(found - columns.begin());
  std::string known;
  for (std::size_t i = 0; i < columns.size() && i < 20; ++i) {
    known += (i == 0 ? "" : ", ") + terminal_safe(columns[i]);
  }
  throw DataError(fmt::format("{}: no column \"{}\" for {} (columns: {}{})", where,
                              terminal_safe(wanted), option, known,
                              columns.size() > 20 ? ", …" : ""));
}

bool contains(const std::vector<std::size_t>& list, std::size_t index) {
  return std::ranges::find(list, index) != list.end();
}

void choose_long(ColumnChoice& choice, std::span<const std::string> names) {
  const auto value = best(names, [](const std::string& n) { return rank_in(kValues, n); });
  const auto name = best(names, [](const std::string& n) { return rank_in(kSignalNames, n); });
  if (!value || !name) return;
  choice.value = value;
  // A benchmark's task tells apart what its metric alone does not.
  const auto task = std::ranges::find(names, "task");
  if (task != names.end() && names[*name] != "name") {
    choice.name_columns.push_back(static_cast<std::size_t>(task - names.begin()));
  }
  choice.name_columns.push_back(*name);
}

void choose_runs(ColumnChoice& choice, std::span<const std::string> names) {
  const auto run = best(names, [](const std::string& n) { return rank_in(kRunNames, n); });
  if (run) {
    choice.run_columns = {*run};
    return;
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool taken = contains(choice.name_columns, i) || choice.position == i;
    if (!taken && rank_in(kRunParts, names[i])) choice.run_columns.push_back(i);
  }
}

}  // namespace

bool number_equal_names(std::vector<std::string>& names) {
  std::unordered_set<std::string> taken;
  bool changed = false;
  for (std::string& name : names) {
    const std::string wanted = name;
    for (std::size_t n = 1; !taken.insert(name).second; ++n) {
      name = fmt::format("{}.{}", wanted, n);
      changed = true;
    }
  }
  return changed;
}

std::optional<std::size_t> position_rank(std::string_view column) {
  return rank_of_position(normalised(column));
}

std::optional<std::size_t> time_rank(std::string_view column) {
  return rank_in(kTimes, normalised(column));
}

Axis axis_of_column(std::string_view column) {
  const std::string name = normalised(column);
  const auto found = std::ranges::find(kPositions, name, &PositionName::name);
  if (found != kPositions.end()) return found->axis;
  return rank_in(kTimes, name) || name == "seconds" ? Axis::seconds : Axis::step;
}

ColumnChoice choose_columns(std::span<const std::string> columns, const ReadOptions& options,
                            std::string_view where) {
  std::vector<std::string> names(columns.size());
  std::ranges::transform(columns, names.begin(), normalised);
  ColumnChoice choice;
  choose_long(choice, names);
  if (!options.step_column.empty()) {
    choice.position = required_column(columns, options.step_column, "the step", where);
  } else {
    choice.position = best(names, [](const std::string& n) { return rank_of_position(n); });
    // A table written by pandas begins with its unnamed index.
    if (!choice.position && columns.size() > 1 && names[0].empty()) choice.position = 0;
  }
  choice.time = best(names, [](const std::string& n) { return rank_in(kTimes, n); });
  if (!choice.position && choice.time) choice.position = choice.time;
  if (choice.position == choice.time) choice.time.reset();
  if (options.run_columns.empty()) {
    choose_runs(choice, names);
  } else {
    for (const std::string& column : options.run_columns) {
      choice.run_columns.push_back(required_column(columns, column, "the run", where));
    }
    std::erase_if(choice.name_columns,
                  [&](std::size_t i) { return contains(choice.run_columns, i); });
    if (choice.name_columns.empty()) choice.value.reset();
  }
  choice.axis = options.axis.value_or(choice.position ? axis_of_column(columns[*choice.position])
                                                      : Axis::step);
  return choice;
}

}  // namespace emdyn::collect::ingest
