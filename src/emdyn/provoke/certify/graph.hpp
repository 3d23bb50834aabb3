#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace emdyn::provoke::certify {

/// A sparse matrix, row after row: row r holds entries [start[r], start[r + 1]).
struct SparseMatrix {
  std::size_t columns = 0;
  std::vector<std::size_t> start{0};
  std::vector<std::uint32_t> index{};
  std::vector<double> value{};

  std::size_t rows() const noexcept { return start.size() - 1; }
  void push(std::size_t column, double entry) {
    index.push_back(static_cast<std::uint32_t>(column));
    value.push_back(entry);
  }
  void end_row() { start.push_back(index.size()); }
  SparseMatrix transposed() const;
};

enum class NodeKind : std::uint8_t { input, affine, relu };

/// One summand of an affine node: matrix * value of `input`, by rows and by columns.
struct Term {
  std::size_t input = 0;
  SparseMatrix rows{};
  SparseMatrix columns{};
};

/// A vector of values in a network. Affine: bias + sum of terms. ReLU: z where z > 0, else slope *
/// z.
struct Node {
  NodeKind kind = NodeKind::input;
  std::size_t size = 0;
  std::vector<Term> terms{};
  std::vector<double> bias{};
  std::size_t source = 0;  ///< Of a ReLU: the node it is applied to.
  double slope = 0.0;      ///< Of a ReLU, in [0, 1].
};

/// A network as affine maps and ReLUs, in double precision: node 0 is the input, the last node the
/// logits, and every node reads earlier ones only. Convolutions, pools and normalisations are
/// affine maps with their zeros left out; the maximum of a pool is a tournament of
/// max(a, b) = a + relu(b - a), which is exact.
struct Graph {
  std::vector<Node> nodes{};

  std::size_t inputs() const noexcept { return nodes.front().size; }
  std::size_t outputs() const noexcept { return nodes.back().size; }
  /// The logits of one example.
  std::vector<double> evaluate(std::span<const double> input) const;
  /// For every value of every node how far floating point can move a bound that is computed by
  /// back-substitution, when no input exceeds `magnitude` (docs/certificates.md, Rounding).
  std::vector<std::vector<double>> rounding(double magnitude) const;
};

}  // namespace emdyn::provoke::certify
