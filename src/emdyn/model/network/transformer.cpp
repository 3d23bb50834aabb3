#include "emdyn/model/network/transformer.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/model/network/blas_threads.hpp"

namespace emdyn::model {
namespace {

constexpr std::size_t kPartCount = 2;
constexpr std::int64_t kPositions = 3;

/// Where one matrix (or bias, with one row) lies in the flat arrays.
struct Slot {
  const char* name;
  std::int64_t rows;
  std::int64_t columns;
  double scale;  ///< Standard deviation of the initial weights.
  std::size_t offset = 0;

  std::size_t size() const noexcept { return static_cast<std::size_t>(rows * columns); }
};

enum SlotIndex {
  embedding,
  positions,
  query,
  key,
  value,
  attention_output,
  mlp_in,
  mlp_in_bias,
  mlp_out,
  mlp_out_bias,
  output,
  slot_count
};

std::array<Slot, slot_count> make_slots(const Transformer::Shape& shape) {
  const std::int64_t d = shape.width;
  const double narrow = shape.init_scale / std::sqrt(static_cast<double>(d));
  std::array<Slot, slot_count> slots = {{{"embedding", shape.classes + 1, d, narrow},
                                         {"positions", kPositions, d, narrow},
                                         {"query", d, d, narrow},
                                         {"key", d, d, narrow},
                                         {"value", d, d, narrow},
                                         {"attention_output", d, d, narrow},
                                         {"mlp_in", d, 4 * d, narrow},
                                         {"mlp_in_bias", 1, 4 * d, 0.0},
                                         {"mlp_out", 4 * d, d, narrow / 2.0},
                                         {"mlp_out_bias", 1, d, 0.0},
                                         {"output", d, shape.classes, narrow}}};
  std::size_t offset = 0;
  for (Slot& slot : slots) {
    slot.offset = offset;
    offset += slot.size();
  }
  return slots;
}

bool is_bias(const Slot& slot) { return slot.rows == 1; }

using Weights = std::array<at::Tensor, slot_count>;

/// Everything the loss needs of one set of questions.
struct Pass {
  at::Tensor logits;
  at::Tensor hidden;
};

/// The query of "=" is the same for every question, and keys and values depend on one token and
/// its position, so they are computed once per token and gathered.
Pass run(const Weights& w, std::int64_t classes, std::int64_t width, const at::Tensor& x,
         const at::Tensor& y) {
  constexpr std::int64_t kHeads = Transformer::kHeads;
  const std::int64_t head = width / kHeads;
  const at::Tensor tokens = w[embedding].narrow(0, 0, classes);
  const at::Tensor last = w[embedding].narrow(0, classes, 1) + w[positions].narrow(0, 2, 1);
  const at::Tensor ask = last.matmul(w[query]).view({kHeads, head});
  const auto source = [&](std::int64_t position, const at::Tensor& index) {
    const at::Tensor rows = tokens + w[positions].narrow(0, position, 1);
    const at::Tensor keys = rows.matmul(w[key]).view({-1, kHeads, head});
    const at::Tensor scores = (keys * ask).sum(-1) / std::sqrt(static_cast<double>(head));
    const at::Tensor values = rows.matmul(w[value]);
    return std::pair(scores.index_select(0, index), values.index_select(0, index));
  };
  const auto [x_scores, x_values] = source(0, x);
  const auto [y_scores, y_values] = source(1, y);
  const at::Tensor own_key = last.matmul(w[key]).view({kHeads, head});
  const at::Tensor own_scores =
      ((own_key * ask).sum(-1) / std::sqrt(static_cast<double>(head))).expand_as(x_scores);
  const at::Tensor attention = at::softmax(at::stack({x_scores, y_scores, own_scores}, -1), -1);
  const auto weighted = [&](std::int64_t position, const at::Tensor& values) {
    const at::Tensor share = attention.select(-1, position).unsqueeze(-1);
    return (share * values.view({-1, kHeads, head})).reshape({-1, width});
  };
  const at::Tensor own_values = last.matmul(w[value]).expand_as(x_values);
  const at::Tensor mixed =
      weighted(0, x_values) + weighted(1, y_values) + weighted(2, own_values.reshape({-1, width}));
  const at::Tensor middle = last + mixed.matmul(w[attention_output]);
  const at::Tensor hidden = at::relu(middle.matmul(w[mlp_in]) + w[mlp_in_bias]);
  const at::Tensor end = middle + hidden.matmul(w[mlp_out]) + w[mlp_out_bias];
  return {end.matmul(w[output]), hidden};
}

at::Tensor column(std::span<const Question> questions, std::int64_t Question::*member) {
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(questions.size())}, at::kLong);
  auto* data = tensor.data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < questions.size(); ++i) data[i] = questions[i].*member;
  return tensor;
}

/// Rows whose target has strictly the greatest logit.
std::int64_t count_correct(const at::Tensor& logits, const at::Tensor& target) {
  const at::Tensor best = std::get<0>(logits.max(1, true));
  const at::Tensor single = logits.eq(best).sum(1).eq(1);
  const at::Tensor right = logits.gather(1, target.unsqueeze(1)).eq(best).squeeze(1);
  return at::logical_and(single, right).sum().item<std::int64_t>();
}

}  // namespace

struct Transformer::Parts {
  Shape shape;
  std::array<Slot, slot_count> slots;
  std::vector<float> parameters;
  std::vector<float> gradients;
  std::array<Weights, kPartCount> leaves;  ///< Views of `parameters`, each with its own gradient.
  std::vector<float> sample;

