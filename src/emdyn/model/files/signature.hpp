#pragma once
#include <cstdint>
#include <vector>

namespace emdyn::model {

/// What a model takes and gives.
struct Signature {
  std::vector<std::int64_t> input{};  ///< Shape of one example, such as [1, 28, 28].
  std::int64_t classes = 0;
  double low = 0.0;  ///< The input box: every value of an example lies in [low, high].
  double high = 1.0;
  bool operator==(const Signature&) const = default;
};

}  // namespace emdyn::model
