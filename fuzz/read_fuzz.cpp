#include <zlib.h>

#include "emdyn/collect/ingest/reader.hpp"
#include "emdyn/core/error.hpp"
#include "fuzz.hpp"

namespace {

std::string packed(std::string text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(text.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

std::vector<std::string> emdyn::fuzz::seeds() {
  const std::string text = "step,loss\n1,2\n2,3\n";
  return {
      text,
      packed(text),
      packed(text) + packed("3,4\n"),
      "{\"step\":1,\"a\":2}\n",
      "{\n \"log_history\": [{\"step\": 1, \"loss\": 2}, {\"step\": 2, \"loss\": NaN}]\n}\n",
      "{\"n_obs\":2,\"time\":{\"index\":[0,1]},\"series\":[{\"label\":\"V\",\"raw\":[1,null]}]}",
      "[{\"step\":1,\"a\":2},\n{\"step\":2,\"a\":3}]",
      "PK\x03\x04zip"};
}

/// The whole way: unpacking, telling the format, parsing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const bool skip_bad_rows : {false, true}) {
    emdyn::collect::ingest::ReadOptions options;
    options.skip_bad_rows = skip_bad_rows;
    options.limits.inflated_bytes = 1 << 20;
    emdyn::collect::ingest::Collector collector;
    try {
      emdyn::collect::ingest::read_bytes(emdyn::fuzz::view_of(data, size), "fuzz", collector,
                                         options);
    } catch (const emdyn::Error&) {
    }
  }
  return 0;
}
