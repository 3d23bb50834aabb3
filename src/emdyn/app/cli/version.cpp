#include "emdyn/app/cli/version.hpp"

#include <fmt/format.h>

#include "emdyn/core/build_info.hpp"

namespace emdyn::app::cli {

std::string version_text() {
  return fmt::format("emdyn {} ({}, {}, {})", kVersion, kCommit, kBuildType, kCompiler);
}

Json version_json() {
  return Json{
      {"version", kVersion}, {"commit", kCommit}, {"build", kBuildType}, {"compiler", kCompiler}};
}

}  // namespace emdyn::app::cli
