#include "emdyn/provoke/certify/compile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emdyn/core/error.hpp"

namespace emdyn::provoke::certify {
namespace {

using model::Layer;
using model::LayerKind;

constexpr std::size_t kMaxConnections = std::size_t{1} << 28;

std::vector<double> doubles(const torch::Tensor& tensor) {
  const torch::Tensor flat = tensor.to(torch::kFloat64).contiguous().view({-1});
  const double* data = flat.data_ptr<double>();
  return {data, data + flat.numel()};
}

class Compiler {
 public:
  explicit Compiler(const std::vector<std::int64_t>& input) : shape_(input) {
    Node node;
    node.size = count(input);
    graph_.nodes.push_back(std::move(node));
  }

  void layers(const std::vector<Layer>& layers, const std::string& prefix) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      name_ = prefix + (layers[i].name.empty() ? std::to_string(i) : layers[i].name);
      layer(layers[i]);
    }
  }

  Graph finish() {
    if (graph_.nodes.back().kind != NodeKind::affine || current_ + 1 != graph_.nodes.size()) {
      // The logits must be the last node, and an affine one, so that margins are linear in it.
      add_scaled(std::vector<double>(size(), 1.0), std::vector<double>(size(), 0.0), false);
    }
    for (Node& node : graph_.nodes)
      for (Term& term : node.terms) term.columns = term.rows.transposed();
    return std::move(graph_);
  }

 private:
  static std::size_t count(const std::vector<std::int64_t>& shape) {
    std::size_t product = 1;
    for (const std::int64_t extent : shape) product *= static_cast<std::size_t>(extent);
    return product;
  }
  std::size_t size() const { return graph_.nodes[current_].size; }

  [[noreturn]] void refuse(const std::string& why) const {
    throw ModelError(fmt::format("certify: layer {} {}", name_, why));
  }

  void layer(const Layer& layer) {
    switch (layer.kind) {
      case LayerKind::conv:
        return conv(layer);
      case LayerKind::linear:
        return linear(layer);
      case LayerKind::max_pool:
        return max_pool(layer);
      case LayerKind::avg_pool:
        return avg_pool(layer);
      case LayerKind::flatten:
        shape_ = {static_cast<std::int64_t>(size())};
        return;
      case LayerKind::relu:
        return relu(0.0);
      case LayerKind::leaky_relu:
        if (!(layer.slope >= 0.0 && layer.slope <= 1.0))
          refuse(fmt::format("is a leaky_relu of slope {}; certificates need 0 to 1", layer.slope));
        return relu(layer.slope);
      case LayerKind::normalize:
        return normalize(layer);
      case LayerKind::batch_norm:
        return batch_norm(layer);
      case LayerKind::residual:
        return residual(layer);
      default:
        refuse(
            fmt::format("is {}, which certificates do not cover; they take affine layers, pools "
                        "and (leaky) ReLU",
                        model::word(layer.kind)));
    }
  }

  void add_affine(SparseMatrix matrix, std::vector<double> bias) {
    if (matrix.index.size() > kMaxConnections)
      refuse(fmt::format("has {} connections, more than the {} that certificates hold in memory",
                         matrix.index.size(), kMaxConnections));
    if (scales_input()) {
      // A normalisation of the input becomes part of the first layer, whose bounds are then exact.
      const Node& scaled = graph_.nodes[current_];
      for (std::size_t r = 0; r < bias.size(); ++r)
        for (std::size_t e = matrix.start[r]; e < matrix.start[r + 1]; ++e) {
          bias[r] += matrix.value[e] * scaled.bias[matrix.index[e]];
          matrix.value[e] *= scaled.terms[0].rows.value[matrix.index[e]];
        }
      graph_.nodes.pop_back();
      current_ = 0;
    }
    Node node;
    node.kind = NodeKind::affine;
    node.size = bias.size();
    node.bias = std::move(bias);
    node.terms.push_back({current_, std::move(matrix), {}});
    graph_.nodes.push_back(std::move(node));
    current_ = graph_.nodes.size() - 1;
  }

  // Whether the node in hand is x * scale + shift of the input, which nothing else reads.
  bool scales_input() const {
    if (current_ != 1 || graph_.nodes.size() != 2 || current_ == kept_) return false;
    const Node& node = graph_.nodes[1];
    if (node.kind != NodeKind::affine || node.terms.size() != 1) return false;
    const SparseMatrix& rows = node.terms[0].rows;
    if (node.size != graph_.inputs() || rows.index.size() != node.size) return false;
    for (std::size_t r = 0; r < node.size; ++r)
      if (rows.start[r] != r || rows.index[r] != r) return false;
    return true;
  }

