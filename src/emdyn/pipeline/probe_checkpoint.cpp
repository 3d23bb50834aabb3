#include "emdyn/pipeline/probe_checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/model/files/tensor_file.hpp"

namespace emdyn::pipeline {
namespace {

using model::TensorFile;

/// A tensor seen as a matrix.
struct Sides {
  std::size_t rows = 1;
  std::size_t columns = 1;
  std::size_t smaller() const noexcept { return std::min(rows, columns); }
};

Sides sides(const model::TensorPlace& place) {
  if (place.shape.size() < 2 || place.count == 0) return {1, place.count};
  const auto rows = static_cast<std::size_t>(place.shape[0]);
  return {rows, place.count / rows};
}

bool is_weights(const model::TensorPlace& place) {
  return place.type != nullptr && place.type->kind == model::TensorType::Kind::floating;
}

class Prober {
 public:
  Prober(TensorFile file, std::optional<TensorFile> against, const ProbeConfig& config)
      : file_(std::move(file)), against_(std::move(against)), config_(config) {}

  /// Bytes that measuring a tensor holds at its peak.
  std::uint64_t memory(const TensorFile::Tensor& tensor) const {
    if (!is_weights(tensor.place)) return 0;
    const Sides shape = sides(tensor.place);
    const std::uint64_t side = spectrum_wanted(shape) ? shape.smaller() : 0;
    return tensor.place.count * sizeof(float) * (against_ ? 2 : 1) + 16 * side * side;
  }

  LayerProbe layer(const TensorFile::Tensor& tensor) const;
  const TensorFile& file() const noexcept { return file_; }

 private:
  bool spectrum_wanted(const Sides& shape) const {
    return shape.smaller() > 1 && shape.smaller() <= static_cast<std::size_t>(config_.largest_side);
  }
  void compare(const TensorFile::Tensor& tensor, const math::MatrixView<float>& weights,
               LayerProbe& layer) const;
  void measure_spectrum(const math::MatrixView<float>& weights, LayerProbe& layer) const;

