#include "emdyn/core/error.hpp"
#include "emdyn/model/data/idx.hpp"
#include "fuzz.hpp"

std::vector<std::string> emdyn::fuzz::seeds() {
  using std::string_literals::operator""s;
  return {"\0\0\x08\x03\0\0\0\2\0\0\0\1\0\0\0\3\x00\x33\xff\x66\0\0"s, "\0\0\x08\x01\0\0\0\2\7\3"s,
          "\0\0\x0e\1\0\0\0\1\xbf\xf8\0\0\0\0\0\0"s};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = emdyn::fuzz::view_of(data, size);
  for (const std::size_t limit : {emdyn::model::data::kEverything, std::size_t{1}}) {
    try {
      const auto array = emdyn::model::data::parse_idx(bytes, "fuzz", limit);
      const auto dataset = emdyn::model::data::examples_of(array, "fuzz");
      if (dataset.values.size() != dataset.size() * dataset.example_size()) std::abort();
      emdyn::model::data::labels_of(array, "fuzz");
    } catch (const emdyn::DataError&) {
    }
  }
  return 0;
}
