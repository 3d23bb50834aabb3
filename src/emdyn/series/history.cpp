#include "emdyn/series/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "emdyn/core/text.hpp"

namespace emdyn::series {
namespace {

constexpr double kManyBacks = 0.2;   // Of the moves of a table in no order.
constexpr double kMostlyBack = 0.9;  // Of one in falling order.
constexpr double kFewRepeats = 0.01;
constexpr std::size_t kFewestShuffled = 8;  // The same where positions repeat.
constexpr std::size_t kFewestSorted = 3;    // Points that can be in no order.
constexpr std::size_t kEdge = 3;            // Points whose median stands for the edge of a segment.
constexpr double kVoteMargin = 0.1;         // Of the votes cast; below it they say nothing.
constexpr std::size_t kRepeatedRestarts = 2;
constexpr double kSameLength = 0.2;  // By which the lengths of restarts may differ.

struct Segment {
  std::size_t begin;
  std::size_t end;
  std::size_t size() const noexcept { return end - begin; }
};

std::vector<Segment> segments_of(const Signal& signal) {
  std::vector<Segment> list;
  for (std::size_t i = 0; i < signal.segments.size(); ++i) {
    const bool last = i + 1 == signal.segments.size();
    list.push_back({signal.segments[i], last ? signal.size() : signal.segments[i + 1]});
  }
  return list;
}

void permute(Signal& signal, const std::vector<std::size_t>& order) {
  const auto taken = [&](const std::vector<double>& from) {
    std::vector<double> to;
    to.reserve(order.size());
    for (const std::size_t i : order) to.push_back(from[i]);
    return to;
  };
  signal.positions = taken(signal.positions);
  signal.values = taken(signal.values);
  if (!signal.seconds.empty()) signal.seconds = taken(signal.seconds);
}

void sort_points(Signal& signal) {
  std::vector<std::size_t> order(signal.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return signal.positions[i]; });
  permute(signal, order);
  signal.segments = {0};
}

/// Positions in the order of their texts: how a folder of checkpoints is listed.
bool in_text_order(const std::vector<double>& positions) {
  std::string before = shortest(positions.front());
  for (std::size_t i = 1; i < positions.size(); ++i) {
    std::string now = shortest(positions[i]);
    if (now <= before) return false;
    before = std::move(now);
  }
  return true;
}

/// Whole parts in the wrong order: no two segments overlap.
bool disjoint(const Signal& signal, const std::vector<Segment>& segments) {
  std::vector<std::pair<double, double>> ranges;
  for (const Segment& one : segments) {
    ranges.emplace_back(signal.positions[one.begin], signal.positions[one.end - 1]);
  }
  std::ranges::sort(ranges);
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].first <= ranges[i - 1].second) return false;
  }
  return true;
}

bool is_restart(const Signal& signal, const Segment& segment) {
  const double start = signal.positions.front();
  const double step = signal.size() > 1 ? std::abs(signal.positions[1] - start) : 0.0;
  return signal.positions[segment.begin] <= start + step;
}

/// The least distance between two points in a row, 0 for a single point.
double least_step(const Signal& signal) {
  double least = HUGE_VAL;
  for (std::size_t i = 1; i < signal.size(); ++i) {
    const double step = std::abs(signal.positions[i] - signal.positions[i - 1]);
    if (step > 0.0) least = std::min(least, step);
  }
  return std::isfinite(least) ? least : 0.0;
}

bool in_no_order(const Signal& signal) {
  const std::size_t n = signal.size();
  const std::size_t backs = signal.segments.size() - 1;
  if (backs == 0 || n < kFewestSorted) return false;
  std::vector<double> sorted = signal.positions;
  std::ranges::sort(sorted);
  std::size_t repeats = 0;
  for (std::size_t i = 1; i < n; ++i) repeats += sorted[i] == sorted[i - 1] ? 1U : 0U;
  const double share = static_cast<double>(backs) / static_cast<double>(n - 1);
  if (share >= kMostlyBack) return true;
  // Counts that begin again and again, as batches of short epochs, begin at the same place.
  const auto segments = segments_of(signal);
  const double start = signal.positions.front() + least_step(signal);
  const bool restarts = std::all_of(segments.begin() + 1, segments.end(), [&](const Segment& one) {
    return signal.positions[one.begin] <= start;
  });
  if (share >= kManyBacks && !restarts && n >= kFewestShuffled) return true;
  if (static_cast<double>(repeats) > kFewRepeats * static_cast<double>(n)) return false;
  if (share >= kManyBacks || disjoint(signal, segments)) return true;
  return repeats == 0 && in_text_order(signal.positions);
}