  TensorFile file_;
  std::optional<TensorFile> against_;
  ProbeConfig config_;
};

void add_note(LayerProbe& layer, std::string_view note) {
  if (!layer.note.empty()) layer.note += "; ";
  layer.note += note;
}

void Prober::compare(const TensorFile::Tensor& tensor, const math::MatrixView<float>& weights,
                     LayerProbe& layer) const {
  if (!against_) return;
  const TensorFile::Tensor* other = against_->find(tensor.place.name);
  if (other == nullptr) return add_note(layer, "not in the other checkpoint");
  if (other->place.shape != tensor.place.shape || !is_weights(other->place)) {
    return add_note(layer, "of another shape or type in the other checkpoint");
  }
  const std::vector<float> before = against_->read(*other);
  const math::MatrixView<float> earlier{before.data(), weights.rows, weights.columns,
                                        weights.columns, 1};
  if (spectrum_wanted({weights.rows, weights.columns})) {
    layer.change = probe::weight_change(weights, earlier, {config_.directions});
  } else {
    // As one row it has no directions to compare, and no side too large.
    const math::MatrixView<float> now{weights.data, 1, weights.size(), weights.size(), 1};
    layer.change = probe::weight_change(now, {before.data(), 1, before.size(), before.size(), 1},
                                        {config_.directions});
  }
}

void Prober::measure_spectrum(const math::MatrixView<float>& weights, LayerProbe& layer) const {
  const probe::Spectrum spectrum = probe::spectrum(weights);
  layer.ranks = probe::rank_measures(spectrum);
  const std::size_t rank = layer.ranks->numerical_rank;
  if (rank == 0) return add_note(layer, "all weights are zero");
  // Eigenvalues that are rounding would fill the tail's body with noise.
  const auto positive = std::span(spectrum.eigenvalues).first(rank);
  if (rank >= static_cast<std::size_t>(config_.least_tail)) {
    try {
      layer.tail =
          probe::heavy_tail(positive, {config_.least_tail, config_.replicates, config_.seed});
    } catch (const DataError& error) {
      add_note(layer, error.what());
    }
  } else {
    add_note(layer,
             fmt::format("no tail: {} eigenvalues, least_tail is {}", rank, config_.least_tail));
  }
  if (spectrum.smaller() >= 4) layer.noise = probe::marchenko_pastur(spectrum, {config_.level});
}

LayerProbe Prober::layer(const TensorFile::Tensor& tensor) const {
  const model::TensorPlace& place = tensor.place;
  LayerProbe layer;
  layer.name = place.name;
  layer.type = place.type_name;
  layer.shape = place.shape;
  layer.parameters = place.count;
  if (place.type == nullptr) {
    layer.note = fmt::format("type {} is not read", terminal_safe(place.type_name));
    return layer;
  }
  if (!is_weights(place)) {
    layer.note = fmt::format("{}: whole numbers are not taken for weights", place.type->name);
    return layer;
  }
  if (place.count == 0) {
    layer.note = "empty";
    return layer;
  }
  layer.measured = true;
  std::vector<float> values = file_.read(tensor);
  double squares = 0.0;
  for (const float value : values) {
    if (!std::isfinite(value)) ++layer.nonfinite;
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  if (layer.nonfinite > 0) {
    layer.note = fmt::format("{} of {} weights are not finite", layer.nonfinite, place.count);
    return layer;
  }
  layer.norm = std::sqrt(squares);
  const Sides shape = sides(place);
  const math::MatrixView<float> weights{values.data(), shape.rows, shape.columns, shape.columns, 1};
  compare(tensor, weights, layer);
  if (shape.smaller() <= 1) return layer;
  if (!spectrum_wanted(shape)) {
    add_note(layer, fmt::format("no spectrum: the smaller side {} is above largest_side {}",
                                shape.smaller(), config_.largest_side));
    return layer;
  }
  measure_spectrum(weights, layer);
  if (config_.traps && shape.smaller() >= 4 && values.size() <= 0xFFFFFFFFU) {
    layer.traps = probe::correlation_traps(std::move(values), shape.rows, shape.columns,
                                           {config_.level, config_.seed});
  }
  return layer;
}

/// Runs of tensors that together need no more memory than the most demanding one alone.
std::vector<std::pair<std::size_t, std::size_t>> batches(const Prober& prober) {
  const auto tensors = prober.file().tensors();
  std::uint64_t budget = 0;
  for (const auto& tensor : tensors) budget = std::max(budget, prober.memory(tensor));
  std::vector<std::pair<std::size_t, std::size_t>> found;
  std::size_t begin = 0;
  std::uint64_t used = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::uint64_t need = prober.memory(tensors[i]);
    if (i > begin && used + need > budget) {
      found.emplace_back(begin, i);
      begin = i;
      used = 0;
    }
    used += need;
  }
  found.emplace_back(begin, tensors.size());
  return found;
}

}  // namespace

std::optional<CheckpointProbe> probe_checkpoint(const std::filesystem::path& path,
                                                const ProbeConfig& config,
                                                const std::optional<std::filesystem::path>& against,
                                                const Task& task) {
  checked("probe", kProbeFields, config);
  std::optional<TensorFile> other;
  if (against) other.emplace(*against);
  const Prober prober(TensorFile(path), std::move(other), config);
  const auto tensors = prober.file().tensors();
  CheckpointProbe result;
  result.path = path.string();
  result.files = prober.file().shards();
  result.layers.resize(tensors.size());
  std::uint64_t total = 0;
  for (const auto& tensor : tensors) total += tensor.place.count;
  std::mutex lock;
  std::uint64_t done = 0;
  for (const auto& [begin, end] : batches(prober)) {
    parallel_for(end - begin, [&, first = begin](std::size_t i) {
      if (task.stopped()) return;
      result.layers[first + i] = prober.layer(tensors[first + i]);
      const std::lock_guard guard(lock);
      done += tensors[first + i].place.count;
      task.tell({"probe", done, total, "weights"});
    });
    if (task.stopped()) return std::nullopt;
  }
  for (const LayerProbe& layer : result.layers) {
    if (layer.measured) result.parameters += layer.parameters;
  }
  return result;
}

namespace {

template <class Record>
Json or_null(const std::optional<Record>& record) {
  return record ? Json(*record) : Json(nullptr);
}

}  // namespace

void to_json(Json& json, const LayerProbe& layer) {
  json = Json{{"name", layer.name},
              {"type", layer.type},
              {"shape", layer.shape},
              {"parameters", layer.parameters},
              {"measured", layer.measured},
              {"nonfinite", layer.nonfinite},
              {"norm", number_or_null(layer.norm)},
              {"ranks", or_null(layer.ranks)},
              {"tail", or_null(layer.tail)},
              {"noise", or_null(layer.noise)},
              {"traps", or_null(layer.traps)},
              {"change", or_null(layer.change)},
              {"note", layer.note.empty() ? Json(nullptr) : Json(layer.note)}};
}

void to_json(Json& json, const CheckpointProbe& checkpoint) {
  json = Json{{"path", checkpoint.path},
              {"files", checkpoint.files},
              {"parameters", checkpoint.parameters},
              {"layers", checkpoint.layers}};
}

}  // namespace emdyn::pipeline
