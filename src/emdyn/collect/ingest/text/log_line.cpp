#include "emdyn/collect/ingest/text/log_line.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "emdyn/collect/ingest/contract/numbers.hpp"
#include "emdyn/collect/ingest/contract/quantity.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::ingest {
namespace {

constexpr std::size_t kMostWords = 8;    // Of a key; what stands before them is prose.
constexpr std::size_t kUntoldWords = 2;  // Of a key without a sign behind it: "train loss 1.5".
constexpr std::size_t kMostPairs = 256;
constexpr std::size_t kFirstPairs = 3;     // Positions stand at the front.
constexpr std::string_view kEnds = ",;|";  // What may end a field.

constexpr auto kStepWords = std::to_array<std::string_view>(
    {"step", "steps", "iter", "iters", "iteration", "iterations", "it", "itr", "update", "updates",
     "batch", "global_step", "s", "i"});
constexpr auto kEpochWords = std::to_array<std::string_view>({"epoch", "epochs", "ep"});
constexpr auto kSmallWords = std::to_array<std::string_view>(
    {"to", "from", "of", "in",  "at",   "for",  "than", "by",  "and",     "with", "after",
     "on", "the",  "is", "was", "rank", "port", "line", "pid", "version", "took"});

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (static_cast<unsigned char>(c) >= 0xC3);
}
bool has_letter(std::string_view text) noexcept { return std::ranges::any_of(text, is_letter); }

struct Number {
  double value = 0.0;
  std::optional<double> total{};
};

/// A number on its own, with a unit behind it, or as a part of a whole; brackets and the ends of
/// fields around it are passed over.
std::optional<Number> number_in(std::string_view token) {
  const auto begin = token.find_first_not_of("([{<");
  const auto end = token.find_last_not_of(")]}>,;|:");
  if (begin == std::string_view::npos || end == std::string_view::npos || begin > end) {
    return std::nullopt;
  }
  token = token.substr(begin, end - begin + 1);
  if (token == "-" || token == "na" || token == "NA") return std::nullopt;
  if (const Cell cell = read_cell(token); cell.kind == CellKind::number)
    return Number{cell.number, {}};
  if (const auto quantity = read_quantity(token)) return Number{quantity->number, {}};
  const bool part = token.find('/') != std::string_view::npos;
  const auto step = part ? read_step(token) : std::nullopt;
  if (step) return Number{step->number, step->total};
  return std::nullopt;
}

class LineScanner {
 public:
  explicit LineScanner(std::string_view line) : rest_(line) {}

  LogLine run() {
    pass_prefix();
    while (auto token = next()) {
      if (take_total(*token)) continue;
      // "5/    40": the whole follows.
      const bool part = token->size() > 1 && token->ends_with('/');
      if (part) token->remove_suffix(1);
      const std::size_t before = line_.pairs.size();
      take(*token);
      total_may_follow_ = line_.pairs.size() > before;
      total_follows_ = total_may_follow_ && part;
    }
    find_positions();
    return std::move(line_);
  }

 private:
  void pass_prefix() {
    for (;;) {
      rest_ = trim(rest_);
      if (rest_.starts_with('[')) {
        const auto end = rest_.find(']');
        if (end == std::string_view::npos || end > 120) return;
        const std::string_view inside = rest_.substr(1, end - 1);
        if (number_in(inside)) return;
        if (const auto time = parse_time(inside)) line_.seconds = *time;
        rest_.remove_prefix(end + 1);
      } else if (const auto length = leading_time()) {
        rest_.remove_prefix(*length);
      } else if (const std::size_t level = leading_level(); level > 0) {
        rest_.remove_prefix(level);
      } else {
        return;
      }
    }
  }

  /// Length of "INFO:root:" as Python's logging writes it; 0 when the rest begins otherwise.
  std::size_t leading_level() const {
    for (const std::string_view level : {"DEBUG:", "INFO:", "WARNING:", "ERROR:"}) {
      if (!rest_.starts_with(level)) continue;
      const auto name = rest_.find_first_of(": ", level.size());
      const bool named = name != std::string_view::npos && rest_[name] == ':';
      return named ? name + 1 : level.size();
    }
    return 0;
  }

  /// Length of the date and time of day that the rest begins with.
  std::optional<std::size_t> leading_time() {
    if (rest_.size() < 19 || rest_[4] != '-' || (rest_[10] != ' ' && rest_[10] != 'T')) {
      return std::nullopt;
    }
    const std::size_t length = std::min(rest_.find_first_of(" \t", 19), rest_.size());
    std::string_view text = rest_.substr(0, length);
    while (text.ends_with(':') || text.ends_with(']')) text.remove_suffix(1);
    const auto time = parse_time(text);
    if (!time) return std::nullopt;
    line_.seconds = *time;
    return length;
  }

