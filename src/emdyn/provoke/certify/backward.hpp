#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "emdyn/provoke/certify/form.hpp"
#include "emdyn/provoke/certify/graph.hpp"

namespace emdyn::provoke::certify {

/// What bounds say of every ReLU of a graph, node by node: the number of its unit, or decided.
constexpr std::int32_t kInactive = -1;
constexpr std::int32_t kActive = -2;
using UnitNumbers = std::vector<std::vector<std::int32_t>>;

/// Writes linear functions of a node's values as forms over the inputs and the open units before
/// it: back-substitution through affine maps and decided ReLUs, up to kRows functions at a time.
/// Only values that a function depends on are visited.
class Backward {
 public:
  static constexpr std::size_t kRows = 32;
  /// factor * value number `neuron` of the node belongs to function `row`.
  struct Start {
    std::size_t row = 0;
    std::size_t neuron = 0;
    double factor = 1.0;
  };

  explicit Backward(const Graph& graph);
  /// @pre rows <= kRows and `units` is set for every ReLU node up to `node`.
  std::vector<Form> forms(std::size_t node, std::size_t rows, std::span<const Start> starts,
                          const UnitNumbers& units);

 private:
  struct Coefficients {
    std::vector<double> value{};          // [neuron, row]
    std::vector<std::uint8_t> touched{};  // [neuron]
    std::vector<std::uint32_t> list{};    // The touched ones.
  };
  double* touch(Coefficients& at, std::size_t neuron);
  void through_affine(const Node& node, Coefficients& from, const UnitNumbers& units);
  void through_relu(const Node& node, Coefficients& from, const std::vector<std::int32_t>& units);

  const Graph& graph_;
  std::size_t width_ = kRows;  // Rows in use, rounded up to a multiple of 8.
  std::vector<Coefficients> nodes_;
  Coefficients open_{};
  std::vector<double> constants_ = std::vector<double>(kRows);
};

}  // namespace emdyn::provoke::certify
