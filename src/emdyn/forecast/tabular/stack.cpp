#include "emdyn/forecast/tabular/stack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/forecast/tabular/logistic.hpp"

namespace emdyn::forecast {
namespace {

constexpr double kSurest = 12.0;  // Log-odds
constexpr int kMostIterations = 100;
constexpr int kMostPasses = 20'000;
constexpr double kTolerance = 1e-13;  // Of the loss, relative.
constexpr double kNothing = 1e-10;    // A weight below it is none.
constexpr double kRidge = 1e-10;      // Members may be equal.

// Newton's method: each step minimises the quadratic model of the loss under the bounds, which is a small problem
// whatever the number of rows, and is halved until the loss falls.
class StackFit {
 public:
  StackFit(const FeatureTable& members, std::span<const double> labels,
           std::span<const double> weights, double penalty)
      : labels_(labels),
        weights_(weights),
        penalty_(penalty),
        size_(members.columns + 1),
        rows_(labels.size() * size_, 1.0),
        at_(size_, 0.0) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      for (std::size_t m = 0; m < members.columns; ++m) {
        rows_[i * size_ + m] = held_log_odds(members.row(i)[m]);
      }
    }
  }

  Stack fit() {
    double loss = objective(at_);
    for (int iteration = 0; iteration < kMostIterations; ++iteration) {
      differentiate();
      const std::vector<double> target = bounded_minimum();
      double step = 1.0;
      std::vector<double> next;
      double next_loss = loss;
      for (int halvings = 0; halvings < 40; ++halvings, step *= 0.5) {
        next = at_;
        for (std::size_t j = 0; j < size_; ++j) next[j] += step * (target[j] - at_[j]);
        next_loss = objective(next);
        if (next_loss < loss) break;
      }
      if (!(next_loss < loss)) break;
      const bool done = loss - next_loss < kTolerance * (1.0 + std::abs(loss));
      at_ = std::move(next);
      loss = next_loss;
      if (done) break;
    }
    Stack stack{at_.back(), {at_.begin(), at_.end() - 1}};
    // What the bounds hold at 0 is 0 and not a remainder of steps.
    for (double& each : stack.weight) each = each < kNothing ? 0.0 : each;
    return stack;
  }

 private:
  double weight(std::size_t i) const { return weights_.empty() ? 1.0 : weights_[i]; }
  double score(std::size_t i, const std::vector<double>& at) const {
    double sum = 0.0;
    for (std::size_t j = 0; j < size_; ++j) sum += at[j] * rows_[i * size_ + j];
    return sum;
  }

  double objective(const std::vector<double>& at) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      const double own = score(i, at);
      const double margin = labels_[i] == 1.0 ? -own : own;
      sum += weight(i) * (std::max(margin, 0.0) + std::log1p(std::exp(-std::abs(margin))));
    }
    for (std::size_t m = 0; m + 1 < size_; ++m) sum += 0.5 * penalty_ * at[m] * at[m];
    return sum;
  }

  void differentiate() {
    gradient_.assign(size_, 0.0);
    hessian_.assign(size_ * size_, 0.0);
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      const double p = sigmoid(score(i, at_));
      const double g = weight(i) * (p - labels_[i]);
      const double h = weight(i) * p * (1.0 - p);
      const double* const row = rows_.data() + i * size_;
      for (std::size_t j = 0; j < size_; ++j) {
        gradient_[j] += g * row[j];
        for (std::size_t k = 0; k <= j; ++k) hessian_[j * size_ + k] += h * row[j] * row[k];
      }
    }
    for (std::size_t j = 0; j < size_; ++j) {
      if (j + 1 < size_) {
        gradient_[j] += penalty_ * at_[j];
        hessian_[j * size_ + j] += penalty_;
      }
      hessian_[j * size_ + j] += kRidge;
      for (std::size_t k = 0; k < j; ++k) hessian_[k * size_ + j] = hessian_[j * size_ + k];
    }
  }

  // Of the quadratic model, weights >= 0: cyclic descent on a matrix of the members' number.
  std::vector<double> bounded_minimum() const {
    std::vector<double> to = at_;
    std::vector<double> slope = gradient_;
    for (int pass = 0; pass < kMostPasses; ++pass) {
      double largest = 0.0;
      for (std::size_t j = 0; j < size_; ++j) {
        double change = -slope[j] / hessian_[j * size_ + j];
        if (j + 1 < size_) change = std::max(change, -to[j]);
        if (change == 0.0) continue;
        to[j] += change;
        for (std::size_t k = 0; k < size_; ++k) slope[k] += change * hessian_[j * size_ + k];
        largest = std::max(largest, std::abs(change));
      }
      if (largest < kNothing) break;
    }
    return to;
  }

  std::span<const double> labels_;
  std::span<const double> weights_;
  double penalty_;
  std::size_t size_;          // Members and the intercept, which is last.
  std::vector<double> rows_;  // [rows, size_]
  std::vector<double> at_;
  std::vector<double> gradient_{};
  std::vector<double> hessian_{};
};

}  // namespace

double held_log_odds(double log_odds) noexcept { return std::clamp(log_odds, -kSurest, kSurest); }

double Stack::log_odds(std::span<const double> members) const noexcept {
  double sum = intercept;
  for (std::size_t m = 0; m < weight.size(); ++m) sum += weight[m] * held_log_odds(members[m]);
  return sum;
}

Stack fit_stack(const FeatureTable& members, std::span<const double> labels,
                std::span<const double> weights, double penalty) {
  if (members.rows() != labels.size() || (!weights.empty() && weights.size() != labels.size())) {
    throw DataError(fmt::format("stack: {} rows of members, {} labels, {} weights", members.rows(),
                                labels.size(), weights.size()));
  }
  double positive = 0.0;
  double total = 0.0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double weight = weights.empty() ? 1.0 : weights[i];
    positive += weight * labels[i];
    total += weight;
    if (std::ranges::any_of(members.row(i), [](double x) { return std::isnan(x); })) {
      throw DataError(fmt::format("stack: a member has no forecast for row {}", i + 1));
    }
  }
  if (!(positive > 0.0 && positive < total)) throw DataError("stack needs rows of both outcomes");
  return StackFit(members, labels, weights, penalty).fit();
}

double log_loss(std::span<const double> log_odds, std::span<const double> labels,
                std::span<const double> weights) {
  double sum = 0.0;
  double total = 0.0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double margin = labels[i] == 1.0 ? -log_odds[i] : log_odds[i];
    const double weight = weights.empty() ? 1.0 : weights[i];
    sum += weight * (std::max(margin, 0.0) + std::log1p(std::exp(-std::abs(margin))));
    total += weight;
  }
  return sum / total;
}

}  // namespace emdyn::forecast
