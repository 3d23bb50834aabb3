#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "emdyn/model/data/dataset.hpp"
#include "emdyn/model/data/idx.hpp"

namespace emdyn::model::data {

enum class Split { train, test };

inline constexpr std::string_view kSplitWords[] = {"train", "test"};

struct LoadOptions {
  /// Which part of data that come in two; absent: the test part, or everything where there is none.
  std::optional<Split> split{};
  std::size_t limit = kEverything;  ///< Only that many examples, the first ones.
  std::string label_column{};       ///< CSV: as parse_table().
};

/// Reads examples; the format is told by names and content:
/// - a folder with the files of MNIST (train-images-idx3-ubyte, t10k-…, with or without .gz);
/// - a folder with one sub-folder of pictures a class, or with two such folders train and test (or
///   val);
/// - an IDX file (labels beside it where its name says images), .npy, .npz, CSV; gzipped or not.
/// @throws DataError saying what was found and what is read.
Dataset load(const std::filesystem::path& path, const LoadOptions& options = {});

}  // namespace emdyn::model::data
