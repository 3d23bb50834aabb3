#include "emdyn/app/serve/run_answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "emdyn/app/serve/number_list.hpp"
#include "emdyn/app/serve/run_list.hpp"
#include "emdyn/collect/store/folder.hpp"
#include "emdyn/collect/store/overview.hpp"
#include "emdyn/collect/store/run_reader.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/report/chart/family.hpp"
#include "emdyn/series/roles.hpp"

namespace emdyn::app::serve {
namespace {

using collect::store::Column;
using collect::store::RunReader;
using collect::store::SignalRow;

constexpr int kPreviewColumns = 48;
constexpr const char* kFeedback = "feedback";

/// One entry of an overview, column by column.
class ColumnLists {
 public:
  /// What is not finite is null.
  void add(double position, const std::optional<double>& min, const std::optional<double>& max,
           const std::optional<double>& last) {
    position_.push_back(position);
    min_.push_back(number_or_null(min));
    max_.push_back(number_or_null(max));
    last_.push_back(number_or_null(last));
  }
  void write(Json& json) {
    json["position"] = std::move(position_);
    json["min"] = std::move(min_);
    json["max"] = std::move(max_);
    json["last"] = std::move(last_);
  }

 private:
  Json position_ = Json::array(), min_ = Json::array(), max_ = Json::array(), last_ = Json::array();
};

struct Counted {
  std::uint64_t points = 0;
  std::uint64_t nonfinite = 0;
};

Counted count(const std::vector<Column>& columns) {
  Counted all;
  for (const Column& column : columns) {
    all.points += column.points;
    all.nonfinite += column.nonfinite;
  }
  return all;
}

/// Few points are shown where they are.
void add_points(RunReader& reader, const SignalRow& signal, collect::store::Range range,
                ColumnLists& lists) {
  std::vector<std::pair<double, double>> all;
  collect::store::scan_signal(reader, signal, range, [&](const collect::store::Block& block) {
    for (std::size_t i = 0; i < block.positions.size(); ++i)
      all.emplace_back(block.positions[i], block.values[i]);
  });
  // A resumed run goes back; a line is drawn from left to right.
  std::ranges::stable_sort(all, {}, &std::pair<double, double>::first);
  for (const auto& [position, value] : all) lists.add(position, value, value, value);
}

using ChunkRows = std::vector<collect::store::ChunkRow>;

struct Bounds {
  double low = 0.0;
  double high = 0.0;
};

Bounds bounds_of(collect::store::Range range) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return {range.low.value_or(-kInfinity), range.high.value_or(kInfinity)};
}

/// The chunks that touch the range, where they lie one after another; nothing where a run went back.
std::optional<std::span<const collect::store::ChunkRow>> chunks_within(const ChunkRows& chunks,
                                                                       Bounds bounds) {
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (chunks[i].stats.backs > 0 || (i > 0 && chunks[i].stats.low < chunks[i - 1].stats.high))
      return std::nullopt;
  }
  const auto first = std::ranges::partition_point(
      chunks, [&](const auto& chunk) { return chunk.stats.high < bounds.low; });
  const auto last = std::partition_point(
      first, chunks.end(), [&](const auto& chunk) { return chunk.stats.low <= bounds.high; });
  return std::span(first, last);
}

void widen(Column& column, const std::optional<double>& min, const std::optional<double>& max) {
  if (min) column.min = std::min(column.min.value_or(*min), *min);
  if (max) column.max = std::max(column.max.value_or(*max), *max);
}

void add_chunk(Column& column, const collect::store::ChunkStats& stats) {
  if (column.points == 0) column.from = stats.low;
  column.to = stats.high;
  column.points += stats.count;
  column.nonfinite += stats.nonfinite;
  column.last = stats.last_value;
  widen(column, stats.min, stats.max);
}