  void relu(double slope) {
    Node node;
    node.kind = NodeKind::relu;
    node.size = size();
    node.source = current_;
    node.slope = slope;
    graph_.nodes.push_back(std::move(node));
    current_ = graph_.nodes.size() - 1;
  }

  // x * scale + shift, value by value; folded into an affine node that nothing else reads.
  void add_scaled(const std::vector<double>& scale, const std::vector<double>& shift, bool fold) {
    Node& last = graph_.nodes[current_];
    if (fold && last.kind == NodeKind::affine && current_ + 1 == graph_.nodes.size() &&
        current_ != kept_) {
      for (std::size_t r = 0; r < last.size; ++r) {
        last.bias[r] = last.bias[r] * scale[r] + shift[r];
        for (Term& term : last.terms)
          for (std::size_t e = term.rows.start[r]; e < term.rows.start[r + 1]; ++e)
            term.rows.value[e] *= scale[r];
      }
      return;
    }
    SparseMatrix matrix;
    matrix.columns = size();
    for (std::size_t i = 0; i < size(); ++i) {
      matrix.push(i, scale[i]);
      matrix.end_row();
    }
    add_affine(std::move(matrix), shift);
  }

  void linear(const Layer& layer) {
    const torch::Tensor weight = layer.tensor("weight");
    if (!weight.defined() || weight.dim() != 2 || shape_.back() != weight.size(1))
      refuse("is linear without a weight [out, in] that fits its input");
    const auto out = static_cast<std::size_t>(weight.size(0));
    const auto in = static_cast<std::size_t>(weight.size(1));
    const std::vector<double> weights = doubles(weight);
    const std::vector<double> biases = bias(layer, out);
    const std::size_t outer = size() / in;
    check_connections(outer * out, in);
    SparseMatrix matrix;
    matrix.columns = size();
    std::vector<double> all;
    for (std::size_t block = 0; block < outer; ++block) {
      for (std::size_t o = 0; o < out; ++o) {
        for (std::size_t i = 0; i < in; ++i)
          if (weights[o * in + i] != 0.0) matrix.push(block * in + i, weights[o * in + i]);
        matrix.end_row();
        all.push_back(biases[o]);
      }
    }
    shape_.back() = weight.size(0);
    add_affine(std::move(matrix), std::move(all));
  }

  std::vector<double> bias(const Layer& layer, std::size_t out) const {
    const torch::Tensor tensor = layer.tensor("bias");
    if (!tensor.defined()) return std::vector<double>(out, 0.0);
    std::vector<double> values = doubles(tensor);
    if (values.size() != out) refuse("has a bias that does not fit its weight");
    return values;
  }

  void check_connections(std::size_t rows, std::size_t each) const {
    if (each != 0 && rows > kMaxConnections / each)
      refuse(fmt::format("has {} times {} connections, more than the {} that certificates hold",
                         rows, each, kMaxConnections));
  }

  // The window of every output place: calls body(channel, y, x, first row, first column).
  struct Window {
    std::int64_t channels, height, width, kernel_y, kernel_x, stride, padding, out_y, out_x;
  };
  Window window(std::int64_t kernel_y, std::int64_t kernel_x, const Layer& layer) const {
    if (shape_.size() != 3) refuse("needs images [channel, height, width]");
    if (kernel_y < 1 || kernel_x < 1 || layer.stride < 1 || layer.padding < 0)
      refuse("needs kernel and stride of at least 1 and a padding of at least 0");
    Window w{shape_[0],    shape_[1],     shape_[2], kernel_y, kernel_x,
             layer.stride, layer.padding, 0,         0};
    w.out_y = (w.height + 2 * w.padding - kernel_y) / w.stride + 1;
    w.out_x = (w.width + 2 * w.padding - kernel_x) / w.stride + 1;
    if (w.out_y < 1 || w.out_x < 1) refuse("has a kernel larger than its input");
    return w;
  }
  // Calls visit(flat input index of channel 0, ky, kx) for what the window at (y, x) covers.
  template <class Visit>
  static void cover(const Window& w, std::int64_t y, std::int64_t x, Visit&& visit) {
    for (std::int64_t ky = 0; ky < w.kernel_y; ++ky) {
      const std::int64_t row = y * w.stride - w.padding + ky;
      if (row < 0 || row >= w.height) continue;
      for (std::int64_t kx = 0; kx < w.kernel_x; ++kx) {
        const std::int64_t column = x * w.stride - w.padding + kx;
        if (column >= 0 && column < w.width) visit(row * w.width + column, ky, kx);
      }
    }
  }

