#pragma once
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace emdyn::emergence {

/// A series as fits and indicators take it: positions strictly ascending, values finite.
struct Samples {
  std::vector<double> positions{};
  std::vector<double> values{};
  std::size_t dropped = 0;  ///< Non-finite values left out.

  std::size_t size() const noexcept { return values.size(); }
};

/// Leaves out non-finite values and averages those at equal positions.
/// @param name of the series, for errors.
/// @param positions finite and not decreasing, as many as values.
/// @throws DataError for other positions, naming the series and the place.
Samples clean(std::string_view name, std::span<const double> positions,
              std::span<const double> values);

/// Means of runs of equal length of the samples [begin, end), so that at most `most` are left; a
/// last run of less than half that length is left out, for its mean would be noisier than the rest.
Samples binned(const Samples& samples, std::size_t begin, std::size_t end, std::size_t most);

}  // namespace emdyn::emergence
