#include "emdyn/pipeline/table_runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "emdyn/collect/ingest/contract/file.hpp"
#include "emdyn/collect/ingest/contract/gzip.hpp"
#include "emdyn/collect/ingest/contract/records_splitter.hpp"
#include "emdyn/collect/ingest/csv/csv.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::pipeline {
namespace {

using emergence::scaling::ColumnNames;
using emergence::scaling::ColumnPart;
using emergence::scaling::LongTable;
using emergence::scaling::TableSeries;

constexpr std::size_t kBlockBytes = std::size_t{1} << 18;

/// Whether a header is that of a long table: its values, and what they measure.
bool is_long(const std::vector<std::string>& columns, const ColumnNames& chosen) {
  bool value = false, of_what = false;
  const auto note = [&](ColumnPart part) {
    value = value || part == ColumnPart::value;
    of_what = of_what || part == ColumnPart::metric || part == ColumnPart::task;
  };
  for (const std::string& name : columns) note(emergence::scaling::part_of_column(name));
  for (const auto& [part, name] : chosen) note(part);
  return value && of_what;
}

/// Takes whole records and fills the table once the header is known.
class TableFiller {
 public:
  TableFiller(std::string path, const ColumnNames& chosen, const collect::ingest::Limits& limits)
      : chosen_(chosen), splitter_(true, limits.line_bytes, std::move(path)) {}

  bool refused() const noexcept { return refused_; }
  void feed(std::string_view bytes) {
    if (refused_) return;
    splitter_.append(bytes);
    collect::ingest::RecordSplitter::Record record;
    while (!refused_ && splitter_.next(record)) take(record.text);
  }
  std::optional<LongTable> finish() {
    collect::ingest::RecordSplitter::Record record;
    if (!refused_ && splitter_.last(record)) take(record.text);
    return refused_ ? std::nullopt : std::move(table_);
  }

 private:
  void take(std::string_view text) {
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (!table_) {
      if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
      if (text.empty() || text.starts_with('#')) return;
      begin(text);
      return;
    }
    // A row that is torn or repeats the header holds no value.
    if (text.empty() || !collect::ingest::split_cells(text, delimiter_, cells_, scratch_)) return;
    if (cells_.size() != table_->columns().size() || is_header()) return;
    table_->add_row(cells_);
  }
  void begin(std::string_view text) {
    delimiter_ = collect::ingest::guess_delimiter(text);
    splitter_.set_delimiter(delimiter_);
    refused_ = !collect::ingest::split_cells(text, delimiter_, cells_, scratch_);
    std::vector<std::string> columns;
    for (const std::string_view cell : cells_) columns.emplace_back(cell);
    refused_ = refused_ || !is_long(columns, chosen_);
    if (!refused_) table_.emplace(std::move(columns), chosen_);
  }
  bool is_header() const { return std::ranges::equal(cells_, table_->columns()); }

  const ColumnNames& chosen_;
  collect::ingest::RecordSplitter splitter_;
  char delimiter_ = ',';
  bool refused_ = false;
  std::optional<LongTable> table_{};
  std::vector<std::string_view> cells_{};
  std::string scratch_{};
};

/// What tells a group from the others: cells of columns that differ.
std::vector<std::string> group_names(const std::vector<TableSeries>& all) {
  std::map<std::string, std::set<std::string>> cells;
  for (const TableSeries& one : all)
    for (const auto& [column, cell] : one.group) cells[column].insert(cell);
  std::vector<std::string> names;
  for (const TableSeries& one : all) {
    std::string name;
    for (const auto& [column, cell] : one.group) {
      if (cells[column].size() < 2) continue;
      name += (name.empty() ? "" : " ") + (cell.empty() ? column + "=" : cell);
    }
    names.push_back(std::move(name));
  }
  return names;
}

std::string signal_name(const TableSeries& one) {
  if (one.task.empty()) return one.metric;
  return one.metric.empty() ? one.task : one.task + "/" + one.metric;
}

}  // namespace

std::optional<LongTable> read_long_table(const std::filesystem::path& path,
                                         const ColumnNames& chosen,
                                         const collect::ingest::Limits& limits) {
  collect::ingest::File file(path);
  TableFiller filler(terminal_safe(path.string()), chosen, limits);
  std::string_view block = file.read(kBlockBytes);
  if (collect::ingest::Inflater::is_gzip(block)) {
    collect::ingest::Inflater inflater(terminal_safe(path.string()), limits);
    for (; !block.empty() && !filler.refused(); block = file.read(kBlockBytes))
      inflater.push(block, [&](std::string_view bytes) { filler.feed(bytes); });
  } else {
    for (; !block.empty() && !filler.refused(); block = file.read(kBlockBytes)) filler.feed(block);
  }
  auto table = filler.finish();
  if (table && table->rows() == 0) return std::nullopt;
  return table;
}

std::vector<series::Run> runs_of_table(const LongTable& table,
                                       const emergence::scaling::SeriesQuery& query,
                                       std::string_view source) {
  std::vector<TableSeries> all = table.series(query);
  const std::vector<std::string> names = group_names(all);
  std::vector<series::Run> runs;
  std::map<std::string, std::size_t, std::less<>> places;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].positions.empty()) continue;
    const auto [place, added] = places.try_emplace(names[i], runs.size());
    if (added) {
      series::Run run;
      run.info.name = names[i].empty() ? std::string(source) : names[i];
      run.info.source = source;
      runs.push_back(std::move(run));
    }
    series::Signal signal;
    signal.name = signal_name(all[i]);
    signal.axis = query.axis;
    signal.positions = std::move(all[i].positions);
    signal.values = std::move(all[i].values);
    runs[place->second].signals.push_back(std::move(signal));
  }
  return runs;
}

}  // namespace emdyn::pipeline
