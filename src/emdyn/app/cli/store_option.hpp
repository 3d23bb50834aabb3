#pragma once
#include <CLI/CLI.hpp>
#include <string>

#include "emdyn/collect/store/store.hpp"
#include "emdyn/series/moment.hpp"

namespace emdyn::app::cli {

/// The `--store` and `--json` options that most verbs share.
struct StoreOption {
  std::string path;  ///< Default: $EMDYN_STORE, else "emdyn-store" in this folder.
  bool json = false;

  StoreOption();
  void add_to(CLI::App& app);
  /// @throws StoreError saying how to make one when there is none (Mode::read).
  collect::store::Store open(collect::store::Mode mode) const;
};

/// "2026-11-23 16:20" of seconds since the epoch, in local time.
std::string time_text(double seconds);

/// At most six significant digits; "–" for nothing.
std::string short_number(const std::optional<double>& value);
/// A place along an axis: a date in UTC where it is a moment, whole numbers in full, others to ten digits; a dash
/// for none.
std::string place_text(const std::optional<double>& position,
                       series::Axis axis = series::Axis::step);

}  // namespace emdyn::app::cli
