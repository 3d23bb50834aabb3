#include "emdyn/provoke/attack/contract/search.hpp"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>

#include "emdyn/model/network/model.hpp"

namespace emdyn::provoke::attack {
namespace {

/// No more rows than this go through the model at once, however many are asked about.
constexpr std::size_t kBlock = 256;

Rows gathered(const Slots& slots, const Rows& rows) {
  Rows dense(slots.size(), rows.size());
  for (std::size_t i = 0; i < slots.size(); ++i)
    std::copy_n(rows[slots[i]].begin(), rows.size(), dense[i].begin());
  return dense;
}

void copy_out(const torch::Tensor& tensor, std::span<float> out) {
  const torch::Tensor flat = tensor.contiguous();
  std::copy_n(flat.data_ptr<float>(), out.size(), out.begin());
}

std::span<const float> row_of(const torch::Tensor& matrix, std::int64_t i) {
  const auto width = static_cast<std::size_t>(matrix.size(1));
  return {matrix.data_ptr<float>() + static_cast<std::size_t>(i) * width, width};
}

/// Rows as a tensor over the same memory.
class Batch {
 public:
  Batch(Rows& rows, std::size_t begin, std::size_t end, const std::vector<std::int64_t>& shape) {
    std::vector<std::int64_t> sizes{static_cast<std::int64_t>(end - begin)};
    sizes.insert(sizes.end(), shape.begin(), shape.end());
    tensor_ = torch::from_blob(rows.values().data() + begin * rows.size(), sizes, torch::kFloat32);
  }
  const torch::Tensor& tensor() const noexcept { return tensor_; }

