#pragma once
#include <optional>
#include <string>

#include "emdyn/model/data/dataset.hpp"
#include "emdyn/model/files/signature.hpp"

namespace emdyn::model {

enum class Labels { needed, optional };

/// Makes examples ready for a model: there is at least one, their shape is the model's (pictures whose channels come
/// last are turned, those without a channel axis get one), every value is finite and in the input box (1e-6 of its
/// width beside it is set to its edge), and every label is one of its classes.
/// @throws DataError naming the first example that is not so, and what would help.
void prepare(model::data::Dataset& dataset, const Signature& signature,
             Labels labels = Labels::needed);

/// What to tell where data name fewer classes than the model has: folders that are absent (a version control system
/// keeps no empty ones) shift the labels of all that follow. Nothing where the data name none or all.
std::optional<std::string> missing_classes(const model::data::Dataset& dataset,
                                           const Signature& signature);

}  // namespace emdyn::model