  void conv(const Layer& layer) {
    const torch::Tensor weight = layer.tensor("weight");
    if (!weight.defined() || weight.dim() != 4) refuse("is conv without weight [out, in, kh, kw]");
    const Window w = window(weight.size(2), weight.size(3), layer);
    const std::int64_t out = weight.size(0);
    const std::int64_t group_in = weight.size(1);
    if (layer.groups < 1 || group_in * layer.groups != w.channels || out % layer.groups != 0)
      refuse("is conv whose weight does not fit its input's channels and groups");
    check_connections(static_cast<std::size_t>(out * w.out_y * w.out_x),
                      static_cast<std::size_t>(group_in * w.kernel_y * w.kernel_x));
    const std::vector<double> weights = doubles(weight);
    const std::vector<double> biases = bias(layer, static_cast<std::size_t>(out));
    SparseMatrix matrix;
    matrix.columns = size();
    std::vector<double> all;
    for (std::int64_t o = 0; o < out; ++o) {
      const std::int64_t first = o / (out / layer.groups) * group_in;
      for (std::int64_t y = 0; y < w.out_y; ++y) {
        for (std::int64_t x = 0; x < w.out_x; ++x) {
          for (std::int64_t i = 0; i < group_in; ++i) {
            cover(w, y, x, [&](std::int64_t place, std::int64_t ky, std::int64_t kx) {
              const double value = weights[static_cast<std::size_t>(
                  ((o * group_in + i) * w.kernel_y + ky) * w.kernel_x + kx)];
              if (value == 0.0) return;
              matrix.push(static_cast<std::size_t>((first + i) * w.height * w.width + place),
                          value);
            });
          }
          matrix.end_row();
          all.push_back(biases[static_cast<std::size_t>(o)]);
        }
      }
    }
    shape_ = {out, w.out_y, w.out_x};
    add_affine(std::move(matrix), std::move(all));
  }

  void avg_pool(const Layer& layer) {
    const Window w = window(layer.kernel, layer.kernel, layer);
    const double share = 1.0 / static_cast<double>(layer.kernel * layer.kernel);
    SparseMatrix matrix;
    matrix.columns = size();
    for (std::int64_t c = 0; c < w.channels; ++c)
      for (std::int64_t y = 0; y < w.out_y; ++y)
        for (std::int64_t x = 0; x < w.out_x; ++x) {
          cover(w, y, x, [&](std::int64_t place, std::int64_t, std::int64_t) {
            matrix.push(static_cast<std::size_t>(c * w.height * w.width + place), share);
          });
          matrix.end_row();
        }
    shape_ = {w.channels, w.out_y, w.out_x};
    add_affine(std::move(matrix), std::vector<double>(count(shape_), 0.0));
  }

  void max_pool(const Layer& layer) {
    const Window w = window(layer.kernel, layer.kernel, layer);
    std::vector<std::vector<std::size_t>> players;
    for (std::int64_t c = 0; c < w.channels; ++c)
      for (std::int64_t y = 0; y < w.out_y; ++y)
        for (std::int64_t x = 0; x < w.out_x; ++x) {
          std::vector<std::size_t>& group = players.emplace_back();
          cover(w, y, x, [&](std::int64_t place, std::int64_t, std::int64_t) {
            group.push_back(static_cast<std::size_t>(c * w.height * w.width + place));
          });
          if (group.empty()) refuse("is max_pool with a window that is padding alone");
        }
    shape_ = {w.channels, w.out_y, w.out_x};
    do {
      players = tournament(players);
    } while (std::any_of(players.begin(), players.end(),
                         [](const auto& group) { return group.size() > 1; }));
  }

  // One round: pairs (a, b) of every group become a + relu(b - a); an odd one out moves on. Results
  // stand in the order of the groups, so a round of single players leaves the output in place.
  std::vector<std::vector<std::size_t>> tournament(
      const std::vector<std::vector<std::size_t>>& groups) {
    const std::size_t before = current_;
    const std::size_t width = size();
    SparseMatrix difference;
    difference.columns = width;
    for (const auto& group : groups)
      for (std::size_t i = 0; i + 1 < group.size(); i += 2) {
        difference.push(group[i + 1], 1.0);
        difference.push(group[i], -1.0);
        difference.end_row();
      }
    const std::size_t pairs = difference.rows();
    if (pairs > 0) {
      add_affine(std::move(difference), std::vector<double>(pairs, 0.0));
      relu(0.0);
    }
    SparseMatrix first;
    SparseMatrix gain;
    first.columns = width;
    gain.columns = pairs;
    std::vector<std::vector<std::size_t>> winners;
    std::size_t pair = 0;
    for (const auto& group : groups) {
      std::vector<std::size_t>& next = winners.emplace_back();
      for (std::size_t i = 0; i < group.size(); i += 2) {
        next.push_back(first.rows());
        first.push(group[i], 1.0);
        first.end_row();
        if (i + 1 < group.size()) gain.push(pair++, 1.0);
        gain.end_row();
      }
    }
    Node node;
    node.kind = NodeKind::affine;
    node.size = first.rows();
    node.bias.assign(node.size, 0.0);
    node.terms.push_back({before, std::move(first), {}});
    if (pairs > 0) node.terms.push_back({current_, std::move(gain), {}});
    graph_.nodes.push_back(std::move(node));
    current_ = graph_.nodes.size() - 1;
    return winners;
  }