 private:
  torch::Tensor tensor_;
};

template <class Body>
void blocks(std::size_t count, Body&& body) {
  for (std::size_t begin = 0; begin < count; begin += kBlock)
    body(begin, std::min(count, begin + kBlock));
}

Rows ask(const model::Model& model, Rows& dense, std::size_t classes,
         const std::vector<std::int64_t>& shape) {
  Rows answers(dense.count(), classes);
  model::Ledger ledger;
  blocks(dense.count(), [&](std::size_t begin, std::size_t end) {
    const Batch batch(dense, begin, end, shape);
    copy_out(model.logits(batch.tensor(), ledger),
             std::span(answers.values()).subspan(begin * classes, (end - begin) * classes));
  });
  return answers;
}

}  // namespace

bool is_success(const Point& point, std::span<const float> logits) noexcept {
  if (point.target) {
    for (std::size_t k = 0; k < logits.size(); ++k) {
      if (k != *point.target && !(logits[k] + point.rounding < logits[*point.target])) return false;
    }
    return true;
  }
  if (!model::is_error(logits, point.label)) return false;
  if (!(point.rounding > 0.0F)) return true;
  const float own = logits[point.label] + point.rounding;
  return std::ranges::any_of(logits, [own](float each) { return !(each <= own); });
}

Search::Search(const SearchTask& task, std::vector<Point> points)
    : task_(task),
      points_(std::move(points)),
      size_(points_.empty() ? 0 : points_.front().values.size()),
      classes_(static_cast<std::size_t>(task.model->signature().classes)),
      shape_(task.model->signature().input),
      box_{static_cast<float>(task.model->signature().low),
           static_cast<float>(task.model->signature().high)},
      found_(points_.size(), size_),
      distance_(points_.size(), std::numeric_limits<double>::infinity()),
      given_up_(points_.size(), false),
      flat_(points_.size(), false),
      forwards_(points_.size(), 0),
      gradients_(points_.size(), 0) {
  for (const Point& point : points_) random_.emplace_back(task_.seed, point.index);
}

double Search::enough() const noexcept {
  if (task_.transfer) return -1.0;
  if (std::isfinite(epsilon_)) return epsilon_;
  return task_.epsilons.empty() ? -1.0 : task_.epsilons.front();
}

Slots Search::open() const {
  // What nobody can find is not searched for: nothing lies within a certified radius.
  const double reach = std::isfinite(epsilon_)   ? epsilon_
                       : !task_.epsilons.empty() ? task_.epsilons.back()
                                                 : std::numeric_limits<double>::infinity();
  Slots slots;
  for (std::size_t slot = 0; slot < count(); ++slot) {
    if (!finished(slot) && !given_up_[slot] && points_[slot].certified < reach)
      slots.push_back(slot);
  }
  return slots;
}

Slots Search::open(const Slots& slots) const {
  if (!task_.active_set) return slots;
  Slots left;
  for (const std::size_t slot : slots) {
    if (!finished(slot)) left.push_back(slot);
  }
  return left;
}

std::span<const float> Search::found(std::size_t slot) const noexcept {
  if (!std::isfinite(distance_[slot])) return {};
  return found_[slot];
}

bool Search::offer(std::size_t slot, std::span<const float> row, std::span<const float> logits) {
  const bool successful = success(slot, logits);
  if (!successful && !task_.transfer) return false;
  const double far = provoke::attack::distance(task_.norm, original(slot), row);
  if (far < distance_[slot] || task_.transfer) {
    distance_[slot] = far;
    std::copy(row.begin(), row.end(), found_[slot].begin());
  }
  return successful;
}

Rows Search::logits(const Slots& slots, const Rows& rows) {
  Rows dense = gathered(slots, rows);
  for (const std::size_t slot : slots) ++forwards_[slot];
  return ask(*task_.model, dense, classes_, shape_);
}

Rows Search::logits(std::size_t slot, const Rows& rows) {
  Rows dense = rows;
  forwards_[slot] += static_cast<std::int64_t>(rows.count());
  return ask(*task_.model, dense, classes_, shape_);
}

Slopes Search::gradient(const Slots& slots, const Rows& rows, const PointLoss& loss) {
  Rows dense = gathered(slots, rows);
  Slopes result{Rows(slots.size(), classes_), std::vector<double>(slots.size()),
                Rows(slots.size(), size_)};
  model::Ledger ledger;
  blocks(slots.size(), [&](std::size_t begin, std::size_t end) {
    const Batch batch(dense, begin, end, shape_);
    // The loss's own slope is known: the graph only has to carry it back to the input.
    const auto carried = [&](const torch::Tensor& logits) {
      const torch::Tensor values = logits.detach().contiguous();
      torch::Tensor weights = torch::zeros_like(values);
      for (std::int64_t i = 0; i < values.size(0); ++i) {
        const std::size_t at = begin + static_cast<std::size_t>(i);
        const auto row = row_of(values, i);
        std::copy(row.begin(), row.end(), result.logits[at].begin());
        result.loss[at] =
            loss(slots[at], row,
                 {weights.data_ptr<float>() + static_cast<std::size_t>(i) * classes_, classes_});
      }
      return (logits * weights).sum(1);
    };
    const auto found = task_.model->gradient(batch.tensor(), carried, ledger);
    copy_out(found.input,
             std::span(result.gradient.values()).subspan(begin * size_, (end - begin) * size_));
  });
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const auto slope = result.gradient[i];
    for (float& value : slope) value = std::isfinite(value) ? value : 0.0F;
    if (gradients_[slots[i]]++ == 0)
      flat_[slots[i]] = std::ranges::all_of(slope, [](float value) { return value == 0.0F; });
  }
  return result;
}

Rows Search::jacobian(const Slots& slots, const Rows& rows, std::span<const std::size_t> classes,
                      Rows& logits) {
  Rows dense = gathered(slots, rows);
  const std::size_t each = slots.empty() ? 0 : classes.size() / slots.size();
  Rows result(slots.size() * each, size_);
  logits = Rows(slots.size(), classes_);
  model::Ledger ledger;
  blocks(slots.size(), [&](std::size_t begin, std::size_t end) {
    const Batch batch(dense, begin, end, shape_);
    torch::Tensor weights =
        torch::zeros({static_cast<std::int64_t>(end - begin), static_cast<std::int64_t>(each),
                      static_cast<std::int64_t>(classes_)});
    float* at = weights.data_ptr<float>();
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t k = 0; k < each; ++k, at += classes_) {
        at[classes[i * each + k]] += 1.0F;
        at[points_[slots[i]].label] -= 1.0F;
      }
    }
    const auto found = task_.model->jacobian(batch.tensor(), weights, ledger);
    copy_out(found.logits,
             std::span(logits.values()).subspan(begin * classes_, (end - begin) * classes_));
    copy_out(
        found.rows,
        std::span(result.values()).subspan(begin * each * size_, (end - begin) * each * size_));
  });
  for (float& value : result.values()) value = std::isfinite(value) ? value : 0.0F;
  for (const std::size_t slot : slots) gradients_[slot] += static_cast<std::int64_t>(each);
  return result;
}

}  // namespace emdyn::provoke::attack
