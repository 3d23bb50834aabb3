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

struct KnownPosition {
  std::string_view name;
  Axis axis;
};

// Best first. Counters within an epoch (batch) stand before it: they are joined over the epochs.
constexpr auto kPositions = std::to_array<KnownPosition>({
    {"step", Axis::step},
    {"_step", Axis::step},
    {"global_step", Axis::step},
    {"globalstep", Axis::step},
    {"train_step", Axis::step},
    {"training_step", Axis::step},
    {"steps", Axis::step},
    {"current_step", Axis::step},
    {"global_steps", Axis::step},
    {"iteration", Axis::step},
    {"iterations", Axis::step},
    {"iter", Axis::step},
    {"iters", Axis::step},
    {"it", Axis::step},
    {"itr", Axis::step},
    {"n_iter", Axis::step},
    {"num_updates", Axis::step},
    {"n_updates", Axis::step},
    {"updates", Axis::step},
    {"update", Axis::step},
    {"timestep", Axis::step},
    {"timesteps", Axis::step},
    {"total_timesteps", Axis::step},
    {"num_timesteps", Axis::step},
    {"total_steps", Axis::step},
    {"env_step", Axis::step},
    {"env_steps", Axis::step},
    {"frame", Axis::step},
    {"frames", Axis::step},
    {"episode", Axis::step},
    {"episodes", Axis::step},
    {"generation", Axis::step},
    {"round", Axis::step},
    {"checkpoint", Axis::step},
    {"ckpt", Axis::step},
    {"tokens", Axis::tokens},
    {"n_tokens", Axis::tokens},
    {"num_tokens", Axis::tokens},
    {"tokens_seen", Axis::tokens},
    {"consumed_tokens", Axis::tokens},
    {"train_tokens", Axis::tokens},
    {"total_tokens", Axis::tokens},
    {"samples", Axis::step},
    {"n_samples", Axis::step},
    {"samples_seen", Axis::step},
    {"consumed_samples", Axis::step},
    {"examples", Axis::step},
    {"examples_seen", Axis::step},
    {"images_seen", Axis::step},
    {"flops", Axis::flops},
    {"train_flops", Axis::flops},
    {"total_flops", Axis::flops},
    {"batch", Axis::step},
    {"batch_idx", Axis::step},
    {"batch_index", Axis::step},
    {"minibatch", Axis::step},
    {"epoch", Axis::step},
});
// Weak names: only when nothing above is there.
constexpr auto kWeakPositions = std::to_array<KnownPosition>({
    {"position", Axis::step},
    {"t", Axis::step},
    {"index", Axis::step},
    {"idx", Axis::step},
    {"year", Axis::step},
    {"row", Axis::step},
    {"#", Axis::step},
    {"severity", Axis::severity},
});
// Names that settings have as often: only where the values rise with every row.
constexpr auto kSettingPositions = std::to_array<KnownPosition>({
    {"parameters", Axis::parameters},
    {"params", Axis::parameters},
    {"n_params", Axis::parameters},
    {"num_params", Axis::parameters},
    {"epochs", Axis::step},
    {"epsilon", Axis::epsilon},
    {"eps", Axis::epsilon},
    {"x", Axis::step},
    {"n", Axis::step},
});
// Last words of names that count: "opt_step".
constexpr auto kCounters = std::to_array<KnownPosition>({
    {"step", Axis::step},
    {"steps", Axis::step},
    {"iteration", Axis::step},
    {"iterations", Axis::step},
    {"iter", Axis::step},
    {"timesteps", Axis::step},
    {"updates", Axis::step},
    {"tokens", Axis::tokens},
    {"samples", Axis::step},
    {"steps_sampled", Axis::step},
});
constexpr std::size_t kSlashCost = 30;
constexpr std::size_t kCounterCost = 300;
constexpr std::size_t kWeakCost = 400;
constexpr std::size_t kSettingCost = 1000;

