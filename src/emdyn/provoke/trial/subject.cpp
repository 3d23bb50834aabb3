#include "emdyn/provoke/trial/subject.hpp"

#include <algorithm>

#include "emdyn/model/data/load.hpp"
#include "emdyn/model/files/prepare.hpp"
#include "emdyn/model/network/adapters.hpp"
#include "emdyn/model/pipe/pipe_model.hpp"

namespace emdyn::provoke::trial {

model::data::Dataset load_examples(const std::string& path, const std::string& split,
                                   std::size_t limit, const model::Signature& signature,
                                   bool labels_needed) {
  model::data::LoadOptions options;
  if (!split.empty())
    options.split = split == "train" ? model::data::Split::train : model::data::Split::test;
  if (limit > 0) options.limit = limit;
  model::data::Dataset dataset = model::data::load(path, options);
  model::prepare(dataset, signature,
                 labels_needed ? model::Labels::needed : model::Labels::optional);
  return dataset;
}

std::unique_ptr<model::Model> load_model(const SubjectSource& source, model::Notes* notes) {
  if (model::is_pipe(source.model)) return model::pipe_model(source.model);
  return model::load_model(source.model, source.architecture, source.trust, notes);
}

Subject load_subject(const SubjectSource& source) {
  model::Notes notes;
  auto model = load_model(source, &notes);
  model::data::Dataset dataset =
      load_examples(source.data, source.split, source.limit, model->signature(), true);
  if (auto note = model::missing_classes(dataset, model->signature())) notes.push_back(*note);
  torch::Tensor inputs = model::examples(dataset);
  std::vector<std::int64_t> labels = dataset.labels;
  return {
      source,          std::move(model), std::move(dataset), std::move(inputs), std::move(labels),
      std::move(notes)};
}

model::data::Dataset first_of(const model::data::Dataset& dataset, std::size_t count) {
  model::data::Dataset part = dataset;
  const std::size_t rows = std::min(count, part.size());
  part.values.resize(rows * part.example_size());
  if (!part.labels.empty()) part.labels.resize(rows);
  return part;
}

}  // namespace emdyn::provoke::trial
