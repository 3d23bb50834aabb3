#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "emdyn/data/dataset.hpp"
#include "emdyn/data/idx.hpp"

namespace emdyn::data {

enum class Split { train, test };

struct LoadOptions {
  /// Which part of data that come in two; absent: the test part, or everything where there is none.
  std::optional<Split> split{};
  std::size_t limit = kEverything;  ///< Only that many examples, the first ones.
};

/// Reads examples; the format is told by names and content: a folder with the files of MNIST
/// (train-images-idx3-ubyte, t10k-…, each with or without .gz), or one IDX file (with the labels
/// beside it where its name says images).
/// @throws DataError saying what was found and what is read.
Dataset load(const std::filesystem::path& path, const LoadOptions& options = {});

}  // namespace emdyn::data