/// Points between the step back of a clock and the time at which it shows more than before are
/// spread evenly over that stretch.
void spread_clock(Signal& signal, HistoryReport& report) {
  std::vector<double>& at = signal.positions;
  double most = at.empty() ? 0.0 : at.front();
  for (std::size_t i = 1; i < at.size(); ++i) {
    if (at[i] >= most) {
      most = at[i];
      continue;
    }
    ++report.set_back;
    std::size_t beyond = i;
    while (beyond < at.size() && at[beyond] <= most) ++beyond;
    const double next = beyond < at.size() ? at[beyond] : most;
    const auto gaps = static_cast<double>(beyond - i + 1);
    for (std::size_t k = i; k < beyond; ++k) {
      at[k] = most + (next - most) * static_cast<double>(k - i + 1) / gaps;
    }
    i = beyond;
    most = next;
  }
  signal.segments = {0};
}

double median_of(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  if (values.empty()) return std::nan("");
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

std::vector<double> slice(const std::vector<double>& values, std::size_t begin, std::size_t end) {
  return {values.begin() + static_cast<std::ptrdiff_t>(begin),
          values.begin() + static_cast<std::ptrdiff_t>(end)};
}

/// A count that begins again in many signals of the run at once.
struct Restart {
  double vote = 0.0;  ///< > 0: values go on; < 0: they begin again.
  double weight = 0.0;
  double last = -HUGE_VAL;  ///< Where the count had come.
  double first = HUGE_VAL;  ///< Where it begins again.
  double step = HUGE_VAL;   ///< Least step before it.
  std::size_t signals = 0;
  double length = 0.0;  ///< Of the segment it ends, in positions.
};

void vote(const Signal& signal, const Segment& old, const Segment& fresh, Restart& restart) {
  const std::size_t edge = std::min({kEdge, old.size(), fresh.size()});
  const double began = median_of(slice(signal.values, old.begin, old.begin + edge));
  const double ended = median_of(slice(signal.values, old.end - edge, old.end));
  const double again = median_of(slice(signal.values, fresh.begin, fresh.begin + edge));
  const double range = std::abs(ended - began);
  const double to_end = std::abs(again - ended);
  const double to_begin = std::abs(again - began);
  if (!(range > 0.0) || !(to_end + to_begin > 0.0)) return;
  restart.vote += (to_begin - to_end) / (to_begin + to_end);
  restart.weight += 1.0;
}

/// The restarts of a run, the k-th of each signal taken together.
std::vector<Restart> restarts_of(const Run& run) {
  std::vector<Restart> restarts;
  for (const Signal& signal : run.signals) {
    if (signal.segments.size() < 2 || signal.axis == Axis::seconds || in_no_order(signal)) continue;
    const auto segments = segments_of(signal);
    std::size_t k = 0;
    for (std::size_t i = 1; i < segments.size(); ++i) {
      if (!is_restart(signal, segments[i])) continue;
      if (restarts.size() <= k) restarts.emplace_back();
      Restart& restart = restarts[k++];
      const Segment& old = segments[i - 1];
      ++restart.signals;
      restart.last = std::max(restart.last, signal.positions[old.end - 1]);
      restart.first = std::min(restart.first, signal.positions[segments[i].begin]);
      restart.length = restart.last - signal.positions[old.begin];
      for (std::size_t j = old.begin + 1; j < old.end; ++j) {
        const double step = signal.positions[j] - signal.positions[j - 1];
        if (step > 0.0) restart.step = std::min(restart.step, step);
      }
      vote(signal, old, segments[i], restart);
    }
  }
  return restarts;
}

bool same_lengths(const std::vector<Restart>& restarts) {
  const double first = restarts.front().length;
  return std::ranges::all_of(restarts, [&](const Restart& one) {
    return std::abs(one.length - first) <= kSameLength * first;
  });
}

/// Whether the count goes on at its restarts: as the values say, else when it restarts again and
/// again after the same length.
bool goes_on(const std::vector<Restart>& restarts) {
  double votes = 0.0;
  double weight = 0.0;
  for (const Restart& one : restarts) {
    votes += one.vote;
    weight += one.weight;
  }
  if (weight > 0.0 && std::abs(votes) > kVoteMargin * weight) return votes > 0.0;
  return restarts.size() >= kRepeatedRestarts && same_lengths(restarts);
}

/// One history out of the segments of a signal.
void join_segments(Signal& signal, const std::vector<Restart>& restarts, bool joined,
                   HistoryReport& report) {
  const auto segments = segments_of(signal);
  Signal whole{signal.name, signal.axis, {}, {}, {}, {0}};
  double offset = 0.0;
  std::size_t k = 0;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Segment& segment = segments[i];
    const bool restart = i > 0 && is_restart(signal, segment);
    if (restart && joined) {
      const Restart& all = restarts[k];
      const double step = std::isfinite(all.step) ? all.step : 1.0;
      offset += all.last + step - all.first;
    }
    k += restart ? 1U : 0U;
    const double start = signal.positions[segment.begin] + offset;
    std::size_t kept = whole.size();
    while (kept > 0 && whole.positions[kept - 1] >= start) --kept;
    if (i > 0 && kept < whole.size()) {
      if (report.replaced == 0 || start < report.replaced_from) report.replaced_from = start;
      report.replaced += whole.size() - kept;
      whole.positions.resize(kept);
      whole.values.resize(kept);
      if (!whole.seconds.empty()) whole.seconds.resize(kept);
    }
    for (std::size_t at = segment.begin; at < segment.end; ++at) {
      whole.positions.push_back(signal.positions[at] + offset);
      whole.values.push_back(signal.values[at]);
      if (!signal.seconds.empty()) whole.seconds.push_back(signal.seconds[at]);
    }
  }
  signal = std::move(whole);
}

}  // namespace

