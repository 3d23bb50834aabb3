#include "emdyn/model/network/observe.hpp"

#include <algorithm>
#include <cstring>

#include "emdyn/core/parallel.hpp"
#include "emdyn/model/network/blas_threads.hpp"
#include "emdyn/model/network/shown.hpp"

namespace emdyn::model {
namespace {

constexpr std::int64_t kChunk = 128;

void copy_rows(const torch::Tensor& from, std::vector<float>& to, std::int64_t first_row) {
  const torch::Tensor whole = from.contiguous();
  std::memcpy(to.data() + first_row * whole.size(1), whole.data_ptr<float>(),
              static_cast<std::size_t>(whole.numel()) * sizeof(float));
}

}  // namespace

std::vector<std::int64_t> Observations::predictions() const {
  std::vector<std::int64_t> found(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    const float* row = logits.data() + i * classes;
    found[i] = std::max_element(row, row + classes) - row;
  }
  return found;
}

std::size_t Observations::errors(const std::vector<std::int64_t>& labels) const {
  const std::vector<std::int64_t> found = predictions();
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < rows; ++i) wrong += found[i] != labels[i] ? 1U : 0U;
  return wrong;
}

torch::Tensor examples(const model::data::Dataset& dataset, std::size_t begin, std::size_t end) {
  std::vector<std::int64_t> shape = dataset.shape;
  shape.insert(shape.begin(), static_cast<std::int64_t>(end - begin));
  torch::Tensor batch = torch::empty(shape);
  const std::size_t size = dataset.example_size();
  std::memcpy(batch.data_ptr<float>(), dataset.values.data() + begin * size,
              (end - begin) * size * sizeof(float));
  return batch;
}

torch::Tensor examples(const model::data::Dataset& dataset) {
  return examples(dataset, 0, dataset.size());
}

Observations observe(const Model& model, const torch::Tensor& inputs, bool features, Ledger& ledger,
                     const Task& task) {
  set_torch_threads(1);
  const std::int64_t rows = inputs.size(0);
  Observations seen;
  seen.rows = static_cast<std::size_t>(rows);
  seen.classes = static_cast<std::size_t>(model.signature().classes);
  seen.logits.resize(seen.rows * seen.classes);
  if (rows == 0) return seen;
  if (features) {
    const torch::NoGradGuard no_grad;  // The width is known once one example was seen.
    seen.feature_count =
        static_cast<std::size_t>(shown(model, inputs.narrow(0, 0, 1)).features.size(1));
    seen.features.resize(seen.rows * seen.feature_count);
  }
  const auto chunks = static_cast<std::size_t>((rows + kChunk - 1) / kChunk);
  std::vector<Ledger> ledgers(chunks);
  std::vector<char> done(chunks, 0);
  parallel_for(chunks, [&](std::size_t c) {
    if (task.stopped()) return;
    set_torch_threads(1);
    const std::int64_t first = static_cast<std::int64_t>(c) * kChunk;
    const torch::Tensor batch = inputs.narrow(0, first, std::min(kChunk, rows - first));
    if (features) {
      const torch::NoGradGuard no_grad;
      const Shown both = shown(model, batch);
      ledgers[c].forward += batch.size(0);
      copy_rows(both.logits, seen.logits, first);
      copy_rows(both.features, seen.features, first);
    } else {
      copy_rows(model.logits(batch, ledgers[c]), seen.logits, first);
    }
    done[c] = 1;
  });
  for (const Ledger& one : ledgers) ledger += one;
  const auto whole = std::find(done.begin(), done.end(), 0) - done.begin();
  seen.rows = std::min(seen.rows, static_cast<std::size_t>(whole * kChunk));
  return seen;
}

}  // namespace emdyn::model
