#pragma once
#include <filesystem>
#include <optional>

#include "emdyn/core/task.hpp"
#include "emdyn/forecast/bank/bank.hpp"

namespace emdyn::forecast {

struct CollectOptions {
  std::optional<double> deadline{};  ///< Default: the run's setting "steps".
  std::optional<double> chance{};    ///< Default: one over the run's setting "p", else 0.
  series::RoleChoices roles{};
};

/// Reduces every finished run of a store that has test accuracy to a bank. The onset is that of the
/// transition fitted to the whole test accuracy (emergence); where the fit declares none although
/// the target was reached, the first record a tenth of the way from chance to the target's level.
/// @throws StoreError when the store cannot be read; DataError when no run can be used, or a run
/// has no deadline; Task::Stopped: half a bank is none.
forecast::Bank collect(const std::filesystem::path& store, const CollectOptions& options = {},
                       const Task& task = {});

}  // namespace emdyn::forecast
