#include "emdyn/detect/live/held_series.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace emdyn::detect {
namespace {

// A detector that prices itself scores 1 in these units at 1 in 1000, the budget of a reference.
constexpr double kPricedDecades = 3.0;
constexpr double kSmallestPrice = 1e-300;

void show_samples(AnyDetector& detector, const Placement& placement,
                  std::span<const double> samples) {
  for (const double sample : samples) detector.update(placement(sample));
}

}  // namespace

void HeldViews::renew(View& view) const {
  view.detector = learned_->clone();
  view.age = 0;
}

void HeldViews::begin(const AnyDetector& learned) {
  learned_ = &learned;
  for (View& view : views_) renew(view);
  now_ = 0;
  seen_ = 0;
  views_[1].age = kStretch / 2;  // So it is renewed when the first is half through.
}

double HeldViews::update(double sample) {
  ++seen_;
  if (single_) {
    renew(views_[0]);
    views_[0].age = 1;
    return views_[0].detector->update(sample);
  }
  std::array<double, 2> scores{};
  for (std::size_t i = 0; i < views_.size(); ++i) {
    View& view = views_[i];
    if (view.age == kStretch) renew(view);
    scores[i] = view.detector->update(sample);
    ++view.age;
  }
  // Of equal ones the older, which has seen more.
  const bool older = views_[0].age > views_[1].age;
  now_ = scores[0] > scores[1] || (scores[0] == scores[1] && older) ? 0 : 1;
  return scores[now_];
}

void HeldViews::skip(std::uint64_t count) noexcept {
  for (View& view : views_) {
    if (view.detector) view.detector->skip(count);
  }
}

HeldSeries::HeldSeries(const Entry& entry, const Params& params, Placement::Kind placement,
                       std::size_t samples, const HeldPolicy::Config& policy)
    : entry_(entry),
      params_(params),
      kind_(placement),
      wanted_(samples),
      learned_(entry.make(params)),
      views_(entry),
      policy_(policy) {}

Placement HeldSeries::placement_of(std::span<const double> samples) const noexcept {
  if (kind_ == Placement::Kind::probability) return Placement::learned(kind_, samples);
  if (kind_ == Placement::Kind::deviations) return Placement::learned(kind_, samples);
  return entry_.domain == Domain::unit_interval ? Placement::of_unit_interval(samples)
                                                : Placement{};
}

/// A score that larger p-values lower: the detector's own, or of one that prices its alarms that price.
double HeldSeries::scored(HeldViews& views, double sample) const {
  const double score = views.update(sample);
  if (!entry_.calibrated) return score;
  const double price = views.now().p_value().value_or(1.0);
  return -std::log10(std::max(price, kSmallestPrice)) / kPricedDecades;
}

/// Scores of one block by a detector that learned from the others.
void HeldSeries::keep_out(std::span<const double> reference, std::size_t block) {
  const std::size_t first = reference.size() * block / Reference::kBlocks;
  const std::size_t last = reference.size() * (block + 1) / Reference::kBlocks;
  std::vector<double> others(reference.begin(),
                             reference.begin() + static_cast<std::ptrdiff_t>(first));
  others.insert(others.end(), reference.begin() + static_cast<std::ptrdiff_t>(last),
                reference.end());
  const Placement placement = placement_of(others);
  const auto detector = entry_.make(params_);
  show_samples(*detector, placement, others);
  if (!detector->ready()) return;
  if (entry_.resets) detector->rearm();
  HeldViews views(entry_);
  views.begin(*detector);
  for (std::size_t i = first; i < last; ++i) policy_.learn(scored(views, placement(reference[i])));
}

bool HeldSeries::learn(std::span<const double> reference) {
  wanted_ = 0;
  placement_ = placement_of(reference);
  show_samples(*learned_, placement_, reference);
  silent_ = !learned_->ready();
  if (silent_) return false;
  if (entry_.resets) learned_->rearm();  // What it gathered goes, the level stays.
  for (std::size_t block = 0; block < Reference::kBlocks; ++block) keep_out(reference, block);
  views_.begin(*learned_);
  return true;
}

std::optional<HeldSeries::Judged> HeldSeries::push(double value) {
  if (wanted_ > 0) {
    gathered_.push_back(value);
    if (gathered_.size() < wanted_) return std::nullopt;
    (void)learn(std::exchange(gathered_, {}));
    return std::nullopt;
  }
  if (silent_) return std::nullopt;
  Judged judged;
  judged.decision = policy_.step(scored(views_, placement_(value)));
  judged.score = views_.now().evidence().score;
  return judged;
}

void HeldSeries::skip() noexcept {
  if (wanted_ == 0 && !silent_) views_.skip(1);
}

void HeldSeries::restart() {
  if (wanted_ > 0 || silent_) return;
  views_.begin(*learned_);
  policy_.restart();
}

Evidence HeldSeries::evidence() const noexcept {
  Evidence evidence = views_.now().evidence();
  const std::uint64_t seen = views_.age() - std::min<std::uint64_t>(views_.age(), 1);
  for (std::uint64_t* ago :
       {&evidence.onset_samples_ago, &evidence.onset_earliest_ago, &evidence.onset_latest_ago})
    *ago = std::min(*ago, seen);
  evidence.warming_up = false;
  return evidence;
}

}  // namespace emdyn::detect
