#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "emdyn/model/files/architecture.hpp"
#include "emdyn/model/files/safetensors.hpp"
#include "emdyn/model/network/network.hpp"

namespace emdyn::model {

/// What a user should know of a file that was read all the same; a line each.
using Notes = std::vector<std::string>;

/// Gives an architecture its weights: the tensors `name.weight`, `name.bias` … of each layer. A name that a wrapper put
/// before all of them (`module.`, `_orig_mod.`, `model.`) is taken off, and a note says so.
/// @throws ModelError naming a tensor that is missing and what there is, of a wrong shape, or of no layer.
Network make_network(const Architecture& architecture, const Safetensors& weights,
                     Notes* notes = nullptr);

/// Reads weights (safetensors) and architecture (TOML; default: beside the weights, `x.toml` for
/// `x.safetensors`). @throws DataError, ModelError as the parts do.
Network load_network(const std::filesystem::path& weights,
                     const std::filesystem::path& architecture = {}, Notes* notes = nullptr);

/// A network as its architecture file and weights describe it; make_network() of both is equal.
Architecture architecture_of(const Network& network);
Safetensors weights_of(const Network& network);

/// Writes `weights` (x.safetensors) and x.toml beside it, each replaced as a whole.
void save_network(const Network& network, const std::filesystem::path& weights);

}  // namespace emdyn::model
