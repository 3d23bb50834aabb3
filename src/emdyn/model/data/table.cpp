#include "emdyn/model/data/table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>

#include "emdyn/collect/ingest/csv/csv.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::model::data {
namespace {

constexpr std::size_t kMostColumns = 100'000;
constexpr std::array<std::string_view, 4> kLabelNames{"label", "class", "target", "y"};

class TableReader {
 public:
  TableReader(std::string_view what, std::string_view label_column)
      : what_(what), label_column_(label_column) {}

  void header(std::string_view line) {
    delimiter_ = collect::ingest::guess_delimiter(line);
    split(line, 1);
    if (cells_.size() > kMostColumns)
      throw DataError(fmt::format("{}: more than {} columns", what_, kMostColumns));
    columns_.assign(cells_.begin(), cells_.end());
    for (std::size_t i = 0; i < columns_.size() && !label_; ++i) {
      const std::string name = to_lower(columns_[i]);
      const bool usual = std::ranges::find(kLabelNames, name) != kLabelNames.end();
      if (label_column_.empty() ? usual : columns_[i] == label_column_) label_ = i;
    }
    if (!label_column_.empty() && !label_)
      throw DataError(fmt::format("{}: no column {}; there are {}", what_,
                                  terminal_safe(std::string(label_column_)),
                                  terminal_safe(fmt::format("{}", fmt::join(columns_, ", ")))));
    dataset_.shape = {static_cast<std::int64_t>(columns_.size() - (label_ ? 1 : 0))};
    if (dataset_.shape[0] == 0) throw DataError(fmt::format("{}: no feature columns", what_));
  }

  void row(std::string_view line, std::size_t number) {
    split(line, number);
    if (cells_.size() != columns_.size())
      throw DataError(fmt::format("{}:{}: {} cells, the header has {}", what_, number,
                                  cells_.size(), columns_.size()));
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      if (label_ == i) {
        words_.emplace_back(cells_[i]);
        continue;
      }
      const auto value = parse_double(cells_[i]);
      if (!value)
        throw DataError(fmt::format("{}:{}: column {} holds \"{}\", no number", what_, number,
                                    terminal_safe(columns_[i]),
                                    terminal_safe(std::string(cells_[i].substr(0, 40)))));
      dataset_.values.push_back(static_cast<float>(*value));
    }
    ++rows_;
  }

  std::size_t rows() const { return rows_; }

  Dataset take() {
    dataset_.name = what_;
    if (rows_ == 0) throw DataError(fmt::format("{}: no rows below the header", what_));
    if (label_) number_labels();
    return std::move(dataset_);
  }

 private:
  void split(std::string_view line, std::size_t number) {
    if (!collect::ingest::split_cells(line, delimiter_, cells_, scratch_))
      throw DataError(fmt::format("{}:{}: a quote is not closed", what_, number));
    for (std::string_view& cell : cells_) {
      while (cell.starts_with(' ')) cell.remove_prefix(1);
      while (cell.ends_with(' ')) cell.remove_suffix(1);
    }
  }

  void number_labels() {
    std::map<std::string, std::int64_t> numbers;
    for (const std::string& word : words_) {
      const auto value = parse_double(word);
      if (!value || *value < 0 || *value > 1e6 || *value != std::floor(*value)) {
        for (const std::string& each : words_) numbers[each] = 0;
        break;
      }
      dataset_.labels.push_back(static_cast<std::int64_t>(*value));
    }
    if (numbers.empty()) return;
    for (auto& [word, number] : numbers) {
      number = static_cast<std::int64_t>(dataset_.classes.size());
      dataset_.classes.push_back(word);
    }
    dataset_.labels.clear();
    for (const std::string& word : words_) dataset_.labels.push_back(numbers[word]);
  }

  std::string what_;
  std::string_view label_column_;
  char delimiter_ = ',';
  std::vector<std::string> columns_;
  std::optional<std::size_t> label_;
  std::vector<std::string_view> cells_;
  std::string scratch_;
  std::vector<std::string> words_;
  Dataset dataset_;
  std::size_t rows_ = 0;
};

}  // namespace

Dataset parse_table(std::string_view text, std::string_view what, std::string_view label_column,
                    std::size_t limit) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  TableReader reader(what, label_column);
  bool header = true;
  for (std::size_t number = 1; !text.empty() && reader.rows() < limit; ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (header) {
      reader.header(line);
      header = false;
    } else {
      reader.row(line, number);
    }
  }
  return reader.take();
}

}  // namespace emdyn::model::data
