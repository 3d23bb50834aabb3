#include "emdyn/emergence/segment/cutter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/emergence/segment/cost.hpp"
#include "emdyn/emergence/segment/mean_path.hpp"

namespace emdyn::emergence::segment {
namespace {

constexpr std::size_t kFineCandidates = 20000;   // Places tried at most, then refined.
constexpr std::size_t kCoarseCandidates = 4096;  // Of costs that are dear or cannot be pruned.
constexpr double kLeastVariance = 1e-12;   // Values are standardised; a perfect fit has no noise.
constexpr double kMostBackPointers = 1e9;  // Of a fixed number of changes at every sample: 4 GB.
constexpr int kWidenings = 5;

/// The cost of a level, of a change that is moved from place to place: sums go along. Places must rise.
class MovingLevels {
 public:
  MovingLevels(std::span<const double> values, double variance)
      : values_(values), inverse_(1.0 / variance) {
    for (const double x : values) after_.add(x);
  }
  /// What both sides cost with the change at `place` of the stretch.
  double operator()(std::size_t place) noexcept {
    for (; at_ < place; ++at_) {
      before_.add(values_[at_]);
      after_.take(values_[at_]);
    }
    return (before_.cost() + after_.cost()) * inverse_;
  }
  double whole() const noexcept { return fit_line(values_).around_mean * inverse_; }

 private:
  struct Side {
    double count = 0.0;
    double sum = 0.0;
    double squares = 0.0;
    void add(double x) noexcept {
      count += 1.0;
      sum += x;
      squares += x * x;
    }
    void take(double x) noexcept {
      count -= 1.0;
      sum -= x;
      squares -= x * x;
    }
    double cost() const noexcept {
      return count > 0.0 ? std::max(0.0, squares - sum * sum / count) : 0.0;
    }
  };
  std::span<const double> values_;
  double inverse_;
  Side before_;
  Side after_;
  std::size_t at_ = 0;
};

/// The likelihood of every place [low, high] for a change at `at`, its neighbours held. `fresh()` makes a cost of a place
/// that is asked in rising order.
template <class Fresh>
series::Interval onset_interval(Fresh&& fresh, std::size_t low, std::size_t at, std::size_t high,
                                double level) {
  series::Interval interval{static_cast<double>(at), static_cast<double>(at),
                            static_cast<double>(at), level};
  double least = std::numeric_limits<double>::infinity();
  double total = 0.0;
  {
    auto cost = fresh();
    for (std::size_t t = low; t <= high; ++t) {
      const double here = cost(t);
      // The sum is kept in units of the best place so far.
      if (here < least) {
        total = total * std::exp(-0.5 * (least - here)) + 1.0;
        least = here;
      } else {
        total += std::exp(-0.5 * (here - least));
      }
    }
  }
  const double tail = 0.5 * (1.0 - level) * total;
  double below = 0.0;
  bool open = true;
  auto cost = fresh();
  for (std::size_t t = low; t <= high; ++t) {
    below += std::exp(-0.5 * (cost(t) - least));
    if (open && below >= tail) {
      interval.low = std::min(interval.low, static_cast<double>(t));
      open = false;
    }
    if (below >= total - tail) {
      interval.high = std::max(interval.high, static_cast<double>(t));
      break;
    }
  }
  return interval;
}

/// Runs one search with one cost on the prepared values.
class Cutter {
 public:
  Cutter(const Prepared& prepared, const SegmentOptions& options, const Task& task)
      : prepared_(prepared), options_(options), task_(task) {
    for (std::size_t c = 0; c < prepared.channels.size(); ++c)
      if (prepared.scales[c] > 0.0) used_.push_back(c);
  }