HistoryReport& HistoryReport::operator+=(const HistoryReport& other) {
  if (other.replaced > 0 && (replaced == 0 || other.replaced_from < replaced_from)) {
    replaced_from = other.replaced_from;
  }
  replaced += other.replaced;
  joined += other.joined;
  sorted += other.sorted;
  set_back += other.set_back;
  return *this;
}

HistoryReport make_whole(Run& run) {
  HistoryReport report;
  const std::vector<Restart> restarts = restarts_of(run);
  const bool joined = !restarts.empty() && goes_on(restarts);
  if (joined) report.joined = restarts.size();
  for (Signal& signal : run.signals) {
    if (signal.segments.size() < 2) continue;
    if (in_no_order(signal)) {
      sort_points(signal);
      ++report.sorted;
    } else if (signal.axis == Axis::seconds) {
      spread_clock(signal, report);
    } else {
      join_segments(signal, restarts, joined, report);
    }
  }
  return report;
}

std::string describe(const HistoryReport& report) {
  std::string text;
  const auto add = [&](std::string part) { text += (text.empty() ? "" : "; ") + part; };
  if (report.sorted > 0) {
    add(fmt::format("{} signal{} sorted by position", report.sorted,
                    report.sorted == 1 ? "" : "s"));
  }
  if (report.joined > 0) {
    add(fmt::format("{} restart{} of the count joined", report.joined,
                    report.joined == 1 ? "" : "s"));
  }
  if (report.replaced > 0) {
    add(fmt::format("{} point{} of an earlier branch, from {} on, replaced by the later one",
                    report.replaced, report.replaced == 1 ? "" : "s",
                    shortest(report.replaced_from)));
  }
  if (report.set_back > 0) {
    add(fmt::format("the clock was set back {} time{}", report.set_back,
                    report.set_back == 1 ? "" : "s"));
  }
  return text;
}

}  // namespace emdyn::series
