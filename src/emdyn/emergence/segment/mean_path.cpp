#include "emdyn/emergence/segment/mean_path.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace emdyn::emergence::segment {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr std::size_t kLooksForStop = 4096;

/// The squares of some samples around any level, and what was paid before them.
struct LevelCost {
  double count = 0.0;
  double sum = 0.0;
  double squares = 0.0;
  double before = 0.0;

  void add(double value) noexcept {
    count += 1.0;
    sum += value;
    squares += value * value;
  }
  double least() const noexcept { return before + std::max(squares - sum * sum / count, 0.0); }
};

struct LevelRange {
  double low;
  double high;
};

/// Where a cost lies below a bound; nothing (low > high) where it never does.
LevelRange below(const LevelCost& cost, double bound) noexcept {
  const double middle = cost.sum / cost.count;
  const double room = (bound - cost.least()) / cost.count;
  if (!(room > 0.0)) return {1.0, 0.0};
  const double reach = std::sqrt(room);
  return {middle - reach, middle + reach};
}

/// The places that may still be the last change, each with the levels at which it may.
class Places {
 public:
  Places(LevelRange levels, double per_log_length, double min_length, double samples)
      : levels_(levels),
        per_log_(per_log_length),
        min_(min_length),
        log_samples_(std::log(samples)) {}

  /// One more sample for every place.
  void add(double value) noexcept {
    for (Place& place : places_) place.cost.add(value);
  }

  /// The place with the least cost, its segment going on over `window` (so many samples, their sum and squares).
  /// @return the cost, with the length term and no price of the change.
  double least(const LevelCost& window, std::uint32_t& at) const noexcept {
    double best = kNever;
    for (const Place& place : places_) {
      LevelCost whole = place.cost;
      whole.count += window.count;
      whole.sum += window.sum;
      whole.squares += window.squares;
      double cost = whole.least();
      if (per_log_ > 0.0) {
        if (cost + place.log_low >= best)
          continue;  // A segment is no shorter than when its log was taken.
        cost += per_log_ * (std::log(whole.count) - log_samples_);
      }
      if (cost >= best) continue;
      best = cost;
      at = place.at;
    }
    return best;
  }

  /// A new last change, of which `cost` is paid before it: drops what it beats and what beats it.
  void insert(std::uint32_t at, double cost) {
    kept_.clear();
    covered_.clear();
    std::size_t out = 0;
    for (Place& place : places_) {
      refresh_log(place);
      // However long the new segment becomes, the old one is longer: its length term is the larger.
      const LevelRange alive = below(place.cost, cost);
      const LevelRange beats = per_log_ > 0.0 ? below(place.cost, cost - place.log_gap) : alive;
      const std::size_t first = kept_.size();
      for (std::size_t i = place.first; i < place.last; ++i) {
        const LevelRange range{std::max(ranges_[i].low, alive.low),
                               std::min(ranges_[i].high, alive.high)};
        if (range.low > range.high) continue;
        kept_.push_back(range);
        const LevelRange better{std::max(range.low, beats.low), std::min(range.high, beats.high)};
        if (better.low < better.high) covered_.push_back(better);
      }
      place.first = first;
      place.last = kept_.size();
      if (place.first < place.last) places_[out++] = place;
    }
    places_.resize(out);
    std::swap(kept_, ranges_);
    ranges_.reserve(ranges_.size() + covered_.size() + 1);
    const std::size_t first = ranges_.size();
    covered_.empty() ? ranges_.push_back(levels_) : uncovered(levels_, ranges_);
    if (first < ranges_.size()) {
      Place fresh{at, {0.0, 0.0, 0.0, cost}, first, ranges_.size()};
      fresh.log_low = per_log_ * (std::log(min_) - log_samples_);
      places_.push_back(fresh);
    }
    if (per_log_ > 0.0 && places_.size() > most_) compare_all();
  }

 private:
  struct Place {
    std::uint32_t at;
    LevelCost cost;     // Up to the last place inserted.
    std::size_t first;  // Of its ranges.
    std::size_t last;
    double log_low =
        0.0;  // The length term is at least this, of a segment that ends min_length later;
    double log_gap = 0.0;       // and this much, at most, larger than that of a segment begun here.
    double logged_count = 0.0;  // When they were taken.
  };

  /// Bounds of logarithms are good enough and cheap: they are taken anew when the segment has grown by a sixteenth.
  void refresh_log(Place& place) const noexcept {
    if (per_log_ == 0.0 || place.cost.count <= 1.0625 * place.logged_count) return;
    place.logged_count = place.cost.count;
    place.log_low = per_log_ * (std::log(place.cost.count + min_) - log_samples_);
    place.log_gap = per_log_ * std::log((1.0625 * place.cost.count + min_) / min_);
  }

  /// The parts of a range that are not covered, appended. @pre something is covered
  void uncovered(LevelRange range, std::vector<LevelRange>& out) {
    std::ranges::sort(covered_, {}, &LevelRange::low);
    double from = range.low;
    for (const LevelRange& each : covered_) {
      if (each.low >= range.high) break;
      if (each.low > from) out.push_back({from, each.low});
      from = std::max(from, each.high);
    }
    if (from < range.high) out.push_back({from, range.high});
  }