constexpr std::array<std::string_view, 13> kTimes{
    "_timestamp", "timestamp",  "wall_time", "walltime", "_time",      "time", "datetime",
    "date",       "created_at", "unix_time", "unixtime", "epoch_time", "ts"};
struct TimeUnit {
  std::string_view ending;
  double divisor;
};
constexpr std::array<TimeUnit, 9> kTimeUnits{{{"_ns", 1e9},
                                              {"_nanos", 1e9},
                                              {"_us", 1e6},
                                              {"_micros", 1e6},
                                              {"_ms", 1e3},
                                              {"_millis", 1e3},
                                              {"_s", 1.0},
                                              {"_sec", 1.0},
                                              {"_secs", 1.0}}};
constexpr std::array<std::string_view, 3> kValues{"value", "values", "metric_value"};
constexpr std::array<std::string_view, 6> kSignalNames{"metric",   "tag", "signal",
                                                       "variable", "key", "name"};
constexpr std::array<std::string_view, 7> kSplits{"mode",   "phase",     "split",        "stage",
                                                  "subset", "partition", "dataset_split"};
// The first of these alone names the run …
constexpr std::array<std::string_view, 16> kRunNames{
    "run",      "run_id",     "run_name",        "runid", "_run",     "trial",
    "trial_id", "experiment", "experiment_name", "exp",   "exp_name", "job",
    "job_id",   "file",       "filename",        "path"};
// … else all of these together.
constexpr std::array<std::string_view, 10> kRunParts{"suite",   "model",   "model_name", "name",
                                                     "config",  "variant", "seed",       "fold",
                                                     "replica", "shots"};

bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }

/// "Global-Step " and "globalStep" → "global_step".
std::string joined_by_underscores(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i > 0 && is_upper(text[i]) && is_lower(text[i - 1])) name += '_';
    name += text[i];
  }
  name = to_lower(name);
  std::ranges::replace_if(
      name, [](char c) { return c == ' ' || c == '-' || c == '.'; }, '_');
  return name;
}

