#include "emdyn/app/serve/run_list.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "emdyn/collect/store/folder.hpp"
#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::serve {
namespace {

constexpr std::array<std::string_view, 8> kSorts{"created", "name",   "status",        "points",
                                                 "signals", "events", "last_position", "id"};
constexpr std::array<std::string_view, 5> kStatuses{"", "running", "finished", "interrupted",
                                                    "failed"};
constexpr std::array<std::string_view, 2> kOrders{"desc", "asc"};

std::string file_stamp(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return {};
  return fmt::format("{}.{}.{}", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

bool holds(const std::string& text, const std::string& lower_part) {
  return to_lower(text).find(lower_part) != std::string::npos;
}

bool matches(const RunSummary& run, const RunQuery& query, const std::string& lower_text) {
  const auto& info = run.info;
  if (!query.status.empty() && series::word(info.status) != query.status) return false;
  if (!query.tag.empty() && std::ranges::count(info.tags, query.tag) == 0) return false;
  if (lower_text.empty()) return true;
  return holds(info.name, lower_text) || holds(info.id, lower_text) ||
         holds(info.source, lower_text) ||
         std::ranges::any_of(info.tags, [&](const auto& tag) { return holds(tag, lower_text); });
}

/// The number a run is sorted by; nothing for words.
std::optional<double> sort_number(const RunSummary& run, std::string_view by) {
  if (by == kSorts[0]) return run.info.created;
  if (by == kSorts[3]) return static_cast<double>(run.points);
  if (by == kSorts[4]) return static_cast<double>(run.signals);
  if (by == kSorts[5]) return static_cast<double>(run.events);
  if (by == kSorts[6]) return run.last_position.value_or(-std::numeric_limits<double>::infinity());
  return std::nullopt;
}

std::string sort_word(const RunSummary& run, std::string_view by) {
  if (by == kSorts[1]) return to_lower(run.info.name);
  if (by == kSorts[2]) return std::string(series::word(run.info.status));
  return run.info.id;
}

void sort_runs(std::vector<const RunSummary*>& runs, const RunQuery& query) {
  struct Key {
    double number;
    std::string word;
    const RunSummary* run;
  };
  std::vector<Key> keys;
  keys.reserve(runs.size());
  for (const RunSummary* run : runs) {
    const auto number = sort_number(*run, query.sort);
    keys.push_back(
        {number.value_or(0.0), number ? std::string() : sort_word(*run, query.sort), run});
  }
  const auto less = [](const Key& a, const Key& b) {
    if (a.number != b.number) return a.number < b.number;
    if (a.word != b.word) return a.word < b.word;
    return a.run->info.id < b.run->info.id;  // Equal keys keep one order on every page.
  };
  std::ranges::sort(
      keys, [&](const Key& a, const Key& b) { return query.descending ? less(b, a) : less(a, b); });
  std::ranges::transform(keys, runs.begin(), &Key::run);
}

}  // namespace

std::string run_stamp(const std::filesystem::path& store, std::string_view run) {
  if (!collect::store::is_id(run)) return {};
  const std::string file = collect::store::run_path(store, run).string();
  const std::string own = file_stamp(file);
  if (own.empty()) return {};
  const bool held = collect::store::RunLock::held(store, run);
  return fmt::format("{}/{}/{}", own, file_stamp(file + "-wal"), held);
}

RunQuery RunQuery::of(const Query& query) {
  RunQuery asked;
  asked.text = query.text("q").value_or("");
  asked.status = query.word("status", kStatuses);
  asked.tag = query.text("tag").value_or("");
  asked.sort = query.word("sort", kSorts);
  asked.descending = query.word("order", kOrders) == kOrders[0];
  asked.offset = static_cast<std::size_t>(query.integer("offset", 0, 0, 1'000'000'000));
  asked.limit = static_cast<std::size_t>(query.integer("limit", 100, 0, kMostRuns));
  return asked;
}

Json run_row(const RunSummary& run) {
  return Json{{"id", run.info.id},
              {"name", run.info.name},
              {"status", series::word(run.info.status)},
              {"created", run.info.created},
              {"tags", run.info.tags},
              {"source", run.info.source},
              {"signals", run.signals},
              {"points", run.points},
              {"nonfinite", run.nonfinite},
              {"last_position", number_or_null(run.last_position)},
              {"events", run.events},
              {"transitions", run.transitions},
              {"forecasts", run.forecasts}};
}

void RunList::replace(std::shared_ptr<const Runs> runs) {
  const std::lock_guard lock(mutex_);
  runs_ = std::move(runs);
  ++generation_;
}

std::vector<std::string> RunList::refresh() {
  std::vector<std::string> problems;
  auto store = collect::store::Store::open(store_, collect::store::Mode::read);
  auto fresh = std::make_shared<Runs>();
  for (RunSummary& run : store.runs(&problems))
    fresh->push_back(std::make_shared<const RunSummary>(std::move(run)));
  replace(std::move(fresh));
  return problems;
}

RunList::Change RunList::refresh(const std::string& run) {
  Change change{find(run), nullptr};
  if (!run_stamp(store_, run).empty()) {
    auto store = collect::store::Store::open(store_, collect::store::Mode::read);
    change.now = std::make_shared<const RunSummary>(store.summary(run));
  }
  auto fresh = std::make_shared<Runs>(*runs());
  const auto place =
      std::ranges::lower_bound(*fresh, run, {}, [](const Run& each) { return each->info.id; });
  const bool known = place != fresh->end() && (*place)->info.id == run;
  if (known && change.now) {
    *place = change.now;
  } else if (known) {
    fresh->erase(place);
  } else if (change.now) {
    fresh->insert(place, change.now);
  }
  if (known || change.now) replace(std::move(fresh));
  return change;
}

std::shared_ptr<const RunList::Runs> RunList::runs() const {
  const std::lock_guard lock(mutex_);
  return runs_;
}

RunList::Run RunList::find(std::string_view run) const {
  const auto all = runs();
  const auto place = std::ranges::lower_bound(
      *all, run, {}, [](const Run& each) { return std::string_view(each->info.id); });
  return place != all->end() && (*place)->info.id == run ? *place : nullptr;
}

std::uint64_t RunList::generation() const {
  const std::lock_guard lock(mutex_);
  return generation_;
}

Json RunList::list(const RunQuery& query) const {
  const auto all = runs();
  const std::string lower_text = to_lower(query.text);
  std::vector<const RunSummary*> found;
  for (const Run& run : *all)
    if (matches(*run, query, lower_text)) found.push_back(run.get());
  sort_runs(found, query);
  Json rows = Json::array();
  const std::size_t first = std::min(query.offset, found.size());
  const std::size_t last = std::min(found.size(), first + query.limit);
  for (std::size_t i = first; i < last; ++i) rows.push_back(run_row(*found[i]));
  return Json{{"runs", std::move(rows)},
              {"total", all->size()},
              {"matching", found.size()},
              {"offset", first}};
}

}  // namespace emdyn::app::serve
