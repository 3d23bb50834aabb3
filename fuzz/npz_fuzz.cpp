#include "emdyn/core/error.hpp"
#include "emdyn/model/data/npy.hpp"
#include "fuzz.hpp"

std::vector<std::string> emdyn::fuzz::seeds() {
  const std::string npz = model::data::npz_bytes(
      {.name = "", .shape = {1, 2, 2}, .values = {0, 1, 0.5F, 0, 1, 1, 0, 0}, .labels = {0, 1}});
  const auto entry = model::data::zip_entries(npz, "seed").at(0);
  return {npz, std::string(entry.packed)};
}

/// The archive, and its bytes as a bare array.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = emdyn::fuzz::view_of(data, size);
  const emdyn::model::data::ZipLimits limits{.entry_bytes = 1 << 20, .entries = 100};
  for (const std::size_t limit : {emdyn::model::data::kEverything, std::size_t{1}}) {
    try {
      const auto found = emdyn::model::data::parse_npz(bytes, "fuzz", "test", limit, limits);
      if (found.values.size() != found.size() * found.example_size()) std::abort();
    } catch (const emdyn::DataError&) {
    }
    try {
      (void)emdyn::model::data::parse_npy(bytes, "fuzz", limit);
    } catch (const emdyn::DataError&) {
    }
  }
  return 0;
}
