#include "emdyn/provoke/certify/backward.hpp"

#include <algorithm>

#include "emdyn/core/simd.hpp"

namespace emdyn::provoke::certify {
namespace {

// into[index[e]] += value[e] * from for all entries of a row whose target is wanted.
void scatter(const std::uint32_t* index, const double* value, std::size_t entries,
             const double* from, double* into, std::size_t width,
             const std::uint8_t* wanted) noexcept {
  run_widest([&]() EMDYN_INLINE_BODY {
    for (std::size_t e = 0; e < entries; ++e) {
      if (wanted[index[e]] == 0) continue;
      double* target = into + std::size_t{index[e]} * Backward::kRows;
      const double factor = value[e];
      for (std::size_t block = 0; block < width; block += 8)
        for (std::size_t lane = 0; lane < 8; ++lane)
          target[block + lane] += factor * from[block + lane];
    }
  });
}

}  // namespace

Backward::Backward(const Graph& graph) : graph_(graph), nodes_(graph.nodes.size()) {
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    nodes_[n].value.resize(graph.nodes[n].size * kRows);
    nodes_[n].touched.resize(graph.nodes[n].size);
  }
}

double* Backward::touch(Coefficients& at, std::size_t neuron) {
  double* value = at.value.data() + neuron * kRows;
  if (at.touched[neuron] == 0) {
    at.touched[neuron] = 1;
    at.list.push_back(static_cast<std::uint32_t>(neuron));
    std::fill_n(value, width_, 0.0);
  }
  return value;
}

void Backward::through_affine(const Node& node, Coefficients& from, const UnitNumbers& units) {
  for (const std::uint32_t o : from.list) {
    const double* row = from.value.data() + std::size_t{o} * kRows;
    for (std::size_t r = 0; r < width_; ++r) constants_[r] += node.bias[o] * row[r];
  }
  for (const Term& term : node.terms) {
    Coefficients& into = nodes_[term.input];
    const Node& input = graph_.nodes[term.input];
    const bool drops = input.kind == NodeKind::relu && input.slope == 0.0;
    for (const std::uint32_t o : from.list) {
      const std::size_t first = term.rows.start[o];
      const std::size_t count = term.rows.start[o + 1] - first;
      const std::uint32_t* index = term.rows.index.data() + first;
      for (std::size_t e = 0; e < count; ++e) {
        if (into.touched[index[e]] == 0 && !(drops && units[term.input][index[e]] == kInactive))
          touch(into, index[e]);
      }
      scatter(index, term.rows.value.data() + first, count,
              from.value.data() + std::size_t{o} * kRows, into.value.data(), width_,
              into.touched.data());
    }
  }
}

void Backward::through_relu(const Node& node, Coefficients& from,
                            const std::vector<std::int32_t>& units) {
  for (const std::uint32_t i : from.list) {
    const double* row = from.value.data() + std::size_t{i} * kRows;
    const std::int32_t unit = units[i];
    // slope z + (1 - slope) max(z, 0)
    const double straight = unit == kActive ? 1.0 : node.slope;
    if (straight != 0.0) {
      double* into = touch(nodes_[node.source], i);
      for (std::size_t r = 0; r < width_; ++r) into[r] += straight * row[r];
    }
    if (unit >= 0) {
      double* into = touch(open_, static_cast<std::size_t>(unit));
      for (std::size_t r = 0; r < width_; ++r) into[r] += (1.0 - node.slope) * row[r];
    }
  }
}

std::vector<Form> Backward::forms(std::size_t node, std::size_t rows, std::span<const Start> starts,
                                  const UnitNumbers& units) {
  width_ = (rows + 7) / 8 * 8;
  std::size_t unit_count = 0;
  for (std::size_t n = 0; n <= node; ++n)
    for (const std::int32_t unit : units[n])
      if (unit >= 0) unit_count = std::max(unit_count, static_cast<std::size_t>(unit) + 1);
  open_.value.resize(std::max(open_.value.size(), unit_count * kRows));
  open_.touched.resize(std::max(open_.touched.size(), unit_count));
  std::fill(constants_.begin(), constants_.end(), 0.0);
  for (const Start& start : starts) touch(nodes_[node], start.neuron)[start.row] += start.factor;

  for (std::size_t n = node + 1; n-- > 1;) {
    Coefficients& from = nodes_[n];
    if (from.list.empty()) continue;
    if (graph_.nodes[n].kind == NodeKind::affine) {
      through_affine(graph_.nodes[n], from, units);
    } else {
      through_relu(graph_.nodes[n], from, units[n]);
    }
    for (const std::uint32_t i : from.list) from.touched[i] = 0;
    from.list.clear();
  }

  std::vector<Form> forms(rows);
  for (std::size_t r = 0; r < rows; ++r) forms[r].constant = constants_[r];
  std::size_t offset = 0;
  for (Coefficients* part : {&nodes_[0], &open_}) {
    std::sort(part->list.begin(), part->list.end());
    for (const std::uint32_t i : part->list) {
      const double* row = part->value.data() + std::size_t{i} * kRows;
      for (std::size_t r = 0; r < rows; ++r) {
        if (row[r] == 0.0) continue;
        forms[r].index.push_back(static_cast<std::uint32_t>(offset + i));
        forms[r].value.push_back(row[r]);
      }
      part->touched[i] = 0;
    }
    part->list.clear();
    offset = graph_.inputs();
  }
  for (Form& form : forms) form.compact(offset + unit_count);
  return forms;
}

}  // namespace emdyn::provoke::certify