void add_part_of_chunk(RunReader& reader, const SignalRow& signal,
                       const collect::store::ChunkRow& chunk, Bounds bounds, Column& column) {
  collect::store::Points points;
  reader.points(signal, chunk, false, points);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double position = points.positions[i], value = points.values[i];
    if (position < bounds.low || position > bounds.high) continue;
    if (column.points == 0) column.from = position;
    column.to = position;
    ++column.points;
    column.last = value;
    if (std::isfinite(value)) {
      widen(column, value, value);
    } else {
      ++column.nonfinite;
    }
  }
}

/// Columns of whole chunks.
std::vector<Column> chunk_columns(RunReader& reader, const SignalRow& signal,
                                  std::span<const collect::store::ChunkRow> chunks, int columns,
                                  Bounds bounds) {
  const std::size_t count = std::min(chunks.size(), static_cast<std::size_t>(columns));
  std::vector<Column> found(count);
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    Column& column = found[i * count / chunks.size()];
    const auto& stats = chunks[i].stats;
    if (stats.low < bounds.low || stats.high > bounds.high) {
      add_part_of_chunk(reader, signal, chunks[i], bounds, column);
    } else {
      add_chunk(column, stats);
    }
  }
  return found;
}

std::vector<Column> columns_of(RunReader& reader, const SignalRow& signal, const ChunkRows& chunks,
                               int columns, collect::store::Range range) {
  const Bounds bounds = bounds_of(range);
  const auto within = chunks_within(chunks, bounds);
  // Half as many chunks as columns are still a fine picture, and spare every read but two.
  if (within && 2 * within->size() >= static_cast<std::size_t>(columns))
    return chunk_columns(reader, signal, *within, columns, bounds);
  return make_overview(reader, signal, columns, range);
}

Json signal_overview(RunReader& reader, const SignalRow& signal, const ChunkRows& chunks,
                     int columns, collect::store::Range range) {
  const std::vector<Column> found = columns_of(reader, signal, chunks, columns, range);
  const Counted all = count(found);
  const bool exact = all.points <= static_cast<std::uint64_t>(columns);
  Json json{{"signal", signal.name},
            {"axis", series::word(signal.axis)},
            {"exact", exact},
            {"points", all.points},
            {"nonfinite", all.nonfinite},
            {"step", found.empty() ? 0.0 : found.front().to - found.front().from}};
  ColumnLists lists;
  if (exact) {
    add_points(reader, signal, range, lists);
  } else {
    for (const Column& column : found)
      if (column.points > 0)
        lists.add(0.5 * column.from + 0.5 * column.to, column.min, column.max, column.last);
  }
  lists.write(json);
  return json;
}

/// The signal that says most of how a run goes: an accuracy or loss by its role, else the first that moves.
const SignalRow* main_signal(const std::vector<SignalRow>& signals) {
  constexpr std::array kOrder{series::Role::test_accuracy, series::Role::test_loss,
                              series::Role::train_accuracy, series::Role::train_loss};
  for (const series::Role role : kOrder) {
    const auto found = std::ranges::find_if(
        signals, [&](const SignalRow& each) { return series::role_of(each.name) == role; });
    if (found != signals.end()) return &*found;
  }
  return signals.empty() ? nullptr : &signals.front();
}

/// A name that somebody gave, as a cell of a CSV table.
std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string cell = "\"";
  for (const char c : text) {
    cell += c;
    if (c == '"') cell += c;
  }
  return cell + '"';
}

/// Points `offset` to `offset + limit` of a range.
struct Page {
  std::vector<double> positions{}, values{}, seconds{};
  bool more = false;
};

Page page_of(collect::store::Store& store, const std::string& run, const PointsQuery& query) {
  Page page;
  std::uint64_t passed = 0;
  store.scan(run, query.signal, query.range, [&](const collect::store::Block& block) {
    for (std::size_t i = 0; i < block.positions.size(); ++i, ++passed) {
      if (passed < query.offset) continue;
      if (page.values.size() >= query.limit) {
        page.more = true;
        return;
      }
      page.positions.push_back(block.positions[i]);
      page.values.push_back(block.values[i]);
      if (!block.seconds.empty()) page.seconds.push_back(block.seconds[i]);
    }
  });
  return page;
}

