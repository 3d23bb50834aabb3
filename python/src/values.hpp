#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <span>
#include <string>
#include <vector>

#include "emdyn/core/field.hpp"
#include "emdyn/core/json.hpp"
#include "emdyn/detect/live/live_series.hpp"

/// Between Python's values and the library's.
namespace emdyn::python {

namespace nb = nanobind;

/// Numbers as they come from NumPy, lists having become arrays before: shape [samples].
using Samples = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
/// A new NumPy array.
using Array = nb::ndarray<nb::numpy, double, nb::ndim<1>>;

inline std::span<const double> span_of(const Samples& samples) {
  return {samples.data(), samples.shape(0)};
}
/// Takes the numbers over.
Array to_array(std::vector<double> values);

/// Objects become dicts in their order, null becomes None.
nb::object to_python(const Json& json);
/// dicts with texts as keys, lists, tuples, texts, numbers, booleans and None; whatever else becomes its str().
/// @throws ConfigError where it nests deeper than 16.
Json from_python(nb::handle value, int depth = 0);

/// Settings as the library reads them: every value as its text.
Params params_of(const nb::dict& settings);

/// Options of detection by their names in DetectOptions; what is none of them is a parameter of the detector.
/// @throws ConfigError for an unknown detector or parameter, or a value out of range.
detect::DetectOptions detect_options(const std::string& detector, const nb::dict& options);

}  // namespace emdyn::python
