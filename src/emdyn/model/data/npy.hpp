#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "emdyn/model/data/dataset.hpp"
#include "emdyn/model/data/idx.hpp"
#include "emdyn/model/data/zip.hpp"

namespace emdyn::model::data {

/// NumPy's .npy, versions 1 to 3: row-major arrays of booleans, integers and floats of either byte
/// order. At most the first `limit` entries of the first axis are read.
/// @throws DataError naming `what`: no npy, pickled objects, column-major order, or another size
/// than its header claims.
Array parse_npy(std::string_view bytes, std::string_view what, std::size_t limit = kEverything);

/// An archive of npy files with examples (x, images, data, X, x_test, …) and, where it has them,
/// labels (y, labels, targets, y_test, …). Names for the other split are left alone.
/// @throws DataError naming the arrays it holds when it is not clear which are meant.
Dataset parse_npz(std::string_view bytes, std::string_view what, std::string_view split = "test",
                  std::size_t limit = kEverything, const ZipLimits& limits = {});

/// Examples as bytes (×255, rounded) in `x` and labels in `y`: what parse_npz() reads back.
std::string npz_bytes(const Dataset& dataset);

/// What is told of each example beside it.
struct ExampleNotes {
  std::vector<std::int64_t> index{};  ///< Its place among the examples it was made from.
  std::vector<double> distance{};     ///< From the one it was made from.
};

/// Examples as they are, floats of 32 bits in `x`, with labels in `y`, and `index` and `distance` where
/// there are any; parse_npz() reads x and y back bit for bit.
std::string npz_of_floats(const Dataset& dataset, const ExampleNotes& notes = {});

}  // namespace emdyn::model::data