  Cuts run() {
    const bool gaussian = options_.regime == Regime::trend || options_.regime == Regime::mean;
    if (options_.search == SearchMethod::bocpd) {
      bayesian();
    } else if (gaussian) {
      known_variance();
    } else if (options_.regime == Regime::mean_variance) {
      finish(joint<MeanVarianceCost>(
                 [](const auto& values, std::size_t) { return MeanVarianceCost(values, 1e-6); }),
             information_penalty(MeanVarianceCost::kParameters * channels()), kFineCandidates);
    } else if (options_.regime == Regime::distribution) {
      finish(joint<DistributionCost>(
                 [](const auto& values, std::size_t) { return DistributionCost(values); }),
             information_penalty(DistributionCost::kParameters * channels()), kCoarseCandidates);
    } else {
      std::vector<std::vector<double>> channels;
      for (const std::size_t c : used_) channels.push_back(prepared_.channels[c]);
      const KernelCost cost(channels, options_.noise != Noise::null_model);
      finish(cost, information_penalty(cost.parameters()), kCoarseCandidates);
    }
    return std::move(cuts_);
  }

 private:
  double channels() const { return static_cast<double>(used_.size()); }
  std::size_t rows() const { return prepared_.rows; }

  Penalty information_penalty(double parameters) const {
    const double automatic = (parameters + 2.0) * std::log(static_cast<double>(rows()));
    if (options_.penalty > 0.0) return {options_.penalty, 0.0};
    return {automatic, 1.0};
  }

  std::size_t length(std::size_t least) const {
    return std::max(least, static_cast<std::size_t>(options_.min_length));
  }
  Grid grid(std::size_t min_length, std::size_t most) const {
    const std::size_t stride = (rows() + most - 1) / most;
    return {rows(), length(min_length), std::max<std::size_t>(stride, 1)};
  }

  template <class Cost, class Make>
  Joint<Cost> joint(Make&& make) const {
    std::vector<Cost> costs;
    for (const std::size_t c : used_) costs.push_back(make(prepared_.channels[c], c));
    return Joint<Cost>(std::move(costs));
  }

  void known_variance() {
    const bool line = options_.regime == Regime::trend;
    const double parameters = line ? TrendCost::kParameters : MeanCost::kParameters;
    const Penalty penalty = information_penalty(parameters * channels());
    std::vector<double> variances(prepared_.channels.size(), kLeastVariance);
    for (const std::size_t c : used_) {
      const std::vector<double>& values = prepared_.channels[c];
      variances[c] = std::max(options_.noise == Noise::null_model ? null_variance(values, line)
                                                                  : difference_variance(values),
                              kLeastVariance);
    }
    cuts_.variances = variances;
    cut_gaussian(penalty, line);
    if (options_.noise != Noise::autoregressive) return;
    // Cuts again with wider noise until the change points stay.
    std::vector<double> dependence(variances.size(), 0.0);
    for (int round = 0; round < kWidenings; ++round) {
      const std::vector<std::size_t> before = cuts_.changes;
      for (const std::size_t c : used_) {
        const double phi = residual_autocorrelation(prepared_.channels[c], line, before);
        dependence[c] = std::max(dependence[c], phi);  // Only ever wider, so it ends.
        cuts_.variances[c] = widened_variance(variances[c], dependence[c]);
        cuts_.autocorrelation = std::max(cuts_.autocorrelation, dependence[c]);
      }
      cut_gaussian(penalty, line);
      if (cuts_.changes == before) break;
    }
  }

  void cut_gaussian(const Penalty& penalty, bool line) {
    const auto variance = [this](std::size_t c) { return cuts_.variances[c]; };
    if (line) {
      finish(joint<TrendCost>(
                 [&](const auto& values, std::size_t c) { return TrendCost(values, variance(c)); }),
             penalty, kFineCandidates);
    } else if (used_.size() == 1 && options_.search == SearchMethod::pelt && fits_in_memory()) {
      cut_levels(penalty, prepared_.channels[used_[0]], variance(used_[0]));
    } else {
      finish(joint<MeanCost>(
                 [&](const auto& values, std::size_t c) { return MeanCost(values, variance(c)); }),
             penalty, kFineCandidates);
    }
  }

  bool fits_in_memory() const {
    return static_cast<double>(rows()) * static_cast<double>(options_.changes) <= kMostBackPointers;
  }

