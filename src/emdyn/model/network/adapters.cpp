#include "emdyn/model/network/adapters.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "emdyn/core/error.hpp"
#include "emdyn/core/json.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/core/whole_file.hpp"
#include "emdyn/model/data/zip.hpp"
#include "emdyn/model/network/network_file.hpp"

namespace emdyn::model {

torch::Tensor checked_logits(torch::Tensor logits, std::int64_t batch, std::int64_t classes) {
  if (!logits.defined() || logits.scalar_type() != torch::kFloat32 || logits.dim() != 2 ||
      logits.size(0) != batch || logits.size(1) != classes) {
    std::string got = "nothing";
    if (logits.defined()) {
      got = toString(logits.scalar_type());
      for (const std::int64_t extent : logits.sizes()) got += fmt::format(" × {}", extent);
    }
    throw ModelError(
        fmt::format("model: it should give float32 logits [{}, {}], gave {}", batch, classes, got));
  }
  if (!at::isfinite(logits).all().item<bool>())
    throw ModelError("model: it gave logits that are not finite");
  return logits;
}

torch::Tensor BlackBox::forward(const torch::Tensor& inputs) const {
  const torch::NoGradGuard no_grad;
  return checked_logits(function_(inputs), inputs.size(0), signature_.classes);
}

namespace {

constexpr std::uint64_t kLargestModel = std::uint64_t{16} << 30;

/// Whether a zip archive is one of torch.save: pickled tensors without the code that TorchScript has beside them.
bool is_saved_state(const std::filesystem::path& path) {
  const std::string bytes = read_whole_file(path, kLargestModel);
  try {
    bool pickled = false;
    for (const data::ZipEntry& entry : data::zip_entries(bytes, terminal_safe(path.string()))) {
      pickled = pickled || entry.name.ends_with("/data.pkl");
      if (entry.name.ends_with("/constants.pkl") || entry.name.find("/code/") != std::string::npos)
        return false;
    }
    return pickled;
  } catch (const DataError&) {
    return false;  // Damaged: libtorch says what it makes of it.
  }
}

[[noreturn]] void refuse_pickle(const std::filesystem::path& path) {
  throw ModelError(fmt::format(
      "{}: a file of torch.save, which only Python can read; convert it there: import torch, "
      "safetensors.torch; safetensors.torch.save_file(torch.load({}, weights_only=True), "
      "\"weights.safetensors\")",
      terminal_safe(path.string()), json_text(Json(terminal_safe(path.string())))));
}

}  // namespace

std::unique_ptr<Model> load_model(const std::filesystem::path& path,
                                  const std::filesystem::path& architecture, bool trusted,
                                  Notes* notes) {
  std::string head(4, '\0');
  std::ifstream(path, std::ios::binary).read(head.data(), 4);
  if (head[0] == '\x80' && head[1] >= '\x02' && head[1] <= '\x05' && head[2] != '\0')
    refuse_pickle(path);  // Of torch before 1.6: a bare pickle.
  if (head != "PK\x03\x04")
    return std::make_unique<Network>(load_network(path, architecture, notes));
  if (is_saved_state(path)) refuse_pickle(path);
  if (architecture.empty() && trusted)
    throw ModelError(fmt::format(
        "{}: TorchScript does not say what it takes; give --arch FILE with a [model] table "
        "(docs/models.md)",
        terminal_safe(path.string())));
  return script_model(path, trusted ? read_architecture(architecture).signature : Signature{},
                      trusted);
}

}  // namespace emdyn::model
