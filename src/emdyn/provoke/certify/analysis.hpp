#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/provoke/certify/backward.hpp"
#include "emdyn/provoke/certify/dual.hpp"
#include "emdyn/provoke/certify/graph.hpp"
#include "emdyn/provoke/certify/region.hpp"

namespace emdyn::provoke::certify {

/// How bounds of a whole network are taken. Each is at least as tight as the one before it.
enum class BoundMethod : std::uint8_t {
  interval,     ///< Interval arithmetic (IBP).
  fast_lin,     ///< Back-substitution with parallel lines, intersected with intervals.
  crown,        ///< Back-substitution with adaptive lines, intersected with intervals.
  alpha_crown,  ///< Slopes optimised for every margin and every open unit of later layers.
};

/// A network over one region, brought to the units that the region leaves open: within the region
/// the network *is* this smaller one, so bounds, attacks and branch and bound need nothing else.
class RegionAnalysis {
 public:
  /// `rounding` is graph.rounding() for a magnitude that covers the region. With BoundMethod::interval
  /// units and margins stay empty. Once `task` stops what is left keeps its intervals, units are
  /// incomplete and nothing but interval_margin() may be asked: see stopped().
  RegionAnalysis(const Graph& graph, const std::vector<std::vector<double>>& rounding,
                 const Region& region, BoundMethod method, Backward& backward,
                 const Task& task = {});

  bool stopped() const noexcept { return stopped_; }

  const Region& region() const noexcept { return region_; }
  const std::vector<Unit>& units() const noexcept { return units_; }
  /// Bounds of a node's values.
  std::span<const double> lower(std::size_t node) const noexcept { return lower_[node]; }
  std::span<const double> upper(std::size_t node) const noexcept { return upper_[node]; }

  /// logit[label] - logit[target] as a form, for every target.
  std::vector<Form> margins(std::size_t label, std::span<const std::size_t> targets) const;
  /// Lower bound of that margin by intervals of the last hidden values.
  double interval_margin(std::size_t label, std::size_t target) const;
  /// How far floating point can move a bound of that margin.
  double margin_rounding(std::size_t label, std::size_t target) const;

  /// Tightens the bounds of open units, earlier ones first, by optimising slopes for each, as far
  /// as it comes before the task stops.
  void tighten(int iterations);
  std::int64_t bounds() const noexcept { return bounds_; }

 private:
  void affine(std::size_t n);
  void relu(std::size_t n);
  bool exact(std::size_t n) const;
  void refine(std::size_t source, std::vector<std::uint32_t> open, std::size_t relu_node);

  const Graph& graph_;
  const std::vector<std::vector<double>>& rounding_;
  const Region& region_;
  BoundMethod method_;
  Backward& backward_;
  std::vector<std::vector<double>> lower_;
  std::vector<std::vector<double>> upper_;
  UnitNumbers numbers_;
  Task task_;
  bool stopped_ = false;
  std::vector<Unit> units_{};
  std::int64_t bounds_ = 0;
};

}  // namespace emdyn::provoke::certify
