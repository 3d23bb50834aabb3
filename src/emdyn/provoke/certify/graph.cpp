#include "emdyn/provoke/certify/graph.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace emdyn::provoke::certify {

SparseMatrix SparseMatrix::transposed() const {
  SparseMatrix result;
  result.columns = rows();
  result.start.assign(columns + 1, 0);
  for (const std::uint32_t column : index) ++result.start[column + 1];
  for (std::size_t c = 0; c < columns; ++c) result.start[c + 1] += result.start[c];
  result.index.resize(index.size());
  result.value.resize(value.size());
  std::vector<std::size_t> next(result.start.begin(), result.start.end() - 1);
  for (std::size_t r = 0; r < rows(); ++r) {
    for (std::size_t e = start[r]; e < start[r + 1]; ++e) {
      const std::size_t place = next[index[e]]++;
      result.index[place] = static_cast<std::uint32_t>(r);
      result.value[place] = value[e];
    }
  }
  return result;
}

std::vector<double> Graph::evaluate(std::span<const double> input) const {
  std::vector<std::vector<double>> values(nodes.size());
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    const Node& node = nodes[n];
    std::vector<double>& out = values[n];
    switch (node.kind) {
      case NodeKind::input:
        out.assign(input.begin(), input.end());
        break;
      case NodeKind::affine:
        out = node.bias;
        for (const Term& term : node.terms) {
          const std::vector<double>& in = values[term.input];
          for (std::size_t r = 0; r < node.size; ++r) {
            double sum = 0.0;
            for (std::size_t e = term.rows.start[r]; e < term.rows.start[r + 1]; ++e)
              sum += term.rows.value[e] * in[term.rows.index[e]];
            out[r] += sum;
          }
        }
        break;
      case NodeKind::relu:
        out = values[node.source];
        for (double& z : out) z = z > 0.0 ? z : node.slope * z;
        break;
    }
  }
  return values.back();
}

std::vector<std::vector<double>> Graph::rounding(double magnitude) const {
  // Sums of absolute products along all paths, relaxations included: a line over a ReLU has a slope
  // of at most 1 and an intercept of at most |z|, hence the factor 2.
  std::vector<std::vector<double>> paths(nodes.size());
  std::size_t values = 0;
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    const Node& node = nodes[n];
    values += node.size;
    std::vector<double>& out = paths[n];
    switch (node.kind) {
      case NodeKind::input:
        out.assign(node.size, magnitude);
        break;
      case NodeKind::affine:
        out.resize(node.size);
        for (std::size_t r = 0; r < node.size; ++r) out[r] = std::abs(node.bias[r]);
        for (const Term& term : node.terms) {
          for (std::size_t r = 0; r < node.size; ++r)
            for (std::size_t e = term.rows.start[r]; e < term.rows.start[r + 1]; ++e)
              out[r] += std::abs(term.rows.value[e]) * paths[term.input][term.rows.index[e]];
        }
        break;
      case NodeKind::relu:
        out = paths[node.source];
        for (double& path : out) path *= 2.0;
        break;
    }
  }
  // No product passes through more roundings than this; gamma_n = n u / (1 - n u).
  const double roundings = 4.0 * static_cast<double>(values + 16 * nodes.size()) *
                           (std::numeric_limits<double>::epsilon() / 2.0);
  const double gamma = roundings / (1.0 - roundings);
  for (std::vector<double>& node : paths)
    for (double& path : node) path *= gamma;
  return paths;
}

}  // namespace emdyn::provoke::certify