std::string csv_page(const Page& page, const PointsQuery& query) {
  std::string text = "position," + csv_cell(query.signal);
  text += page.seconds.empty() ? "\n" : ",seconds\n";
  for (std::size_t i = 0; i < page.values.size(); ++i) {
    text += shortest(page.positions[i]) + ',' + shortest(page.values[i]);
    if (i < page.seconds.size())
      text += std::isnan(page.seconds[i]) ? "," : fmt::format(",{:.6f}", page.seconds[i]);
    text += '\n';
  }
  return text;
}

}  // namespace

Json run_detail(collect::store::Store& store, const std::string& run) {
  const collect::store::RunSummary summary = store.summary(run);
  Json json = run_row(summary);
  json["configuration"] = summary.info.configuration;
  json["notes"] = summary.info.notes;
  json["machine"] = summary.info.machine;
  json["code_version"] = summary.info.code_version;
  json["seed"] = summary.info.seed ? Json(*summary.info.seed) : Json(nullptr);
  Json signals = Json::array();
  for (const auto& signal : store.summaries(run)) {
    const auto role = series::role_of(signal.name);
    Json row = signal;
    row["family"] = report::signal_family(signal.name);
    row["role"] = role ? Json(series::word(*role)) : Json(nullptr);
    signals.push_back(std::move(row));
  }
  json["signal_count"] = summary.signals;
  json["signals"] = std::move(signals);
  return json;
}

ChunkCache::Chunks ChunkCache::get(const std::string& stamp, const std::string& run,
                                   RunReader& reader, const SignalRow& signal) {
  const std::string key = fmt::format("{} {}", run, signal.id);
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(kept_, key, &Kept::key);
    if (found != kept_.end() && found->stamp == stamp) {
      kept_.splice(kept_.begin(), kept_, found);
      return found->chunks;
    }
    if (found != kept_.end()) {
      count_ -= found->chunks->size();
      kept_.erase(found);
    }
  }
  auto chunks = std::make_shared<const ChunkRows>(reader.chunks(signal));
  const std::lock_guard lock(mutex_);
  // Another thread may have been as quick: two entries of one key do no harm, the older goes first.
  kept_.push_front({key, stamp, chunks});
  count_ += chunks->size();
  while (count_ > kMostChunks && kept_.size() > 1) {
    count_ -= kept_.back().chunks->size();
    kept_.pop_back();
  }
  return chunks;
}

Json overviews(const std::filesystem::path& store, const std::string& run,
               const OverviewQuery& query, ChunkCache& cache) {
  // Taken first: chunks of a run that changes meanwhile are kept under a stamp it no longer has.
  const std::string stamp = run_stamp(store, run);
  RunReader reader(collect::store::run_path(store, run));
  std::vector<SignalRow> wanted;
  if (query.signals.empty()) {
    wanted = reader.signals();
    wanted.resize(std::min(wanted.size(), OverviewQuery::kMostSignals));
  }
  for (const std::string& name : query.signals) wanted.push_back(reader.signal(name));
  Json list = Json::array();
  for (const SignalRow& signal : wanted)
    list.push_back(signal_overview(reader, signal, *cache.get(stamp, run, reader, signal),
                                   query.columns, query.range));
  return Json{{"run", run}, {"columns", query.columns}, {"signals", std::move(list)}};
}

Json preview(const std::filesystem::path& store, const std::string& run, ChunkCache& cache) {
  const std::string stamp = run_stamp(store, run);
  Json json{{"run", run}, {"signal", nullptr}, {"last_event", nullptr}};
  RunReader reader(collect::store::run_path(store, run));
  const std::vector<SignalRow> signals = reader.signals();
  if (const SignalRow* signal = main_signal(signals)) {
    json = signal_overview(reader, *signal, *cache.get(stamp, run, reader, *signal),
                           kPreviewColumns, {});
    json["run"] = run;
    json["last_event"] = nullptr;
  }
  reader.records(collect::store::RecordKind::event,
                 [&](const Json& event) { json["last_event"] = event; });
  return json;
}

