#include "emdyn/forecast/curves/signal_target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::forecast {
namespace {

constexpr double kHoldShare = 0.01;
constexpr std::size_t kHoldRecords = 3;
constexpr std::size_t kLongestTarget = 1000;

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw ConfigError(fmt::format("target \"{}\": {}; write {}", terminal_safe(text.substr(0, 120)),
                                why, kTargetGrammar));
}

struct Token {
  std::string text{};
  bool quoted = false;
};

bool is_comparison(std::string_view text) {
  return text == ">=" || text == "<=" || text == ">" || text == "<" || text == "≥" || text == "≤";
}

/// Words, comparisons and quoted names; commas separate like spaces.
std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  std::string word;
  const auto close = [&] {
    if (!word.empty()) tokens.push_back({std::exchange(word, {}), false});
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      close();
      const std::size_t end = text.find('"', i + 1);
      if (end == std::string_view::npos) refuse(text, "a quoted name does not end");
      tokens.push_back({std::string(text.substr(i + 1, end - i - 1)), true});
      i = end;
    } else if (c == ' ' || c == '\t' || c == ',') {
      close();
    } else if (c == '<' || c == '>') {
      close();
      const bool equal = i + 1 < text.size() && text[i + 1] == '=';
      tokens.push_back({equal ? std::string{c, '='} : std::string{c}, false});
      i += equal ? 1 : 0;
    } else {
      word += c;
    }
  }
  close();
  return tokens;
}

std::optional<TargetKind> event_of(const Token& token) {
  if (token.quoted) return std::nullopt;
  constexpr std::array<std::pair<std::string_view, TargetKind>, 12> kWords{{
      {"spike", TargetKind::spike},
      {"spikes", TargetKind::spike},
      {"jump", TargetKind::jump},
      {"jumps", TargetKind::jump},
      {"stall", TargetKind::stall},
      {"stalls", TargetKind::stall},
      {"divergence", TargetKind::divergence},
      {"diverges", TargetKind::divergence},
      {"diverge", TargetKind::divergence},
      {"collapse", TargetKind::collapse},
      {"collapses", TargetKind::collapse},
      {"nan", TargetKind::collapse},
  }};
  const std::string lower = to_lower(token.text);
  for (const auto& [word, kind] : kWords) {
    if (word == lower) return kind;
  }
  return std::nullopt;
}

std::optional<series::Axis> axis_of(std::string_view word) {
  using series::Axis;
  constexpr std::array<std::pair<std::string_view, Axis>, 17> kWords{{
      {"step", Axis::step},
      {"steps", Axis::step},
      {"iteration", Axis::step},
      {"iterations", Axis::step},
      {"tokens", Axis::tokens},
      {"token", Axis::tokens},
      {"flops", Axis::flops},
      {"flop", Axis::flops},
      {"parameters", Axis::parameters},
      {"params", Axis::parameters},
      {"epsilon", Axis::epsilon},
      {"severity", Axis::severity},
      {"seconds", Axis::seconds},
      {"second", Axis::seconds},
      {"s", Axis::seconds},
      {"records", Axis::step},
      {"position", Axis::step},
  }};
  for (const auto& [each, axis] : kWords) {
    if (each == word) return axis;
  }
  return std::nullopt;
}

/// Reads what follows the level or the event.
class Tail {
 public:
  Tail(std::string_view text, std::span<const Token> tokens, SignalTarget& target)
      : text_(text), tokens_(tokens), target_(target) {}

  void read() {
    while (at_ < tokens_.size()) {
      const std::string word = to_lower(tokens_[at_++].text);
      if (word == "sustained" || word == "once") {
        manner(word == "once" ? TargetManner::once : TargetManner::sustained);
      } else if (word == "at") {
        if (next() == "the") next();
        if (last_ != "deadline" && last_ != "end") refuse(text_, "\"at\" goes on \"the deadline\"");
        manner(TargetManner::at_deadline);
      } else if (word == "before" || word == "by") {
        target_.before = number(word);
      } else if (word == "within") {
        target_.within = number(word);
      } else {
        refuse(text_, fmt::format("what is \"{}\"?", terminal_safe(word)));
      }
    }
    if (target_.before && target_.within) refuse(text_, "either \"before\" or \"within\"");
  }

 private:
  std::string next() {
    if (at_ == tokens_.size()) refuse(text_, "it ends too early");
    return last_ = to_lower(tokens_[at_++].text);
  }
  void manner(TargetManner manner) {
    if (target_.kind != TargetKind::level)
      refuse(text_, "only levels are sustained or reached once");
    target_.manner = manner;
  }
  double number(std::string_view after) {
    std::string word = next();
    std::optional<series::Axis> axis = axis_of(word);
    if (axis) word = next();
    const auto value = parse_double(word);
    if (!value || !std::isfinite(*value) || !(*value > 0.0))
      refuse(text_, fmt::format("\"{}\" needs a number > 0", after));
    if (!axis && at_ < tokens_.size()) {
      axis = axis_of(to_lower(tokens_[at_].text));
      if (axis) ++at_;
    }
    target_.axis = axis;
    return *value;
  }

