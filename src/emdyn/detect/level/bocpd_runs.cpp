#include "emdyn/detect/level/bocpd_runs.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "emdyn/math/elementary.hpp"

namespace emdyn::detect {
namespace {

constexpr std::size_t kLanes = 8;
constexpr std::size_t kTable = 40;

/// Gamma(alpha + 1/2) / (Gamma(alpha) sqrt(2 pi)) by Stirling's series of the ratio; relative error
/// below 1e-8 from alpha = 20 on.
EMDYN_INLINE_BODY inline double long_gamma_ratio(double alpha) noexcept {
  const double i = 1.0 / alpha;
  const double series = 1.0 + i * (-0.125 + i * (0.0078125 + i * 0.0048828125));
  return std::sqrt(alpha * (0.5 * std::numbers::inv_pi)) * series;
}

/// Joins the lanes in halves: a fixed order.
double folded(const double (&lanes)[kLanes]) noexcept {
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
         ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

}  // namespace

BocpdRuns::BocpdRuns(std::size_t most, const Prior& prior)
    : prior_(prior),
      most_(most),
      probability_((most + kLanes - 1) / kLanes * kLanes, 0.0),
      length_(probability_.size(), 0.0),
      mean_(probability_.size(), 0.0),
      beta_(probability_.size(), 1.0),
      gamma_(probability_.size(), 1.0),
      gamma_table_(kTable) {
  const double half_log_two_pi = 0.5 * std::log(2.0 * std::numbers::pi);
  for (std::size_t i = 0; i < kTable; ++i) {
    const double alpha = prior.alpha + 0.5 * static_cast<double>(i);
    gamma_table_[i] = std::exp(std::lgamma(alpha + 0.5) - std::lgamma(alpha) - half_log_two_pi);
  }
}

double BocpdRuns::gamma_ratio(double length) const noexcept {
  if (length < static_cast<double>(kTable)) return gamma_table_[static_cast<std::size_t>(length)];
  return long_gamma_ratio(prior_.alpha + 0.5 * length);
}

void BocpdRuns::blank(std::size_t place) noexcept {
  probability_[place] = length_[place] = mean_[place] = 0.0;
  beta_[place] = gamma_[place] = 1.0;
}

void BocpdRuns::clear() noexcept {
  for (std::size_t i = 0; i < probability_.size(); ++i) blank(i);
  size_ = 0;
}

void BocpdRuns::push_back(const Run& run) noexcept {
  probability_[size_] = run.probability;
  length_[size_] = run.length;
  mean_[size_] = run.mean;
  beta_[size_] = run.beta;
  gamma_[size_] = gamma_ratio(run.length);
  ++size_;
}

void BocpdRuns::erase(std::size_t place) noexcept {
  const auto first = static_cast<std::ptrdiff_t>(place);
  const auto last = static_cast<std::ptrdiff_t>(size_);
  for (auto* column : {&probability_, &length_, &mean_, &beta_, &gamma_}) {
    std::copy(column->begin() + first + 1, column->begin() + last, column->begin() + first);
  }
  blank(--size_);
}

double BocpdRuns::observe(double sample, InstructionSet set) noexcept {
  const std::size_t count = padded();
  double lanes[kLanes] = {};
  run_with(set, [&]() EMDYN_INLINE_BODY {
    // Locals: what is captured might alias.
    double* __restrict probability = probability_.data();
    double* __restrict length = length_.data();
    double* __restrict mean = mean_.data();
    double* __restrict beta = beta_.data();
    double* __restrict gamma = gamma_.data();
    const Prior prior = prior_;
    const double x = sample;
    const std::size_t size = count;
    for (std::size_t i = 0; i < size; ++i) {
      const double kappa = prior.kappa + length[i];
      const double share = 1.0 / (kappa + 1.0);
      const double distance = x - mean[i];
      // Student-t predictive with 2 alpha degrees of freedom; half its scale's square times kappa.
      const double half_width = beta[i] / (kappa * share);
      const double squared = distance * distance;
      const double power = prior.alpha + 0.5 * length[i] + 0.5;
      const double tail =
          math::exp_negative(-power * math::log1p_positive(0.5 * squared / half_width));
      probability[i] *= gamma[i] / std::sqrt(half_width) * tail;
      beta[i] += 0.5 * squared * (kappa * share);
      mean[i] += distance * share;
      length[i] += 1.0;
      gamma[i] = long_gamma_ratio(prior.alpha + 0.5 * length[i]);
    }
    for (std::size_t i = 0; i < size; i += kLanes) {
      for (std::size_t l = 0; l < kLanes; ++l) lanes[l] += probability[i + l];
    }
  });
  // The oldest come first: short runs are at the end.
  for (std::size_t i = size_; i-- > 0 && length_[i] < static_cast<double>(kTable);) {
    gamma_[i] = gamma_table_[static_cast<std::size_t>(length_[i])];
  }
  for (std::size_t i = size_; i < count; ++i) blank(i);
  return folded(lanes);
}

double BocpdRuns::prune(double total, double negligible) noexcept {
  const double least = *std::min_element(probability_.begin(),
                                         probability_.begin() + static_cast<std::ptrdiff_t>(size_));
  const double floor = negligible * total;
  if (least >= floor) {
    if (!full()) return total;
    erase(static_cast<std::size_t>(std::find(probability_.begin(), probability_.end(), least) -
                                   probability_.begin()));
    return total - least;
  }
  std::size_t kept = 0;
  double left = 0.0;
  for (std::size_t i = 0; i < size_; ++i) {
    if (probability_[i] < floor) continue;
    left += probability_[i];
    for (auto* column : {&probability_, &length_, &mean_, &beta_, &gamma_}) {
      (*column)[kept] = (*column)[i];
    }
    ++kept;
  }
  for (std::size_t i = kept; i < size_; ++i) blank(i);
  size_ = kept;
  return left;
}

BocpdRuns::Weights BocpdRuns::scale(double factor, double limit, InstructionSet set) noexcept {
  const std::size_t count = padded();
  double recent[kLanes] = {};
  double older[kLanes] = {};
  run_with(set, [&]() EMDYN_INLINE_BODY {
    double* __restrict probability = probability_.data();
    const double* __restrict length = length_.data();
    for (std::size_t i = 0; i < count; i += kLanes) {
      for (std::size_t l = 0; l < kLanes; ++l) {
        const double scaled = probability[i + l] * factor;
        probability[i + l] = scaled;
        const bool young = length[i + l] < limit;
        recent[l] += young ? scaled : 0.0;
        older[l] += young ? 0.0 : scaled;
      }
    }
  });
  return {folded(recent), folded(older)};
}

bool BocpdRuns::sound(const Run& run) noexcept {
  return 0.0 <= run.probability && run.probability <= 1.0 + 1e-9 && 0.0 <= run.length &&
         run.length <= 1e15 && run.length == std::floor(run.length) && 0.0 < run.beta &&
         run.beta <= 1e200 && -1e100 <= run.mean && run.mean <= 1e100;
}

bool BocpdRuns::operator==(const BocpdRuns& other) const {
  if (!(prior_ == other.prior_) || most_ != other.most_ || size_ != other.size_) return false;
  for (std::size_t i = 0; i < size_; ++i) {
    if (!((*this)[i] == other[i])) return false;
  }
  return true;
}

}  // namespace emdyn::detect
