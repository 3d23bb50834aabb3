#include "emdyn/collect/ingest/contract/event_writer_for_tests.hpp"
#include "emdyn/collect/ingest/tensorboard/tfevents.hpp"
#include "fuzz.hpp"

using namespace emdyn::collect::ingest::testing;  // NOLINT: one short program.

std::vector<std::string> emdyn::fuzz::seeds() {
  const std::string tensor = varint_field(1, 1) + length_delimited(2, "") +
                             length_delimited(4, bytes_of(0.5F)) +
                             length_delimited(5, bytes_of(0.5F)) + varint_field(10, 7);
  // Bare messages too: below, every input is also tried behind a sound frame.
  const std::string value = length_delimited(1, "tag") + fixed_field(2, 1.5F);
  return {
      event_file() + scalar_event(1, 1, "loss", 2.5F) + tensor_event(2, "t", tensor),
      fixed_field(1, 1.0) + varint_field(2, 3) + length_delimited(5, length_delimited(1, value)),
      fixed_field(1, 1.0) + length_delimited(5, length_delimited(1, length_delimited(8, tensor))),
      tensor};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = emdyn::fuzz::view_of(data, size);
  emdyn::fuzz::check_parser(bytes, emdyn::collect::ingest::Format::tfevents);
  emdyn::fuzz::check_parser(frame(bytes), emdyn::collect::ingest::Format::tfevents);
  static_cast<void>(emdyn::collect::ingest::scalar_of_tensor(bytes));
  return 0;
}