  std::string_view text_;
  std::span<const Token> tokens_;
  SignalTarget& target_;
  std::size_t at_ = 0;
  std::string last_;
};

std::string joined(std::span<const Token> tokens) {
  std::string text;
  for (const Token& token : tokens) text += (text.empty() ? "" : " ") + token.text;
  return text;
}

SignalTarget parse_level(std::string_view text, std::span<const Token> tokens, std::size_t sign) {
  SignalTarget target;
  target.signal = joined(tokens.first(sign));
  if (target.signal.empty()) refuse(text, "it names no signal");
  const std::string& comparison = tokens[sign].text;
  target.rises = comparison[0] == '>' || comparison == "≥";
  if (sign + 1 == tokens.size()) refuse(text, "it has no level");
  std::string number = tokens[sign + 1].text;
  std::size_t rest = sign + 2;
  if (rest < tokens.size() && tokens[rest].text == "%") {
    number += '%';
    ++rest;
  }
  if (number.ends_with('%')) {
    target.percent = true;
    number.pop_back();
  }
  const auto value = parse_double(number);
  if (!value || !std::isfinite(*value))
    refuse(text, fmt::format("\"{}\" is no level", terminal_safe(tokens[sign + 1].text)));
  target.value = target.percent ? *value / 100.0 : *value;
  Tail(text, tokens.subspan(rest), target).read();
  return target;
}

std::string_view axis_plural(series::Axis axis) noexcept {
  return axis == series::Axis::step ? "steps" : series::word(axis);
}

}  // namespace

std::string_view word(TargetKind kind) noexcept {
  constexpr std::array<std::string_view, 6> kWords{"level", "spike",      "jump",
                                                   "stall", "divergence", "collapse"};
  return kWords[static_cast<std::size_t>(kind)];
}

SignalTarget parse_signal_target(std::string_view text) {
  if (text.size() > kLongestTarget) refuse(text, "it is too long");
  const std::vector<Token> tokens = tokens_of(text);
  if (tokens.empty()) refuse(text, "it is empty");
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!tokens[i].quoted && is_comparison(tokens[i].text)) return parse_level(text, tokens, i);
  }
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto kind = event_of(tokens[i]);
    if (!kind) continue;
    SignalTarget target;
    target.kind = *kind;
    target.signal = joined(std::span(tokens).first(i));
    Tail(text, std::span(tokens).subspan(i + 1), target).read();
    return target;
  }
  refuse(text, "it has neither a comparison nor an event");
}

std::string describe(const SignalTarget& target, std::string_view signal, series::Axis axis,
                     double at, double deadline) {
  std::string text;
  if (target.kind == TargetKind::level) {
    constexpr std::array<std::string_view, 3> kManners{"sustained", "once", "at the deadline"};
    text = fmt::format("{} {} {}, {},", signal, target.rises ? ">=" : "<=", shortest(target.value),
                       kManners[static_cast<std::size_t>(target.manner)]);
  } else {
    text = fmt::format("{} {}", signal, word(target.kind));
  }
  if (target.within) {
    return fmt::format("{} within {} {} of {}", text, shortest(*target.within), axis_plural(axis),
                       shortest(at));
  }
  return fmt::format("{} before {} {}", text, series::word(axis), shortest(deadline));
}

Hold hold_of(const SignalTarget& target, double deadline) noexcept {
  if (target.kind == TargetKind::level && target.manner != TargetManner::sustained) return {0.0, 1};
  return {kHoldShare * std::abs(deadline), kHoldRecords};
}

LevelOutcome level_outcome(const History& history, bool rises, double level, const Hold& hold,
                           double from, double until) {
  const auto& positions = history.positions;
  const auto reaches = [&](std::size_t i) -> std::size_t {
    return (rises ? history.values[i] >= level : history.values[i] <= level) ? 1 : 0;
  };
  std::size_t end = 0;  // One past the records of the hold that begins at i.
  std::size_t there = 0;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    if (i > 0 && end >= i) there -= reaches(i - 1);
    end = std::max(end, i);
    while (end < positions.size() &&
           (end < i + hold.records || positions[end] <= positions[i] + hold.length)) {
      there += reaches(end++);
    }
    if (positions[i] < from) continue;
    // A hold ends where the first record stands at or beyond its length, or with its last record.
    const bool long_enough = positions[end - 1] >= positions[i] + hold.length;
    const double ends = long_enough              ? positions[end - 1]
                        : end < positions.size() ? positions[end]
                                                 : HUGE_VAL;
    const bool complete = end >= i + hold.records && std::isfinite(ends) && ends <= until;
    if (complete && reaches(i) == 1 && 2 * there > end - i) return {positions[i], ends};
  }
  return {};
}

}  // namespace emdyn::forecast
