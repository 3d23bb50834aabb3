#include "emdyn/provoke/certify/analysis.hpp"

#include <algorithm>
#include <cmath>

namespace emdyn::provoke::certify {

RegionAnalysis::RegionAnalysis(const Graph& graph, const std::vector<std::vector<double>>& rounding,
                               const Region& region, BoundMethod method, Backward& backward,
                               const Task& task)
    : graph_(graph),
      rounding_(rounding),
      region_(region),
      method_(method),
      backward_(backward),
      lower_(graph.nodes.size()),
      upper_(graph.nodes.size()),
      numbers_(graph.nodes.size()),
      task_(task) {
  lower_[0].assign(region.lower().begin(), region.lower().end());
  upper_[0].assign(region.upper().begin(), region.upper().end());
  for (std::size_t n = 1; n < graph.nodes.size(); ++n) {
    if (graph.nodes[n].kind == NodeKind::affine) {
      affine(n);
    } else {
      relu(n);
    }
  }
}

// Whether intervals of this node are already the best there are.
bool RegionAnalysis::exact(std::size_t n) const {
  const Node& node = graph_.nodes[n];
  return n == 0 ||
         (node.kind == NodeKind::affine && node.terms.size() == 1 && node.terms[0].input == 0);
}

void RegionAnalysis::affine(std::size_t n) {
  const Node& node = graph_.nodes[n];
  std::vector<double> middle = node.bias;
  std::vector<double> radius = rounding_[n];
  if (exact(n) && region_.norm() == Norm::l2) {
    const SparseMatrix& rows = node.terms[0].rows;
    std::vector<double> negative;
    lower_[n].resize(node.size);
    upper_[n].resize(node.size);
    for (std::size_t r = 0; r < node.size; ++r) {
      const std::size_t count = rows.start[r + 1] - rows.start[r];
      const std::span index(rows.index.data() + rows.start[r], count);
      const std::span value(rows.value.data() + rows.start[r], count);
      negative.assign(value.begin(), value.end());
      for (double& v : negative) v = -v;
      lower_[n][r] = node.bias[r] + region_.minimum(index, value) - rounding_[n][r];
      upper_[n][r] = node.bias[r] - region_.minimum(index, negative) + rounding_[n][r];
    }
    return;
  }
  for (const Term& term : node.terms) {
    const std::vector<double>& low = lower_[term.input];
    const std::vector<double>& high = upper_[term.input];
    for (std::size_t i = 0; i < low.size(); ++i) {
      const double m = 0.5 * (low[i] + high[i]);
      const double r = 0.5 * (high[i] - low[i]);
      if (m == 0.0 && r == 0.0) continue;
      for (std::size_t e = term.columns.start[i]; e < term.columns.start[i + 1]; ++e) {
        const double w = term.columns.value[e];
        middle[term.columns.index[e]] += w * m;
        radius[term.columns.index[e]] += std::abs(w) * r;
      }
    }
  }
  lower_[n].resize(node.size);
  upper_[n].resize(node.size);
  for (std::size_t r = 0; r < node.size; ++r) {
    lower_[n][r] = middle[r] - radius[r];
    upper_[n][r] = middle[r] + radius[r];
  }
}

// Forms and better bounds for the values that intervals leave open, and what is then still open
// becomes units.
void RegionAnalysis::refine(std::size_t source, std::vector<std::uint32_t> open,
                            std::size_t relu_node) {
  // Values that see the same inputs are brought together: they share the work.
  if (graph_.nodes[source].kind == NodeKind::affine) {
    const SparseMatrix& rows = graph_.nodes[source].terms.front().rows;
    const auto first_input = [&](std::uint32_t i) {
      return rows.start[i] == rows.start[i + 1] ? 0U : rows.index[rows.start[i]];
    };
    std::stable_sort(open.begin(), open.end(), [&](std::uint32_t a, std::uint32_t b) {
      return first_input(a) < first_input(b);
    });
  }
  Dual dual(region_, units_);
  const SlopeRule slopes =
      method_ == BoundMethod::fast_lin ? SlopeRule::parallel : SlopeRule::adaptive;
  Relaxation choice = dual.initial(slopes);
  std::vector<Unit> found;
  std::vector<Backward::Start> starts;
  for (std::size_t first = 0; first < open.size(); first += Backward::kRows) {
    stopped_ = stopped_ || task_.stopped();
    if (stopped_) return;
    const std::size_t rows = std::min(Backward::kRows, open.size() - first);
    starts.clear();
    for (std::size_t r = 0; r < rows; ++r) starts.push_back({r, open[first + r], 1.0});
    std::vector<Form> forms = backward_.forms(source, rows, starts, numbers_);
    for (std::size_t r = 0; r < rows; ++r) {
      const std::size_t i = open[first + r];
      const double rounding = rounding_[source][i];
      if (!exact(source)) {
        double& low = lower_[source][i];
        double& high = upper_[source][i];
        low = std::max(low, dual.bound(forms[r], 1.0, choice) - rounding);
        if (low < 0.0) high = std::min(high, -dual.bound(forms[r], -1.0, choice) + rounding);
        if (low >= 0.0 || high <= 0.0) {
          numbers_[relu_node][i] = low >= 0.0 ? kActive : kInactive;
          continue;
        }
      }
      Unit& unit = found.emplace_back();
      unit.form = std::move(forms[r]);
      unit.rounding = rounding;
      unit.line.set(lower_[source][i], upper_[source][i]);
      numbers_[relu_node][i] = static_cast<std::int32_t>(units_.size() + found.size() - 1);
    }
  }
  bounds_ += dual.bounds();
  for (Unit& unit : found) units_.push_back(std::move(unit));
}

void RegionAnalysis::relu(std::size_t n) {
  const Node& node = graph_.nodes[n];
  std::vector<std::uint32_t> open;
  numbers_[n].resize(node.size);
  for (std::size_t i = 0; i < node.size; ++i) {
    if (lower_[node.source][i] >= 0.0) {
      numbers_[n][i] = kActive;
    } else if (upper_[node.source][i] <= 0.0) {
      numbers_[n][i] = kInactive;
    } else {
      open.push_back(static_cast<std::uint32_t>(i));
    }
  }
  if (method_ != BoundMethod::interval && !stopped_) refine(node.source, std::move(open), n);
  lower_[n] = lower_[node.source];
  upper_[n] = upper_[node.source];
  for (double& z : lower_[n]) z = z > 0.0 ? z : node.slope * z;
  for (double& z : upper_[n]) z = z > 0.0 ? z : node.slope * z;
}

std::vector<Form> RegionAnalysis::margins(std::size_t label,
                                          std::span<const std::size_t> targets) const {
  std::vector<Form> result;
  std::vector<Backward::Start> starts;
  for (std::size_t first = 0; first < targets.size(); first += Backward::kRows) {
    const std::size_t rows = std::min(Backward::kRows, targets.size() - first);
    starts.clear();
    for (std::size_t r = 0; r < rows; ++r) {
      starts.push_back({r, label, 1.0});
      starts.push_back({r, targets[first + r], -1.0});
    }
    for (Form& form : backward_.forms(graph_.nodes.size() - 1, rows, starts, numbers_))
      result.push_back(std::move(form));
  }
  return result;
}

double RegionAnalysis::interval_margin(std::size_t label, std::size_t target) const {
  const Node& last = graph_.nodes.back();
  double margin = last.bias[label] - last.bias[target] - margin_rounding(label, target);
  for (const Term& term : last.terms) {
    std::vector<double> weight(lower_[term.input].size(), 0.0);
    const SparseMatrix& rows = term.rows;
    for (std::size_t e = rows.start[label]; e < rows.start[label + 1]; ++e)
      weight[rows.index[e]] += rows.value[e];
    for (std::size_t e = rows.start[target]; e < rows.start[target + 1]; ++e)
      weight[rows.index[e]] -= rows.value[e];
    if (term.input == 0) {
      margin += region_.minimum(weight);
      continue;
    }
    for (std::size_t i = 0; i < weight.size(); ++i)
      margin += weight[i] * (weight[i] > 0.0 ? lower_[term.input][i] : upper_[term.input][i]);
  }
  return margin;
}

double RegionAnalysis::margin_rounding(std::size_t label, std::size_t target) const {
  return rounding_.back()[label] + rounding_.back()[target];
}

void RegionAnalysis::tighten(int iterations) {
  Dual dual(region_, units_, task_);
  for (Unit& unit : units_) {
    if (dual.stopped()) break;
    const Line& line = unit.line;
    // Nothing to gain where z depends on the inputs alone.
    if (unit.form.width() <= region_.size() || line.lower >= 0.0 || line.upper <= 0.0) continue;
    const Dual::Ascent ascent{.iterations = iterations};
    Relaxation low = dual.initial(SlopeRule::adaptive);
    Relaxation high = low;
    const double lower = dual.ascend(unit.form, 1.0, low, ascent) - unit.rounding;
    const double upper = -dual.ascend(unit.form, -1.0, high, ascent) + unit.rounding;
    unit.line.set(std::max(lower, line.lower), std::min(upper, line.upper));
  }
  bounds_ += dual.bounds();
}

}  // namespace emdyn::provoke::certify
