#include "emdyn/app/cli/store_option.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::app::cli {

StoreOption::StoreOption() {
  const char* from_environment = std::getenv("EMDYN_STORE");
  path =
      from_environment != nullptr && *from_environment != '\0' ? from_environment : "emdyn-store";
}

void StoreOption::add_to(CLI::App& app) {
  app.add_option("--store", path, "folder of runs; $EMDYN_STORE, else emdyn-store");
  app.add_flag("--json", json, "print JSON");
}

collect::store::Store StoreOption::open(collect::store::Mode mode) const {
  if (mode == collect::store::Mode::read && !std::filesystem::exists(path)) {
    throw StoreError(
        fmt::format("{}: no store here; name one with --store, or make one with emdyn import, "
                    "watch, lab run or demo",
                    terminal_safe(path)));
  }
  return collect::store::Store::open(path, mode);
}

std::string time_text(double seconds) {
  if (seconds <= 0) return "–";
  return fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(static_cast<std::time_t>(seconds)));
}

std::string short_number(const std::optional<double>& value) {
  return value ? fmt::format("{:.6g}", *value) : "–";
}

std::string place_text(const std::optional<double>& position, series::Axis axis) {
  if (!position) return "–";
  if (series::is_moment(axis, *position)) return series::moment_text(*position);
  const bool whole = *position == std::floor(*position) && std::abs(*position) < 9e15;
  return whole ? fmt::format("{:.0f}", *position) : fmt::format("{:.10g}", *position);
}

}  // namespace emdyn::app::cli
