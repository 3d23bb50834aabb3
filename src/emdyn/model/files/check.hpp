#pragma once
#include "emdyn/model/data/dataset.hpp"
#include "emdyn/model/files/signature.hpp"

namespace emdyn::model {

enum class Labels { needed, optional };

/// Whether a model can be asked about these examples: there is at least one, their shape is the
/// model's, every value is finite and in the input box, and every label is one of its classes.
/// @throws DataError naming the first example that is not so, and what would help.
void check(const model::data::Dataset& dataset, const Signature& signature,
           Labels labels = Labels::needed);

}  // namespace emdyn::model
