#pragma once
#include <array>
#include <cstdint>
#include <memory>

#include "emdyn/core/field.hpp"
#include "emdyn/model/lab/contract/experiment.hpp"

namespace emdyn::model::lab::dynamics {

struct PercolationConfig {
  std::int64_t nodes = 20000;
  double degree_low = 0.5;
  double degree_high = 2.0;
  std::int64_t graphs = 64;
  std::int64_t steps = 61;
  std::int64_t seed = 1;
};

inline constexpr std::array kPercolationFields{
    Field<PercolationConfig>{"nodes", &PercolationConfig::nodes, 80, 1e8,
                             "of a graph; graphs of an eighth of it are grown beside it"},
    Field<PercolationConfig>{"degree_low", &PercolationConfig::degree_low, 0.0, 100.0,
                             "links a node of the first step"},
    Field<PercolationConfig>{"degree_high", &PercolationConfig::degree_high, 0.0, 100.0,
                             "of the last step"},
    Field<PercolationConfig>{"graphs", &PercolationConfig::graphs, 8, 1e6,
                             "that are averaged over, eight times as many of the small ones"},
    Field<PercolationConfig>{"steps", &PercolationConfig::steps, 1, 1e6, "mean degrees, one a row"},
    Field<PercolationConfig>{"seed", &PercolationConfig::seed, 0, 9e15, "of the links"},
};

/// Random graphs whose links are laid one by one between two nodes chosen freely; a component that
/// holds a share of all nodes appears when a node has one link on average. Cost: O(links) a graph,
/// whatever the number of steps (Newman & Ziff 2000).
/// Signals: mean_degree, largest_share, second_share (of the nodes, in the two largest components),
/// finite_size (mean size of the component of a node outside the largest one), theory_share.
///
/// Truth: mean degree 1, measured where n^(1/3)·largest_share of the two sizes cross (at the
/// threshold the largest component holds of the order of n^(2/3) nodes); and the share of the last
/// step, S = 1 − e^(−cS) (Erdős & Rényi 1960).
std::unique_ptr<Experiment> make_percolation(const Params& params);

/// The S of S = 1 − e^(−degree·S), 0 up to degree 1.
double giant_share(double degree) noexcept;

}  // namespace emdyn::model::lab::dynamics
