#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/collect/ingest/contract/options.hpp"

// What every fuzz target of this folder offers. With clang each is a libFuzzer program; elsewhere
// driver.cpp gives it a main() that tries the seeds and mutations of them, as a plain test.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace emdyn::fuzz {

/// Inputs to begin from, made by the target.
std::vector<std::string> seeds();

/// Reads `bytes` as `format` in one piece and cut into pieces, with tight limits. Aborts when
/// anything but emdyn::Error is thrown, when a point is not as the sink promises, or when the cuts
/// change what is read.
void check_parser(std::string_view bytes, collect::ingest::Format format);

inline std::string_view view_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace emdyn::fuzz