  /// One channel of levels: exactly, at every sample.
  void cut_levels(const Penalty& penalty, std::span<const double> values, double variance) {
    const std::size_t shortest = length(MeanCost::kMinLength);
    check_room(shortest);
    cuts_.changes =
        options_.changes > 0
            ? best_mean_changes(values, static_cast<std::size_t>(options_.changes), shortest, task_)
            : least_mean_cost(values, variance, penalty, shortest, task_);
    conclude(penalty, [&](std::size_t before, std::size_t at, std::size_t after) {
      const auto stretch = values.subspan(before, after - before);
      const auto fresh = [&] { return MovingLevels(stretch, variance); };
      cuts_.gains.push_back(fresh().whole() - fresh()(at - before));
      const auto onset =
          onset_interval(fresh, shortest, at - before, stretch.size() - shortest, options_.level);
      const double first = static_cast<double>(before);
      cuts_.onsets.push_back(
          {first + onset.low, first + onset.estimate, first + onset.high, onset.level});
    });
  }

  void bayesian() {
    // Self-scaled: the values are standardised, so one sample's worth of a unit normal.
    const double hazard = 1.0 / options_.expected_length;
    const double automatic = -2.0 * std::log(hazard / (1.0 - hazard));
    const Penalty penalty{options_.penalty > 0.0 ? options_.penalty : automatic, 0.0};
    finish(joint<MarginalCost>(
               [](const auto& values, std::size_t) { return MarginalCost(values, RegimePrior{}); }),
           penalty, kCoarseCandidates);
  }

  void check_room(std::size_t shortest) const {
    const auto wanted = static_cast<std::size_t>(options_.changes);
    if (wanted == 0 || (wanted + 1) * shortest <= rows()) return;
    throw ConfigError(
        fmt::format("segment.changes: {} changes need {} samples ({} a segment), there are {}",
                    wanted, (wanted + 1) * shortest, shortest, rows()));
  }

  template <class Cost>
  void finish(const Cost& cost, const Penalty& penalty, std::size_t most) {
    const Grid where = grid(Cost::kMinLength, most);
    check_room(where.min_length);
    const auto wanted = static_cast<std::size_t>(options_.changes);
    // Splitting may raise a marginal likelihood's cost, so nothing may be pruned there.
    const bool prune = options_.search != SearchMethod::bocpd;
    if (options_.search == SearchMethod::binary) {
      cuts_.changes = binary_segmentation(cost, where, penalty, wanted, task_);
    } else if (wanted > 0) {
      cuts_.changes = best_changes(cost, where, wanted, prune, task_);
    } else {
      cuts_.changes = least_cost(cost, where, penalty, prune, task_);
    }
    if (where.stride > 1) refine(cost, where, penalty, where.stride, cuts_.changes);
    conclude(penalty, [&](std::size_t before, std::size_t at, std::size_t after) {
      const auto fresh = [&] {
        return [&cost, before, after](std::size_t t) { return cost(before, t) + cost(t, after); };
      };
      cuts_.gains.push_back(cost(before, after) - fresh()(at));
      cuts_.onsets.push_back(onset_interval(fresh, before + where.min_length, at,
                                            after - where.min_length, options_.level));
    });
  }

  template <class OfChange>
  void conclude(const Penalty& penalty, OfChange&& of_change) {
    cuts_.penalty = options_.changes > 0 ? 0.0 : penalty.per_change;
    cuts_.onsets.clear();
    cuts_.gains.clear();
    const auto& at = cuts_.changes;
    for (std::size_t i = 0; i < at.size(); ++i) {
      task_.check();
      of_change(i == 0 ? 0 : at[i - 1], at[i], i + 1 == at.size() ? rows() : at[i + 1]);
    }
  }

  const Prepared& prepared_;
  const SegmentOptions& options_;
  const Task& task_;
  std::vector<std::size_t> used_;  // Channels that are not constant.
  Cuts cuts_;
};

}  // namespace

Cuts cut(const Prepared& prepared, const SegmentOptions& options, const Task& task) {
  return Cutter(prepared, options, task).run();
}

}  // namespace emdyn::emergence::segment
