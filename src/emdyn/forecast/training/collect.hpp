#pragma once
#include <filesystem>
#include <functional>
#include <optional>

#include "emdyn/forecast/bank/bank.hpp"

namespace emdyn::forecast {

struct CollectOptions {
  std::optional<double> deadline{};  ///< Default: the run's setting "steps".
  std::optional<double> chance{};    ///< Default: one over the run's setting "p", else 0.
  series::RoleChoices roles{};
  std::function<void(std::size_t done, std::size_t planned)> progress{};  ///< One call at a time.
};

/// Reduces every finished run of a store that has test accuracy to a bank. The onset is that of the
/// transition fitted to the whole test accuracy (emergence); where the fit declares none although
/// the target was reached, the first record a tenth of the way from chance to the target's level.
/// @throws StoreError when the store cannot be read; DataError when no run can be used, or a run
/// has no deadline.
forecast::Bank collect(const std::filesystem::path& store, const CollectOptions& options = {});

}  // namespace emdyn::forecast
