#include "emdyn/core/error.hpp"
#include "emdyn/model/files/architecture.hpp"
#include "fuzz.hpp"

std::vector<std::string> emdyn::fuzz::seeds() {
  const std::string model = "[model]\nname = \"n\"\ninput = [1, 8, 8]\nclasses = 3\nhigh = 255.0\n";
  return {model + "[[layer]]\nkind = \"conv\"\nstride = 2\n\n[[layer]]\nkind = \"flatten\"\n" +
              "[[layer]]\nkind = \"linear\"\nname = 'fc.1'\nbias = false\n",
          model + "[[layer]]\nkind = \"normalize\"\nmean = [0.1]\ndeviation = [0.3]\n" +
              "[[layer]]\nkind = \"residual\"\n[[layer.body]]\nkind = \"per_frame\"\n" +
              "[[layer.body.body]]\nkind = \"max_pool\"\nkernel = 3\npadding = 1\n",
          model + "layer = [{kind = \"lstm\", layers = 2}, {kind = \"attention\", heads = 4}]\n"};
}

/// What is read is written and read again as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  emdyn::model::Architecture found;
  try {
    found = emdyn::model::parse_architecture(emdyn::fuzz::view_of(data, size), "fuzz");
  } catch (const emdyn::DataError&) {
    return 0;
  }
  const std::string text = emdyn::model::architecture_text(found);
  if (emdyn::model::parse_architecture(text, "fuzz") != found) std::abort();
  return 0;
}