  /// Sum of the loss over the questions, whose gradient is left in the leaves of `part`.
  std::pair<double, std::int64_t> run_part(std::span<const Question> questions, std::size_t part,
                                           std::size_t total, bool backward) {
    set_torch_threads(1);
    const c10::AutoGradMode grad_mode(backward);
    const at::Tensor target = column(questions, &Question::target);
    const Pass pass = run(leaves[part], shape.classes, shape.width, column(questions, &Question::x),
                          column(questions, &Question::y));
    at::Tensor loss;
    if (shape.squared_error) {
      const at::Tensor wanted = at::one_hot(target, shape.classes).to(at::kFloat);
      loss = (pass.logits - wanted).square().sum() / static_cast<double>(shape.classes);
    } else {
      loss = at::cross_entropy_loss(pass.logits, target, {}, at::Reduction::Sum);
    }
    if (backward) {
      for (at::Tensor& leaf : leaves[part]) leaf.mutable_grad() = at::Tensor();
      (loss / static_cast<double>(total)).backward();
    }
    return {loss.item<double>(), count_correct(pass.logits.detach(), target)};
  }

  Result run_all(std::span<const Question> questions, bool backward) {
    const std::size_t count = questions.size() < 64 ? 1 : kPartCount;
    std::array<std::pair<double, std::int64_t>, kPartCount> found{};
    parallel_for(count, [&](std::size_t i) {
      const std::size_t begin = questions.size() * i / count;
      const std::size_t end = questions.size() * (i + 1) / count;
      found[i] = run_part(questions.subspan(begin, end - begin), i, questions.size(), backward);
    });
    if (backward) add_gradients(count);
    const auto total = static_cast<double>(questions.size());
    return {(found[0].first + found[1].first) / total,
            static_cast<double>(found[0].second + found[1].second) / total};
  }

  void add_gradients(std::size_t count) {
    std::fill(gradients.begin(), gradients.end(), 0.0F);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t s = 0; s < slot_count; ++s) {
        const at::Tensor gradient = leaves[i][s].grad();
        if (!gradient.defined()) continue;
        const at::Tensor packed = gradient.contiguous();
        const auto* data = packed.data_ptr<float>();
        float* sum = gradients.data() + slots[s].offset;
        for (std::size_t j = 0; j < slots[s].size(); ++j) sum[j] += data[j];
      }
    }
  }
};

Transformer::Transformer(const Shape& shape, Philox random) : parts_(std::make_unique<Parts>()) {
  if (shape.width < kHeads || shape.width % kHeads != 0) {
    throw ConfigError(
        fmt::format("grokking.width must be a multiple of {} for the transformer's heads, got {}",
                    kHeads, shape.width));
  }
  Parts& p = *parts_;
  p.shape = shape;
  p.slots = make_slots(shape);
  const std::size_t size = p.slots.back().offset + p.slots.back().size();
  p.parameters.assign((size + 15) / 16 * 16, 0.0F);
  p.gradients.assign(p.parameters.size(), 0.0F);
  for (const Slot& slot : p.slots) {
    if (is_bias(slot)) continue;
    for (std::size_t i = 0; i < slot.size(); ++i) {
      p.parameters[slot.offset + i] = static_cast<float>(slot.scale * random.normal());
    }
  }
  for (Weights& leaves : p.leaves) {
    for (std::size_t s = 0; s < slot_count; ++s) {
      const Slot& slot = p.slots[s];
      leaves[s] =
          at::from_blob(p.parameters.data() + slot.offset, {slot.rows, slot.columns}, at::kFloat);
      leaves[s].set_requires_grad(true);
    }
  }
}

Transformer::~Transformer() = default;

std::span<float> Transformer::parameters() noexcept { return parts_->parameters; }
std::span<const float> Transformer::gradients() const noexcept { return parts_->gradients; }

Transformer::Result Transformer::forward_backward(std::span<const Question> questions) {
  return parts_->run_all(questions, true);
}

Transformer::Result Transformer::evaluate(std::span<const Question> questions) {
  return parts_->run_all(questions, false);
}

math::MatrixView<float> Transformer::hidden(std::span<const Question> questions) {
  set_torch_threads(1);
  const c10::AutoGradMode grad_mode(false);
  const Pass pass = run(parts_->leaves[0], parts_->shape.classes, parts_->shape.width,
                        column(questions, &Question::x), column(questions, &Question::y));
  const at::Tensor packed = pass.hidden.detach().contiguous();
  const auto* data = packed.data_ptr<float>();
  parts_->sample.assign(data, data + packed.numel());
  return math::matrix_view(parts_->sample.data(), questions.size(),
                           static_cast<std::size_t>(4 * parts_->shape.width));
}

std::vector<Transformer::NamedMatrix> Transformer::matrices() const {
  std::vector<NamedMatrix> matrices;
  for (const Slot& slot : parts_->slots) {
    if (is_bias(slot) || slot.rows == kPositions) continue;
    auto view = math::matrix_view(parts_->parameters.data() + slot.offset,
                                  static_cast<std::size_t>(slot.rows),
                                  static_cast<std::size_t>(slot.columns));
    if (&slot == &parts_->slots.front()) view.rows -= 1;  // without "="
    matrices.push_back({slot.name, view});
  }
  return matrices;
}

double Transformer::forward_operations() const noexcept {
  const auto d = static_cast<double>(parts_->shape.width);
  return d * (d + 8.0 * d + static_cast<double>(parts_->shape.classes));
}

}  // namespace emdyn::model
