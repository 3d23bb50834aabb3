#include "emdyn/collect/ingest/contract/position_finder.hpp"

#include <cmath>
#include <limits>

namespace emdyn::collect::ingest {
namespace {

using Demand = PositionName::Demand;

// A cost is the place of a name in its table plus what its values take off. The sizes matter only
// against each other: a good counter behind a slash (30 …) comes before an exact name that is empty
// in some rows, and this before an epoch that stands still over many rows of a step.
constexpr std::size_t kGapsCost = 400;
constexpr std::size_t kSeldomCost = 1500;
constexpr std::size_t kStillCost = 500;
constexpr std::size_t kBackCost = 600;
constexpr std::size_t kTimeCost = 900;      // Before settings …
constexpr std::size_t kElapsedCost = 2000;  // … and after them, where it is no time of day.
constexpr std::size_t kFirstColumnCost = 3000;

constexpr double kMostlyUp = 0.4;   // Train and evaluation rows of one step are two rows.
constexpr double kHardlyUp = 0.02;  // As good as constant.
constexpr double kFewBacks = 0.02;  // Of a run that was resumed.
constexpr double kSeldom = 0.5;     // Share of rows with a value.
constexpr double kAlmostNever = 0.2;
constexpr double kNearlyAlways = 0.9;
constexpr double kOldestEpoch = 1e8;  // Seconds: the year 1973.
constexpr std::size_t kFewMoves = 20;

double share(std::size_t part, std::size_t whole) noexcept {
  return whole == 0 ? 1.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

bool PositionFinder::Candidate::stands_still() const noexcept {
  if (moves() < 2 || back > 0) return false;
  return up == 0 || (moves() >= kFewMoves && share(up, moves()) <= kHardlyUp);
}

std::optional<std::size_t> PositionFinder::add(std::string_view name, bool first, bool headless) {
  Candidate made;
  made.name = name;
  made.by_name = position_name(name);
  made.time_rank = time_rank(name);
  made.first = first;
  // A table written by pandas begins with its unnamed index.
  if (first && name.empty()) made.by_name = PositionName{kUnnamedCost, Demand::none};
  if (first && headless) made.by_name = PositionName{kUnnamedCost, Demand::rising};
  if (!made.by_name && !made.time_rank && !first) return std::nullopt;
  candidates_.push_back(std::move(made));
  return candidates_.size() - 1;
}

void PositionFinder::row(std::size_t series) {
  ++rows_;
  series_ = series;
}

void PositionFinder::value(std::size_t candidate, double number, bool date) {
  if (!std::isfinite(number)) return;
  Candidate& told = candidates_[candidate];
  if (told.values++ == 0) told.begins = rows_ - 1;
  told.clocks += date || number >= kOldestEpoch ? 1U : 0U;
  told.whole = told.whole && number == std::floor(number);
  if (told.last.size() <= series_) {
    told.last.resize(series_ + 1, std::numeric_limits<double>::quiet_NaN());
  }
  double& last = told.last[series_];
  if (!std::isnan(last)) {
    const double step = number - last;
    if (told.moves() == 0) told.step = step;
    told.even = told.even && step == told.step;
    ++(step > 0.0 ? told.up : step < 0.0 ? told.back : told.same);
  }
  last = number;
}

std::optional<std::size_t> PositionFinder::cost(const Candidate& one) const {
  if (one.values == 0 || one.stands_still()) return std::nullopt;
  const double there = share(one.values, rows_ - one.begins);
  if (there < kAlmostNever || share(one.values, rows_) < kAlmostNever) return std::nullopt;
  const double up = share(one.up, one.moves());
  const double back = one.moves() == 0 ? 0.0 : share(one.back, one.moves());
  std::size_t total = 0;
  if (one.by_name) {
    total = one.by_name->cost;
    const bool rises = one.same == 0 && back <= kFewBacks && there >= kNearlyAlways &&
                       share(one.values, rows_) >= kNearlyAlways;
    const bool counts = one.whole && back <= kFewBacks && up >= kMostlyUp;
    if (one.by_name->demand == Demand::rising && !rises) return std::nullopt;
    if (one.by_name->demand == Demand::counting && (!counts || one.moves() == 0))
      return std::nullopt;
  } else if (one.time_rank) {
    // A duration says how long something took; only one that adds up can be the position.
    if (!one.is_clock() && (one.back > 0 || up < kMostlyUp)) return std::nullopt;
    total = (one.is_clock() ? kTimeCost : kElapsedCost) + *one.time_rank;
  } else {
    const bool numbers_rows =
        one.whole && one.even && one.step > 0.0 && one.moves() >= 3 && one.values == rows_;
    if (!numbers_rows) return std::nullopt;
    total = kFirstColumnCost;
  }
  if (there < 1.0) total += there < kSeldom ? kSeldomCost : kGapsCost;
  if (one.moves() > 0 && up < kMostlyUp) total += kStillCost;
  if (back > 0.5) total += kBackCost;
  return total;
}

std::optional<std::size_t> PositionFinder::position() const {
  std::optional<std::size_t> chosen;
  std::size_t least = 0;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    const auto costs = cost(candidates_[i]);
    if (!costs || (chosen && *costs >= least)) continue;
    chosen = i;
    least = *costs;
  }
  return chosen;
}

std::optional<std::size_t> PositionFinder::time(std::optional<std::size_t> position) const {
  std::optional<std::size_t> chosen;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    const Candidate& one = candidates_[i];
    if (i == position || !one.time_rank || one.values == 0 || !one.is_clock()) continue;
    if (!chosen || *one.time_rank < *candidates_[*chosen].time_rank) chosen = i;
  }
  return chosen;
}

std::optional<std::size_t> PositionFinder::constant() const {
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    const auto& name = candidates_[i].by_name;
    if (name && name->demand == Demand::none && candidates_[i].stands_still()) return i;
  }
  return std::nullopt;
}

bool PositionFinder::sure() const {
  const auto chosen = position();
  if (!chosen) return false;
  const auto& name = candidates_[*chosen].by_name;
  const Candidate& one_chosen = candidates_[*chosen];
  const bool in_every_row = one_chosen.values == rows_ - one_chosen.begins;
  if (name && name->cost < kSureCost && in_every_row) return true;
  std::size_t rivals = 0;
  for (const Candidate& one : candidates_) rivals += one.by_name ? 1U : 0U;
  return rivals == 1 && name && name->demand == Demand::none;
}

}  // namespace emdyn::collect::ingest