  /// Where a younger place began, the length term spoke for it; now that its segment is long too, the older ones may
  /// beat it. Asked when the places have doubled.
  void compare_all() {
    kept_.clear();
    std::size_t out = 0;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      Place place = places_[i];
      covered_.clear();
      for (std::size_t k = 0; k < out; ++k) cover_by(places_[k], place);
      const std::size_t first = kept_.size();
      for (std::size_t r = place.first; r < place.last; ++r)
        covered_.empty() ? kept_.push_back(ranges_[r]) : uncovered(ranges_[r], kept_);
      if (first == kept_.size()) continue;
      place.first = first;
      place.last = kept_.size();
      places_[out++] = place;
    }
    places_.resize(out);
    std::swap(kept_, ranges_);
    most_ = 2 * places_.size() + 16;
  }

  /// The levels at which `older`, whose ranges are in kept_ already, beats `younger` from now on.
  void cover_by(const Place& older, const Place& younger) {
    const LevelCost between{older.cost.count - younger.cost.count,
                            older.cost.sum - younger.cost.sum,
                            older.cost.squares - younger.cost.squares, older.cost.before};
    const double gap = per_log_ * std::log((older.cost.count + min_) / (younger.cost.count + min_));
    const LevelRange beats = below(between, younger.cost.before - gap);
    for (std::size_t r = older.first; r < older.last; ++r) {
      const LevelRange better{std::max(kept_[r].low, beats.low),
                              std::min(kept_[r].high, beats.high)};
      if (better.low < better.high) covered_.push_back(better);
    }
  }

  LevelRange levels_;
  double per_log_;
  double min_;
  double log_samples_;
  std::vector<Place> places_;
  std::vector<LevelRange> ranges_;  // Of the places, one after the other.
  std::vector<LevelRange> kept_;
  std::vector<LevelRange> covered_;
  std::size_t most_ = 16;  // Places before all are compared.
};

LevelRange range_of(std::span<const double> values) {
  const auto [low, high] = std::ranges::minmax(values);
  return {low, high};
}

std::vector<std::size_t> walk(std::span<const std::uint32_t> previous, std::size_t end) {
  std::vector<std::size_t> changes;
  for (std::size_t at = previous[end]; at > 0; at = previous[at]) changes.push_back(at);
  std::ranges::reverse(changes);
  return changes;
}

/// The last `size` of what was put in, oldest first.
class Pending {
 public:
  explicit Pending(std::size_t size) : kept_(size, kNever) {}
  void push(std::size_t at, double cost) { kept_[at % kept_.size()] = cost; }
  double of(std::size_t at) const { return kept_[at % kept_.size()]; }

 private:
  std::vector<double> kept_;
};

/// Goes over the series once: `cost_of(place)` is what is paid before a change there (infinite: there can be none),
/// `tell(end, cost, place)` hears of every end the least cost of what is before it and the last change of that.
template <class CostOf, class Tell>
void sweep(std::span<const double> values, std::size_t min_length, Places& places, const Task& task,
           CostOf&& cost_of, Tell&& tell) {
  LevelCost window;  // The last min_length samples: no change lies within.
  for (std::size_t end = 1; end <= values.size(); ++end) {
    window.add(values[end - 1]);
    if (end < min_length) continue;
    const std::size_t fresh = end - min_length;
    if (fresh > 0) {
      const double old = values[fresh - 1];
      places.add(old);
      window.count -= 1.0;
      window.sum -= old;
      window.squares -= old * old;
    }
    const double paid = cost_of(fresh);
    if (paid < kNever) places.insert(static_cast<std::uint32_t>(fresh), paid);
    std::uint32_t at = 0;
    const double least = places.least(window, at);
    tell(end, least, at);
    if (end % kLooksForStop == 0) task.check();
  }
}

}  // namespace

std::vector<std::size_t> least_mean_cost(std::span<const double> values, double variance,
                                         const Penalty& penalty, std::size_t min_length,
                                         const Task& task) {
  const std::size_t n = values.size();
  if (n < 2 * min_length) return {};
  // Costs in squares: prices are multiplied by the variance instead.
  const double per_change = penalty.per_change * variance;
  Places places(range_of(values), penalty.per_log_length * variance,
                static_cast<double>(min_length), static_cast<double>(n));
  std::vector<std::uint32_t> previous(n + 1, 0);
  Pending best(min_length + 1);
  best.push(0, -per_change);
  sweep(
      values, min_length, places, task, [&](std::size_t place) { return best.of(place); },
      [&](std::size_t end, double least, std::uint32_t at) {
        previous[end] = at;
        best.push(end, least + per_change);
      });
  return walk(previous, n);
}

std::vector<std::size_t> best_mean_changes(std::span<const double> values, std::size_t changes,
                                           std::size_t min_length, const Task& task) {
  const std::size_t n = values.size();
  std::vector<double> before(n + 1, kNever);  // Least costs with one change fewer.
  std::vector<double> now(n + 1, kNever);
  LevelCost all;
  for (std::size_t end = 1; end <= n; ++end) {
    all.add(values[end - 1]);
    if (end >= min_length) before[end] = all.least();
  }
  std::vector<std::vector<std::uint32_t>> previous(changes);
  for (auto& of_number : previous) {
    of_number.assign(n + 1, 0);
    std::ranges::fill(now, kNever);
    Places places(range_of(values), 0.0, static_cast<double>(min_length), static_cast<double>(n));
    sweep(
        values, min_length, places, task, [&](std::size_t place) { return before[place]; },
        [&](std::size_t end, double least, std::uint32_t at) {
          of_number[end] = at;
          now[end] = least;
        });
    std::swap(before, now);
  }
  std::vector<std::size_t> found(changes);
  std::size_t end = n;
  for (std::size_t k = changes; k-- > 0;) found[k] = end = previous[k][end];
  return found;
}

}  // namespace emdyn::emergence::segment