  std::optional<std::string_view> next() {
    const auto begin = rest_.find_first_not_of(" \t");
    if (begin == std::string_view::npos || line_.pairs.size() >= kMostPairs) return std::nullopt;
    rest_.remove_prefix(begin);
    const auto end = std::min(rest_.find_first_of(" \t"), rest_.size());
    const std::string_view token = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return token;
  }

  /// The whole of which the number before it is a part.
  bool take_total(std::string_view token) {
    if (token == "/" && total_may_follow_) {
      total_follows_ = true;
      return true;
    }
    if (!std::exchange(total_follows_, false)) return false;
    const auto number = number_in(token);
    if (!number) return false;
    line_.pairs.back().total = number->value;
    return true;
  }

  void take(std::string_view token) {
    if (token == ":" || token == "=") {
      told_ = !words_.empty();
      return;
    }
    // "number of nan iterations: 0": a nan within words is one of them.
    const bool word = is_letter(token.front()) && !told_ && !rest_.empty() &&
                      kEnds.find(token.back()) == std::string_view::npos;
    if (const auto number = word ? std::nullopt : number_in(token)) return take_number(*number);
    const auto sign = token.find_first_of(":=");
    if (sign == std::string_view::npos || sign == 0) return take_word(token);
    const std::string_view left = token.substr(0, sign);
    std::string_view right = token.substr(sign + 1);
    if (!has_letter(left) && words_.empty()) return forget();  // 12:30:15
    if (told_) forget();
    if (right.empty()) {
      take_word(left);
      told_ = true;
      return;
    }
    // "a=1,b=2" and "epoch=1|loss=2" stand in one token.
    const auto end = right.find_first_of(kEnds);
    const std::string_view more = end == std::string_view::npos ? "" : right.substr(end + 1);
    right = right.substr(0, end);
    const auto number = number_in(right);
    if (!number) return forget();
    take_word(left);
    told_ = true;
    take_number(*number);
    if (!more.empty()) take(more);
  }

  void take_word(std::string_view word) {
    const bool ends = word.find_first_of(kEnds) != std::string_view::npos;
    while (!word.empty() && kEnds.find(word.back()) != std::string_view::npos)
      word.remove_suffix(1);
    if (told_ || !has_letter(word)) forget();
    if (has_letter(word)) {
      if (words_.size() >= kMostWords) words_.erase(words_.begin());
      words_.push_back(word);
    }
    if (ends) forget();
  }

  void take_number(const Number& number) {
    if (words_.empty()) {
      // A part of a whole without a name: how far an epoch has come.
      if (number.total && !bare_) bare_ = LogLine::Pair{"batch", number.value, number.total, true};
    } else if (told_ || is_key()) {
      LogLine::Pair pair{"", number.value, number.total, told_};
      for (const std::string_view word : words_) {
        if (!pair.key.empty()) pair.key += ' ';
        pair.key += word;
      }
      line_.pairs.push_back(std::move(pair));
    }
    forget();
  }

  /// Whether words with a number behind them and no sign between are a key.
  bool is_key() const {
    const std::string last = to_lower(words_.back());
    if (is_one_of(kSmallWords, last)) return false;
    const bool first_step =
        line_.pairs.empty() && (is_one_of(kStepWords, last) || is_one_of(kEpochWords, last));
    return first_step || words_.size() <= kUntoldWords;
  }

  void forget() {
    words_.clear();
    told_ = false;
  }

  void find_positions() {
    for (std::size_t i = 0; i < line_.pairs.size(); ++i) {
      const std::string key = to_lower(line_.pairs[i].key);
      const auto blank = key.rfind(' ');
      const std::string last = blank == std::string::npos ? key : key.substr(blank + 1);
      const bool whole_key = blank == std::string::npos;
      if ((i > 0 && !whole_key) || i >= kFirstPairs) continue;
      if (!line_.step && is_one_of(kStepWords, last) && (last.size() > 1 || i == 0)) {
        line_.step = i;
      } else if (!line_.epoch && is_one_of(kEpochWords, last)) {
        line_.epoch = i;
      }
    }
    if (bare_ && !line_.step) {
      line_.pairs.push_back(std::move(*bare_));
      line_.step = line_.pairs.size() - 1;
    }
  }

  std::string_view rest_;
  LogLine line_;
  std::vector<std::string_view> words_;
  bool told_ = false;
  bool total_may_follow_ = false;  ///< A pair was the last that was read.
  bool total_follows_ = false;
  std::optional<LogLine::Pair> bare_;
};

}  // namespace

bool LogLine::all_told() const noexcept {
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (i != step && i != epoch && !pairs[i].told) return false;
  }
  return true;
}

std::string LogLine::shape() const {
  std::string keys;
  for (const Pair& pair : pairs) {
    keys += pair.key;
    keys += '\n';
  }
  return keys;
}

LogLine read_log_line(std::string_view line) { return LineScanner(line).run(); }

}  // namespace emdyn::collect::ingest
