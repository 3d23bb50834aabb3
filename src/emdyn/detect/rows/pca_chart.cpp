#include "emdyn/detect/rows/pca_chart.hpp"

#include <algorithm>

#include "emdyn/math/distributions.hpp"

namespace emdyn::detect {
namespace {

constexpr std::uint64_t kChartRefresh = 32;
constexpr double kSmallestEigenvalue = 1e-15;
constexpr double kSmallestLimit = 1e-12;  // Of rows that lie in the subspace to the last digit.

}  // namespace

PcaModel::PcaModel(std::size_t channels, double variance, double alpha)
    : variance_(variance),
      alpha_(alpha),
      enough_(std::max(30.0, 3.0 * static_cast<double>(channels))),
      covariance_(channels),
      work_(channels * channels, 0.0),
      values_(channels, 0.0),
      vectors_(channels * channels, 0.0),
      centre_(channels, 0.0) {}

double PcaModel::q_limit(std::span<const double> left_out, double alpha) noexcept {
  double first = 0.0;
  double second = 0.0;
  double third = 0.0;
  for (const double value : left_out) {
    first += value;
    second += value * value;
    third += value * value * value;
  }
  if (!(first > 0.0)) return 0.0;
  const double c = math::normal_isf(alpha);
  const double h = 1.0 - 2.0 * first * third / (3.0 * second * second);
  const double inside =
      1.0 + c * std::sqrt(2.0 * second * h * h) / first + second * h * (h - 1.0) / (first * first);
  // h is negative only where one eigenvalue dwarfs many equal ones: Box's scaled chi-squared (1954) holds there too.
  if (!(h > 1e-3) || !(inside > 0.0))
    return second / first * math::chi_squared_isf(alpha, first * first / second);
  return first * std::pow(inside, 1.0 / h);
}

double PcaModel::t2_limit(std::size_t components, double rows, double alpha) noexcept {
  const double a = static_cast<double>(components);
  const double freedom = rows - a;
  // F's quantile from that of the beta distribution, by the smaller tail.
  const double beta = math::beta_quantile(alpha, 0.5 * freedom, 0.5 * a);
  const double f = freedom * (1.0 - beta) / (a * std::max(beta, 1e-300));
  return a * (rows * rows - 1.0) / (rows * freedom) * f;
}

void PcaModel::fit() noexcept {
  const std::size_t n = centre_.size();
  const double rows = covariance_.weight();
  if (rows < 2.0) return;
  covariance_.shrunk(work_);
  std::ranges::copy(covariance_.mean(), centre_.begin());
  symmetric_eigen(work_, values_, vectors_);
  std::ranges::fill(work_, 0.0);
  double total = 0.0;
  for (double& value : values_) {
    value = std::max(value, kSmallestEigenvalue);
    total += value;
  }
  double held = 0.0;
  components_ = 0;
  while (components_ < n && held < variance_ * total) held += values_[components_++];
  limits_.q = std::max(q_limit(std::span(values_).subspan(components_), alpha_),
                       components_ < n ? kSmallestLimit : 0.0);
  limits_.t2 =
      rows > static_cast<double>(components_) + 1.0 ? t2_limit(components(), rows, alpha_) : 1e100;
  fitted_ = true;
}

double PcaModel::along(std::size_t component, std::span<const double> z) const noexcept {
  double sum = 0.0;
  for (std::size_t i = 0; i < z.size(); ++i)
    sum += vectors_[component * z.size() + i] * (z[i] - centre_[i]);
  return sum;
}

double PcaModel::t2(std::span<const double> z) const noexcept {
  double sum = 0.0;
  for (std::size_t c = 0; c < components_; ++c) {
    const double score = along(c, z);
    sum += score * score / values_[c];
  }
  return sum / limits_.t2;
}

double PcaModel::q(std::span<const double> z) const noexcept {
  if (limits_.q == 0.0) return 0.0;
  double sum = 0.0;
  // The sum over what is left out, not a difference of large squares.
  for (std::size_t c = components_; c < z.size(); ++c) {
    const double score = along(c, z);
    sum += score * score;
  }
  return sum / limits_.q;
}

void PcaModel::learn(std::span<const double> z) noexcept {
  covariance_.learn(z, 1.0);
  if (++rows_ % kChartRefresh == 0) fit();
}

void PcaModel::reset() noexcept {
  covariance_.reset();
  for (auto* each : {&work_, &values_, &vectors_, &centre_}) std::ranges::fill(*each, 0.0);
  components_ = rows_ = 0;
  limits_ = {};
  fitted_ = false;
}

}  // namespace emdyn::detect
