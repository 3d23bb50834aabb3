#include "fuzz.hpp"

std::vector<std::string> emdyn::fuzz::seeds() {
  return {
      "{\"step\":1,\"a\":{\"b\":2.5,\"c\":[1,{\"d\":null}]},\"t\":true}\n{\"step\":2,\"a\":NaN}\n",
      "{\"_emdyn\":1,\"run\":\"r\",\"config\":{\"lr\":1}}\n{\"_step\":1,\"_time\":2,\"x\":\"NaN\"}"
      "\n",
      "{\"lr\":1}\n{\"_step\":0,\"\\u00e9\\ud83d\\ude00\\ud800\":-Infinity}\n{\"z\":1}\n",
      "{\"run\":\"a\",\"step\":1,\"name\":\"loss\",\"value\":2}\r\n\r\n{\"a\":1}",
      "{\"a\":1}\n{\"a\":2}\n{\"_emdyn\":2}\n{\"a\":3,\"_step\":1}\n"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  emdyn::fuzz::check_parser(emdyn::fuzz::view_of(data, size),
                            emdyn::collect::ingest::Format::jsonl);
  return 0;
}