/// "Trainer/Global-Step " → "global_step".
std::string normalised(std::string_view column) {
  column = trim(column);
  if (const auto slash = column.rfind('/'); slash != std::string_view::npos) {
    column.remove_prefix(slash + 1);
  }
  return joined_by_underscores(column);
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

template <std::size_t N>
const KnownPosition* known_in(const std::array<KnownPosition, N>& names,
                              std::string_view name) noexcept {
  const auto found = std::ranges::find(names, name, &KnownPosition::name);
  return found == names.end() ? nullptr : &*found;
}

/// The unit that a name ends in.
const TimeUnit* unit_of(std::string_view name) noexcept {
  const auto found = std::ranges::find_if(
      kTimeUnits, [&](const TimeUnit& unit) { return name.ends_with(unit.ending); });
  return found == kTimeUnits.end() ? nullptr : &*found;
}

/// The rank of a normalised name among those of times, whatever unit it ends in.
std::optional<std::size_t> time_rank_of(std::string_view name) noexcept {
  const auto plain = rank_in(kTimes, name);
  const TimeUnit* unit = plain ? nullptr : unit_of(name);
  if (unit == nullptr) return plain;
  return rank_in(kTimes, name.substr(0, name.size() - unit->ending.size()));
}

const KnownPosition* counter_of(std::string_view name) noexcept {
  for (const KnownPosition& counter : kCounters) {
    if (name.size() > counter.name.size() + 1 && name.ends_with(counter.name) &&
        name[name.size() - counter.name.size() - 1] == '_') {
      return &counter;
    }
  }
  return nullptr;
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
    const bool taken = contains(choice.name_columns, i);
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

std::optional<PositionName> position_name(std::string_view column) {
  using Demand = PositionName::Demand;
  const std::string name = normalised(column);
  const std::size_t behind_slash = column.find('/') == std::string_view::npos ? 0 : kSlashCost;
  if (const KnownPosition* known = known_in(kPositions, name)) {
    return PositionName{behind_slash + static_cast<std::size_t>(known - kPositions.data()),
                        Demand::none};
  }
  if (counter_of(name) != nullptr)
    return PositionName{behind_slash + kCounterCost, Demand::counting};
  if (const KnownPosition* known = known_in(kWeakPositions, name)) {
    return PositionName{
        behind_slash + kWeakCost + static_cast<std::size_t>(known - kWeakPositions.data()),
        Demand::none};
  }
  if (const KnownPosition* known = known_in(kSettingPositions, name)) {
    return PositionName{
        behind_slash + kSettingCost + static_cast<std::size_t>(known - kSettingPositions.data()),
        Demand::rising};
  }
  return std::nullopt;
}

std::optional<std::size_t> position_rank(std::string_view column) {
  const auto name = position_name(column);
  const bool told_by_name = name && name->demand != PositionName::Demand::counting;
  return told_by_name ? std::optional(name->cost) : std::nullopt;
}

std::optional<std::size_t> time_rank(std::string_view column) {
  return time_rank_of(normalised(column));
}

double time_divisor(std::string_view column) {
  const std::string name = normalised(column);
  const TimeUnit* unit = time_rank_of(name) ? unit_of(name) : nullptr;
  return unit == nullptr ? 0.0 : unit->divisor;
}

bool is_epoch(std::string_view column) { return normalised(column) == "epoch"; }

bool is_split(std::string_view column) { return rank_in(kSplits, normalised(column)).has_value(); }

std::optional<std::string_view> split_prefix(std::string_view word) {
  const std::string name = to_lower(trim(word));
  if (name == "train" || name == "training") return "";
  if (name == "val" || name == "valid" || name == "validation" || name == "validate") return "val/";
  if (name == "test" || name == "testing") return "test/";
  if (name == "eval" || name == "evaluation" || name == "evaluate") return "eval/";
  if (name == "dev") return "dev/";
  return std::nullopt;
}

Axis axis_of_column(std::string_view column) {
  const std::string name = normalised(column);
  if (const KnownPosition* known = known_in(kPositions, name)) return known->axis;
  if (const KnownPosition* known = known_in(kWeakPositions, name)) return known->axis;
  if (const KnownPosition* known = known_in(kSettingPositions, name)) return known->axis;
  if (time_rank_of(name) || name == "seconds") return Axis::seconds;
  const KnownPosition* counter = counter_of(name);
  return counter == nullptr ? Axis::step : counter->axis;
}

void set_position(ColumnChoice& choice, std::optional<std::size_t> position,
                  std::span<const std::string> columns, const ReadOptions& options) {
  choice.position = position;
  if (choice.time == position) choice.time.reset();
  std::erase_if(choice.run_columns, [&](std::size_t i) { return i == position; });
  choice.outer.reset();
  for (std::size_t i = 0; position && i < columns.size() && !choice.outer; ++i) {
    if (i != *position && is_epoch(columns[i])) choice.outer = i;
  }
  choice.axis = options.axis.value_or(position ? axis_of_column(columns[*position]) : Axis::step);
}

ColumnChoice choose_columns(std::span<const std::string> columns, const ReadOptions& options,
                            std::string_view where) {
  std::vector<std::string> names(columns.size());
  std::ranges::transform(columns, names.begin(), normalised);
  ColumnChoice choice;
  choose_long(choice, names);
  std::optional<std::size_t> position;
  if (!options.step_column.empty()) {
    position = required_column(columns, options.step_column, "the step", where);
  } else {
    position = best(columns, [](const std::string& n) { return position_rank(n); });
    // A table written by pandas begins with its unnamed index.
    if (!position && columns.size() > 1 && names[0].empty()) position = 0;
  }
  choice.time = best(names, [](const std::string& n) { return time_rank_of(n); });
  if (!position && choice.time) position = choice.time;
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
  set_position(choice, position, columns, options);
  return choice;
}

}  // namespace emdyn::collect::ingest
