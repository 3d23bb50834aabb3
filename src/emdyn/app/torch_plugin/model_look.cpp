#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "emdyn/app/terminal/table.hpp"
#include "emdyn/app/torch_plugin/model_verb.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/model/data/load.hpp"
#include "emdyn/model/files/prepare.hpp"
#include "emdyn/model/network/adapters.hpp"
#include "emdyn/model/network/blas_threads.hpp"
#include "emdyn/model/network/network.hpp"
#include "emdyn/model/network/network_shape.hpp"

namespace emdyn::app::torch_plugin {
namespace {

struct LayerRow {
  std::string place;
  std::string_view kind;
  model::TensorShape output;
  std::int64_t parameters = 0;
};

void add_rows(const std::vector<model::Layer>& layers, model::TensorShape input, std::size_t depth,
              std::vector<LayerRow>& rows) {
  for (const model::Layer& layer : layers) {
    model::TensorShape output = model::output_shape(layer, input);
    LayerRow row{std::string(2 * depth, ' ') + layer.name, word(layer.kind), output};
    for (const auto& [key, tensor] : layer.tensors) {
      if (tensor.defined()) row.parameters += tensor.numel();
    }
    rows.push_back(std::move(row));
    if (layer.kind == model::LayerKind::per_frame) input.erase(input.begin());
    add_rows(layer.body, input, depth + 1, rows);
    add_rows(layer.shortcut, input, depth + 1, rows);
    input = std::move(output);
  }
}

std::string signature_text(const model::Signature& signature) {
  return fmt::format("takes {} in [{:g}, {:g}], gives {} logits",
                     model::shape_text(signature.input), signature.low, signature.high,
                     signature.classes);
}

/// The class of each example with the greatest logit. The cut into batches is fixed: results do not
/// depend on the number of threads.
std::vector<std::int64_t> predictions(const model::Model& network,
                                      const model::data::Dataset& dataset) {
  constexpr std::size_t kBatch = 250;
  std::vector<std::int64_t> found(dataset.size());
  std::vector<std::int64_t> shape = dataset.shape;
  shape.insert(shape.begin(), 0);
  parallel_for((dataset.size() + kBatch - 1) / kBatch, [&](std::size_t batch) {
    model::set_torch_threads(1);
    const std::size_t begin = batch * kBatch;
    std::vector<std::int64_t> part = shape;
    part[0] = static_cast<std::int64_t>(std::min(kBatch, dataset.size() - begin));
    model::Ledger ledger;
    const torch::Tensor inputs =
        at::from_blob(const_cast<float*>(dataset.example(begin).data()), part, torch::kFloat32);
    const torch::Tensor classes = network.logits(inputs, ledger).argmax(1).contiguous();
    std::copy_n(classes.data_ptr<std::int64_t>(), part[0],
                found.begin() + static_cast<std::ptrdiff_t>(begin));
  });
  return found;
}

}  // namespace

int model_info(const ModelOptions& options, app::terminal::Console& console) {
  model::Notes notes;
  const auto loaded = model::load_model(options.path, options.architecture, options.trust, &notes);
  for (const std::string& note : notes) console.note(note);
  const model::Signature& signature = loaded->signature();
  std::vector<LayerRow> rows;  // None for TorchScript: its layers cannot be looked at.
  if (const auto* network = dynamic_cast<const model::Network*>(loaded.get()))
    add_rows(network->layers(), signature.input, 0, rows);
  std::int64_t total = 0;
  Json list = Json::array();
  app::terminal::Table table(
      {{"layer"}, {"kind"}, {"gives"}, {"parameters", app::terminal::Table::Align::right}});
  for (const LayerRow& row : rows) {
    total += row.parameters;
    list.push_back({{"name", row.place.substr(row.place.find_first_not_of(' '))},
                    {"kind", row.kind},
                    {"output", row.output},
                    {"parameters", row.parameters}});
    table.row({row.place, std::string(row.kind), model::shape_text(row.output),
               row.parameters == 0 ? "" : std::to_string(row.parameters)});
  }
  if (options.json) {
    console.json(Json{{"path", options.path.string()},
                      {"input", signature.input},
                      {"classes", signature.classes},
                      {"low", signature.low},
                      {"high", signature.high},
                      {"parameters", rows.empty() ? Json() : Json(total)},
                      {"layers", std::move(list)}});
    return 0;
  }
  if (rows.empty()) {
    console.line(signature_text(signature) + "; TorchScript, whose layers cannot be looked at");
    return 0;
  }
  console.line(fmt::format("{}, {} parameters", signature_text(signature), total));
  table.print(console);
  return 0;
}

int model_test(const ModelOptions& options, app::terminal::Console& console) {
  model::Notes notes;
  const auto network = model::load_model(options.path, options.architecture, options.trust, &notes);
  for (const std::string& note : notes) console.note(note);
  model::data::LoadOptions load;
  if (!options.split.empty())
    load.split = options.split == "train" ? model::data::Split::train : model::data::Split::test;
  if (options.limit > 0) load.limit = options.limit;
  load.label_column = options.label_column;
  model::data::Dataset dataset = model::data::load(options.data, load);
  model::prepare(dataset, network->signature());
  if (const auto note = model::missing_classes(dataset, network->signature())) console.warn(*note);
  const auto found = predictions(*network, dataset);
  const auto classes = static_cast<std::size_t>(network->signature().classes);
  std::vector<std::int64_t> right(classes);
  std::vector<std::int64_t> all(classes);
  std::int64_t errors = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto label = static_cast<std::size_t>(dataset.labels[i]);
    ++all[label];
    right[label] += found[i] == dataset.labels[i] ? 1 : 0;
    errors += found[i] == dataset.labels[i] ? 0 : 1;
  }
  const double accuracy = 1.0 - static_cast<double>(errors) / static_cast<double>(found.size());
  Json recalls = Json::array();
  for (std::size_t c = 0; c < classes; ++c)
    recalls.push_back(
        all[c] == 0 ? Json() : Json(static_cast<double>(right[c]) / static_cast<double>(all[c])));
  if (options.json) {
    console.json(Json{{"examples", found.size()},
                      {"errors", errors},
                      {"accuracy", accuracy},
                      {"recall", std::move(recalls)}});
  } else {
    console.line(
        fmt::format("{} errors of {} examples, accuracy {:.4f}", errors, found.size(), accuracy));
  }
  return 0;
}

}  // namespace emdyn::app::torch_plugin