Response points(collect::store::Store& store, const std::string& run, const PointsQuery& query) {
  const Page page = page_of(store, run, query);
  const std::uint64_t next = query.offset + page.values.size();
  Response response;
  if (query.as_table) {
    response.type = "text/csv; charset=utf-8";
    response.body = csv_page(page, query);
    // The id is made of letters and digits; the signal's name could be anything.
    response.headers.emplace_back("Content-Disposition",
                                  fmt::format("attachment; filename=\"{}.csv\"", run));
    if (page.more) response.headers.emplace_back("X-Next-Offset", std::to_string(next));
    return response;
  }
  Json nonfinite = Json::array();
  for (std::size_t i = 0; i < page.values.size(); ++i)
    if (!std::isfinite(page.values[i])) nonfinite.push_back({i, shortest(page.values[i])});
  return json_response(Json{{"signal", query.signal},
                            {"offset", query.offset},
                            {"positions", page.positions},
                            {"values", number_list(page.values)},
                            {"seconds", number_list(page.seconds)},
                            {"nonfinite", std::move(nonfinite)},
                            {"next", page.more ? Json(next) : Json(nullptr)}});
}

Json events(collect::store::Store& store, const std::string& run, const EventsQuery& query) {
  const auto all = store.events(run);
  const Json notes = store.info(run).notes;
  const Json judged = notes.is_object() ? notes.value(kFeedback, Json::object()) : Json::object();
  Json list = Json::array();
  Json next = nullptr;
  for (std::size_t i = query.after; i < all.size(); ++i) {
    const series::Event& event = all[i];
    if ((!query.signal.empty() && event.signal != query.signal) ||
        (!query.kind.empty() && series::word(event.kind) != query.kind) ||
        (query.from && event.position < *query.from) || (query.to && event.position > *query.to))
      continue;
    if (list.size() >= query.limit) {
      next = i;
      break;
    }
    Json row{{"index", i}};
    row.update(Json(event));
    const auto verdict = judged.find(std::to_string(i));
    row["verdict"] =
        verdict == judged.end() ? Json(nullptr) : verdict->value("verdict", Json(nullptr));
    list.push_back(std::move(row));
  }
  return Json{{"run", run}, {"total", all.size()}, {"next", next}, {"events", std::move(list)}};
}

Json labels(collect::store::Store& store, const std::string& run) {
  const auto all = store.events(run);
  const Json notes = store.info(run).notes;
  Json list = Json::array();
  if (notes.is_object() && notes.contains(kFeedback) && notes[kFeedback].is_object()) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto verdict = notes[kFeedback].find(std::to_string(i));
      if (verdict == notes[kFeedback].end() || !verdict->is_object()) continue;
      list.push_back({{"index", i},
                      {"verdict", verdict->value("verdict", Json(nullptr))},
                      {"at", verdict->value("at", Json(nullptr))},
                      {"event", all[i]}});
    }
  }
  return Json{{"run", run}, {"labels", std::move(list)}};
}

void judge_event(collect::store::Store& store, const std::string& run, std::size_t index,
                 const std::string& verdict, double now) {
  const series::RunInfo info = store.info(run);
  // Its writer keeps the notes in memory, and would write them over this one.
  if (info.status == series::RunStatus::running)
    throw HttpError(409, "the run is being written: events are judged when it has ended");
  if (index >= store.events(run).size())
    throw HttpError(404, fmt::format("run {} has no event {}", run, index));
  Json notes = info.notes.is_object() ? info.notes : Json::object();
  Json& judged = notes[kFeedback];
  if (!judged.is_object()) judged = Json::object();
  if (verdict.empty()) {
    judged.erase(std::to_string(index));
  } else {
    judged[std::to_string(index)] = Json{{"verdict", verdict}, {"at", now}};
  }
  store.set_notes(run, notes);
}

}  // namespace emdyn::app::serve