  // Every channel's factor and shift, spread over its places.
  void per_channel(const std::vector<double>& scale, const std::vector<double>& shift) {
    const auto channels = static_cast<std::size_t>(shape_.front());
    if (scale.size() != shift.size() || (scale.size() != channels && scale.size() != 1))
      refuse("has statistics that do not fit its channels");
    const std::size_t places = size() / channels;
    std::vector<double> all_scale(size());
    std::vector<double> all_shift(size());
    for (std::size_t i = 0; i < size(); ++i) {
      const std::size_t c = scale.size() == 1 ? 0 : i / places;
      if (!std::isfinite(scale[c]) || !std::isfinite(shift[c]))
        refuse("divides by a deviation of zero");
      all_scale[i] = scale[c];
      all_shift[i] = shift[c];
    }
    add_scaled(all_scale, all_shift, true);
  }

  void normalize(const Layer& layer) {
    if (!layer.tensor("mean").defined() || !layer.tensor("deviation").defined())
      refuse("is normalize without mean and deviation");
    std::vector<double> shift = doubles(layer.tensor("mean"));
    std::vector<double> scale = doubles(layer.tensor("deviation"));
    if (shift.size() != scale.size()) refuse("has mean and deviation of different lengths");
    for (std::size_t c = 0; c < scale.size(); ++c) {
      scale[c] = 1.0 / scale[c];
      shift[c] = -shift[c] * scale[c];
    }
    per_channel(scale, shift);
  }

  void batch_norm(const Layer& layer) {
    if (!layer.tensor("running_mean").defined() || !layer.tensor("running_var").defined())
      refuse("is batch_norm without running_mean and running_var");
    const std::vector<double> mean = doubles(layer.tensor("running_mean"));
    std::vector<double> scale = doubles(layer.tensor("running_var"));
    const std::vector<double> weight = layer.tensor("weight").defined()
                                           ? doubles(layer.tensor("weight"))
                                           : std::vector<double>(mean.size(), 1.0);
    std::vector<double> shift = bias(layer, mean.size());
    if (scale.size() != mean.size() || weight.size() != mean.size())
      refuse("has statistics of different lengths");
    for (std::size_t c = 0; c < mean.size(); ++c) {
      scale[c] = weight[c] / std::sqrt(scale[c] + layer.epsilon);
      shift[c] -= mean[c] * scale[c];
    }
    per_channel(scale, shift);
  }

  void residual(const Layer& layer) {
    const std::string name = name_;
    const std::size_t start = current_;
    const std::size_t outer = kept_;
    const std::vector<std::int64_t> before = shape_;
    kept_ = current_;
    layers(layer.body, name + ".");
    const std::size_t body = current_;
    const std::vector<std::int64_t> after = shape_;
    current_ = start;
    shape_ = before;
    kept_ = current_;
    layers(layer.shortcut, name + ".shortcut.");
    name_ = name;
    kept_ = outer;
    if (size() != graph_.nodes[body].size || shape_ != after)
      refuse("adds a body and a shortcut of different shapes");
    SparseMatrix one;
    one.columns = size();
    for (std::size_t i = 0; i < size(); ++i) {
      one.push(i, 1.0);
      one.end_row();
    }
    Node node;
    node.kind = NodeKind::affine;
    node.size = size();
    node.bias.assign(node.size, 0.0);
    node.terms.push_back({current_, one, {}});
    node.terms.push_back({body, std::move(one), {}});
    graph_.nodes.push_back(std::move(node));
    current_ = graph_.nodes.size() - 1;
  }

  Graph graph_{};
  std::vector<std::int64_t> shape_;
  std::size_t current_ = 0;                          // The node whose output the next layer reads.
  std::size_t kept_ = static_cast<std::size_t>(-1);  // Read once more later: not to be folded into.
  std::string name_{};
};

}  // namespace

Graph compile(const model::Network& network) {
  Compiler compiler(network.signature().input);
  compiler.layers(network.layers(), "");
  return compiler.finish();
}

}  // namespace emdyn::provoke::certify
