#include "emdyn/detect/live/validation_watch.hpp"

#include <algorithm>
#include <cmath>

#include "emdyn/core/field.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/detect/training/divergence.hpp"
#include "emdyn/math/distributions.hpp"
#include "emdyn/series/roles.hpp"

namespace emdyn::detect {
namespace {

constexpr std::size_t kMostEvaluations = 512;
constexpr std::size_t kFewestEvaluations = 8;
constexpr std::size_t kFewestSince = 4;  // The best.
constexpr double kClimbs = 0.5;          // Kendall's tau.
constexpr double kOfHeld = 0.6;          // Freedom of second differences that share evaluations.
constexpr double kMostSquares = 9.0;     // A larger one, of a curve or an anomaly, is held at it.
constexpr double kHeldMean = 0.98;       // Of held squares of normal ones.
constexpr double kNormalMedian = 1.4826;

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

ValidationWatch::ValidationWatch(double alpha) : alpha_(alpha) {
  field_detail::check_range("overfitting.alpha", alpha, 1e-12, 0.5);
}

void ValidationWatch::on_signal(std::size_t signal, std::string_view name, series::Axis axis) {
  const auto role = series::role_of(name);
  if (role == series::Role::train_loss && !training_) training_ = signal;
  if (role != series::Role::test_loss || validation_) return;
  validation_ = signal;
  name_ = name;
  axis_ = axis;
}

void ValidationWatch::push(std::size_t signal, double position, double value,
                           std::vector<series::Event>& events) {
  if (!std::isfinite(value) || !std::isfinite(position)) return;
  if (training_ == signal) {
    sum_ += value;
    count_ += 1.0;
  } else if (validation_ == signal) {
    evaluate(position, value, events);
  }
}

void ValidationWatch::evaluate(double position, double loss, std::vector<series::Event>& events) {
  if (count_ > 0.0) {
    last_mean_ = sum_ / count_;
    has_mean_ = true;
    sum_ = count_ = 0.0;
  }
  if (!evaluations_.empty() && position < evaluations_.back().position) {
    evaluations_.clear();  // A new segment.
    told_ = false;
  }
  ++seen_;
  if (evaluations_.size() == kMostEvaluations) make_room();
  evaluations_.push_back({position, loss, last_mean_});
  if (evaluations_.size() < kFewestEvaluations) return;
  const Verdict verdict = judge();
  const Evaluation& best = evaluations_[verdict.best];
  if (told_ && best.loss < told_best_) told_ = false;
  if (told_ || verdict.p_value > alpha_) return;
  told_ = true;
  told_best_ = best.loss;
  series::Event event;
  event.signal = name_;
  event.position = position;
  event.axis = axis_;
  event.detector = verdict.overfits ? kOverfitting : Divergence::kName;
  event.policy = "p <= " + shortest(alpha_) + " per evaluation, once for each best";
  event.score = std::log10(verdict.p_value) / std::log10(alpha_);
  event.p_value = verdict.p_value;
  event.direction = series::Direction::rise;
  event.onset = series::Interval{best.position, best.position, position, 0.9};
  event.kind = series::EventKind::trend;
  event.before = best.loss;
  event.after = loss;
  events.push_back(std::move(event));
}

/// Deviation of an evaluation from what its neighbours say.
double ValidationWatch::noise() const {
  std::vector<double> seconds;
  for (std::size_t i = 2; i < evaluations_.size(); ++i) {
    seconds.push_back(
        std::abs(evaluations_[i].loss - 2.0 * evaluations_[i - 1].loss + evaluations_[i - 2].loss));
  }
  const double usual = kNormalMedian * median(seconds);
  double squares = 0.0;
  for (const double second : seconds)
    squares += std::min(second * second, kMostSquares * usual * usual);
  return std::sqrt(squares / (kHeldMean * 6.0 * static_cast<double>(seconds.size())));
}

ValidationWatch::Verdict ValidationWatch::judge() const {
  const std::size_t count = evaluations_.size();
  Verdict verdict;
  const auto lowest = std::ranges::min_element(evaluations_, {}, &Evaluation::loss);
  verdict.best = static_cast<std::size_t>(lowest - evaluations_.begin());
  const std::size_t since = count - 1 - verdict.best;
  if (since < kFewestSince) return verdict;
  double agree = 0.0;
  for (std::size_t i = verdict.best + 1; i < count; ++i) {
    for (std::size_t j = i + 1; j < count; ++j) {
      const double step = evaluations_[j].loss - evaluations_[i].loss;
      agree += step > 0.0 ? 1.0 : step < 0.0 ? -1.0 : 0.0;
    }
  }
  const double pairs = 0.5 * static_cast<double>(since) * static_cast<double>(since - 1);
  if (agree < kClimbs * pairs) return verdict;
  const std::size_t first = verdict.best > 0 ? verdict.best - 1 : 0;
  const double around =
      (evaluations_[first].loss + evaluations_[first + 1].loss + evaluations_[first + 2].loss) /
      3.0;
  const double now =
      (evaluations_[count - 1].loss + evaluations_[count - 2].loss + evaluations_[count - 3].loss) /
      3.0;
  const double error =
      std::max(noise(), std::abs(lowest->loss) * 1e-9 + 1e-140) * std::sqrt(2.0 / 3.0);
  const double picked = static_cast<double>(count);
  const double freedom = std::max(kOfHeld * (picked - 2.0), 3.0);
  verdict.p_value = std::min(1.0, picked * math::student_t_sf((now - around) / error, freedom));
  verdict.overfits = has_mean_ && training_goes_on(verdict.best);
  return verdict;
}

/// The newer half of the training losses since the best is no higher than the older half.
bool ValidationWatch::training_goes_on(std::size_t best) const {
  const std::size_t count = evaluations_.size();
  const std::size_t middle = (best + 1 + count) / 2;
  double older = 0.0;
  double newer = 0.0;
  for (std::size_t i = best + 1; i < middle; ++i) older += evaluations_[i].training;
  for (std::size_t i = middle; i < count; ++i) newer += evaluations_[i].training;
  older /= static_cast<double>(middle - best - 1);
  newer /= static_cast<double>(count - middle);
  return newer <= older && newer <= evaluations_[best].training;
}

/// The older half of the evaluations, in pairs.
void ValidationWatch::make_room() {
  std::vector<Evaluation> kept;
  const std::size_t half = evaluations_.size() / 2;
  for (std::size_t i = 0; i + 1 < half; i += 2) {
    const Evaluation& a = evaluations_[i];
    const Evaluation& b = evaluations_[i + 1];
    kept.push_back({a.position, std::min(a.loss, b.loss), 0.5 * (a.training + b.training)});
  }
  kept.insert(kept.end(), evaluations_.begin() + static_cast<std::ptrdiff_t>(half),
              evaluations_.end());
  evaluations_ = std::move(kept);
}

}  // namespace emdyn::detect
