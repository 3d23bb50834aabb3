#include "emdyn/forecast/curves/ensemble.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace emdyn::forecast {
namespace {

// Moments of the past from which the same curve is foretold again.
constexpr std::array kOrigins{0.12, 0.2, 0.3, 0.4, 0.52, 0.65, 0.8, 0.9};
constexpr std::size_t kFewestBlocks = 5;  // Before such a moment.
constexpr double kKernel = 0.3;      // Width in log horizon of what counts as the same horizon.
constexpr double kBankWeight = 6.0;  // Of the bank's skill, in pairs of the curve's own past.
constexpr double kPower = 4.0;       // Weights fall with this power of the error.
constexpr double kHandicap = 1.1;    // A member must be so much better than standing still.
// Of the gains foretold from earlier moments some share came. Before any such moment it is taken to be
// kUsualShare, with the weight of kSharePairs pairs; what is not above kUnproven counts as none.
constexpr double kUsualShare = 0.35;
constexpr double kSharePairs = 3.0;
constexpr double kUnproven = 0.25;
constexpr double kFloorOfRange = 2e-3;
// The unit's parts; what they mean is calibrated, so only their proportions matter.
constexpr double kOfPast = 0.7;
constexpr double kOfSpread = 0.5;
constexpr double kOfMove = 0.05;

/// What every member would have said from one moment about one later block.
struct Pair {
  double log_h = 0.0;
  double weight = 0.0;
  std::array<double, kCurveMembers> error{};
};

void pairs_from(const CurveBlocks& blocks, double origin, std::vector<Pair>& pairs) {
  const auto end = std::ranges::upper_bound(blocks.x, origin) - blocks.x.begin();
  const auto count = static_cast<std::size_t>(end);
  if (count < kFewestBlocks || count >= blocks.x.size()) return;
  const double at = blocks.x[count - 1];
  std::vector<double> x(blocks.x.begin(), blocks.x.begin() + end);
  for (double& each : x) each /= at;
  const std::span z(blocks.z.data(), count);
  const double piece = blocks.piece < at ? blocks.piece / at : 0.0;
  const auto members = fit_members(x, z, piece);
  const double level = blocks.level_at(count - 1);
  for (std::size_t j = count; j < blocks.x.size(); ++j) {
    Pair pair;
    const double h = blocks.x[j] / at;
    pair.log_h = std::log(h);
    pair.weight = at;  // The newer the moment, the more it is like now.
    for (std::size_t m = 0; m < kCurveMembers; ++m)
      pair.error[m] = blocks.z[j] - level - members[m].gain(h);
    pairs.push_back(pair);
  }
}

double kernel(double log_h, double log_center) noexcept {
  const double distance = (log_h - log_center) / kKernel;
  return std::exp(-0.5 * distance * distance);
}

double range_of(const CurveBlocks& blocks) {
  const auto [low, high] = std::ranges::minmax(blocks.z);
  return high - low;
}

/// The kernel weight of a pair at a horizon.
struct PairWeights {
  std::vector<double> w{};
  double sum = 0.0;

  PairWeights(const std::vector<Pair>& pairs, double h) {
    for (const Pair& pair : pairs) w.push_back(pair.weight * kernel(pair.log_h, std::log(h)));
    for (const double each : w) sum += each;
  }
};

constexpr auto kStill = static_cast<std::size_t>(CurveMember::persistence);

/// What the weighted members foretold beyond persistence.
double gain_of_pair(const Pair& pair, const MemberSkill& weights, std::size_t horizon) noexcept {
  double gain = 0.0;
  for (std::size_t m = 0; m < kCurveMembers; ++m)
    gain += weights[m][horizon] * (pair.error[kStill] - pair.error[m]);
  return gain;
}

}  // namespace

double at_horizon(const ByHorizon& values, double h) noexcept {
  if (!(h > kHorizons.front())) return values.front();
  if (h >= kHorizons.back()) return values.back();
  std::size_t i = 1;
  while (kHorizons[i] < h) ++i;
  const double share = std::log(h / kHorizons[i - 1]) / std::log(kHorizons[i] / kHorizons[i - 1]);
  return values[i - 1] + share * (values[i] - values[i - 1]);
}

MemberSkill equal_skill() noexcept {
  MemberSkill skill;
  for (ByHorizon& each : skill) each.fill(1.0);
  return skill;
}

