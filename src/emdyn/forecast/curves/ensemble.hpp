#pragma once
#include <array>
#include <cstddef>

#include "emdyn/forecast/curves/blocks.hpp"
#include "emdyn/forecast/curves/members.hpp"

namespace emdyn::forecast {

/// Relative horizons h at which a curve's own past and the bank of curves are asked: now + (h − 1) of
/// what the curve has behind it. Between them everything is linear in log h.
inline constexpr std::array<double, 8> kHorizons{1.1, 1.25, 1.5, 2.0, 3.0, 4.0, 8.0, 16.0};

/// A value for each of kHorizons.
using ByHorizon = std::array<double, kHorizons.size()>;
/// The value at h >= 1, linear in log h; beyond the ends that of the end.
double at_horizon(const ByHorizon& values, double h) noexcept;

/// How far each member's error typically was from persistence's, learned on a bank: a factor, 1 for
/// persistence.
using MemberSkill = std::array<ByHorizon, kCurveMembers>;
/// Skill when nothing is known: no member is trusted before another.
MemberSkill equal_skill() noexcept;

/// All members fitted to a curve up to now, weighted by how they would have done from earlier
/// moments of the same curve (rolling origin: Tashman, International Journal of Forecasting 16,
/// 2000), shrunk to what they did on a bank, and together shrunk to persistence by the share of what
/// they foretold from there that came. A plain value.
class CurveEnsemble {
 public:
  /// Cost: some 0.3 ms for 64 blocks.
  CurveEnsemble(const CurveBlocks& blocks, const MemberSkill& skill);

  /// Where the level is expected at x = `h` >= 1, on the scale of the link.
  double center(double h) const noexcept;
  /// The unit of what it may miss by, > 0, same scale: the level's noise, the ensemble's own past
  /// errors over this horizon, and how far its members are apart.
  double unit(double h) const noexcept;
  /// Of persistence: the level's noise and its own past errors.
  double persistence_unit(double h) const noexcept;
  /// Weights of the members at h, what is shrunk away given to persistence; they sum to 1.
  std::array<double, kCurveMembers> weights(double h) const noexcept;
  /// Where a single member sees the level.
  double member(CurveMember member, double h) const noexcept;
  /// Mean absolute error of the members from earlier moments over this horizon, and of persistence
  /// where there was no such moment.
  std::array<double, kCurveMembers> past_errors(double h) const noexcept;

  const CurveBlocks& blocks() const noexcept { return blocks_; }

 private:
  /// Past errors of every member at every horizon, the weights from them, what share of the foretold
  /// gains came, and the past errors of the members so weighted and shrunk.
  void look_back();

  CurveBlocks blocks_;
  std::array<FittedMember, kCurveMembers> members_;
  MemberSkill past_{};  // Mean absolute errors of members.
  MemberSkill weights_{};
  ByHorizon ensemble_past_{};  // Mean absolute error of the weighted members.
  ByHorizon shares_{};         // Of the foretold gains that came, from earlier moments.
  double floor_ = 0.0;         // Below this an error is none.
};

}  // namespace emdyn::forecast