CurveEnsemble::CurveEnsemble(const CurveBlocks& blocks, const MemberSkill& skill)
    : blocks_(blocks), members_(fit_members(blocks.x, blocks.z, blocks.piece)), past_(skill) {
  floor_ = blocks_.level_noise + kFloorOfRange * range_of(blocks_) + 1e-12;
  look_back();
}

void CurveEnsemble::look_back() {
  std::vector<Pair> pairs;
  for (const double origin : kOrigins) pairs_from(blocks_, origin, pairs);
  const MemberSkill skill = past_;
  double still = 0.5 * range_of(blocks_);
  for (std::size_t b = 0; b < kHorizons.size(); ++b) {
    const PairWeights at(pairs, kHorizons[b]);
    std::array<double, kCurveMembers> sum{};
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      for (std::size_t m = 0; m < kCurveMembers; ++m)
        sum[m] += at.w[i] * std::abs(pairs[i].error[m]);
    }
    // Where the curve is too young for such a horizon, persistence is taken to err as at the next
    // shorter one.
    if (at.sum > 0.05) still = sum[kStill] / at.sum;
    double total = 0.0;
    for (std::size_t m = 0; m < kCurveMembers; ++m) {
      const double bank = kBankWeight * skill[m][b] * (still + floor_);
      past_[m][b] = (sum[m] + at.sum * floor_ + bank) / (at.sum + kBankWeight);
      const double handicap = m == kStill ? 1.0 : kHandicap;
      weights_[m][b] = std::pow(handicap * past_[m][b] / (still + floor_), -kPower);
      total += weights_[m][b];
    }
    for (std::size_t m = 0; m < kCurveMembers; ++m) weights_[m][b] /= total;
    // Each pair counts the same, however far the curve went then: early moves are the largest and
    // say the least.
    double gains = kSharePairs;
    double came = kUsualShare * kSharePairs;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const double gain = gain_of_pair(pairs[i], weights_, b);
      const double move = pairs[i].error[kStill];
      const double w = at.w[i] / (gain * gain + move * move + floor_ * floor_);
      gains += w * gain * gain;
      came += w * gain * move;
    }
    shares_[b] = std::clamp((came / gains - kUnproven) / (1.0 - kUnproven), 0.0, 1.0);
    double missed = 0.0;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      missed += at.w[i] *
                std::abs(pairs[i].error[kStill] - shares_[b] * gain_of_pair(pairs[i], weights_, b));
    }
    // A curve without such a past has the bank's: three pairs' worth of it.
    constexpr double kOwn = 3.0;
    double usual = 0.0;
    for (std::size_t m = 0; m < kCurveMembers; ++m) usual += weights_[m][b] * past_[m][b];
    ensemble_past_[b] = (missed + kOwn * usual) / (at.sum + kOwn);
  }
}

std::array<double, kCurveMembers> CurveEnsemble::weights(double h) const noexcept {
  std::array<double, kCurveMembers> result{};
  const double share = at_horizon(shares_, h);
  for (std::size_t m = 0; m < kCurveMembers; ++m) result[m] = share * at_horizon(weights_[m], h);
  result[kStill] += 1.0 - share;
  return result;
}

std::array<double, kCurveMembers> CurveEnsemble::past_errors(double h) const noexcept {
  std::array<double, kCurveMembers> result{};
  for (std::size_t m = 0; m < kCurveMembers; ++m) result[m] = at_horizon(past_[m], h);
  return result;
}

double CurveEnsemble::member(CurveMember member, double h) const noexcept {
  return blocks_.level + members_[static_cast<std::size_t>(member)].gain(h);
}

double CurveEnsemble::center(double h) const noexcept {
  double gain = 0.0;
  const auto w = weights(h);
  for (std::size_t m = 0; m < kCurveMembers; ++m) gain += w[m] * members_[m].gain(h);
  return blocks_.level + gain;
}

double CurveEnsemble::unit(double h) const noexcept {
  const auto w = weights(h);
  double gain = 0.0;
  double squares = 0.0;
  for (std::size_t m = 0; m < kCurveMembers; ++m) {
    const double each = members_[m].gain(h);
    gain += w[m] * each;
    squares += w[m] * each * each;
  }
  const double spread = std::sqrt(std::max(0.0, squares - gain * gain));
  return floor_ + kOfPast * at_horizon(ensemble_past_, h) + kOfSpread * spread +
         kOfMove * std::abs(gain);
}

double CurveEnsemble::persistence_unit(double h) const noexcept {
  return floor_ + at_horizon(past_[kStill], h);
}

}  // namespace emdyn::forecast
