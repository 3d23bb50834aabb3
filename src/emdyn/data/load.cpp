#include "emdyn/data/load.hpp"

#include <fmt/format.h>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::data {
namespace {

namespace fs = std::filesystem;

/// The file itself or gzipped; empty when there is neither.
fs::path with_or_without_gz(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) return path;
  const fs::path packed = path.string() + ".gz";
  return fs::is_regular_file(packed, error) ? packed : fs::path();
}

/// t10k-labels-idx1-ubyte beside t10k-images-idx3-ubyte.
fs::path labels_beside(const fs::path& images) {
  std::string name = images.filename().string();
  const auto kind = name.find("images");
  const auto axes = name.find("idx3");
  if (kind == std::string::npos || axes == std::string::npos) return {};
  name.replace(axes, 4, "idx1").replace(kind, 6, "labels");
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  return with_or_without_gz(images.parent_path() / name);
}

}  // namespace

Dataset load(const fs::path& path, const LoadOptions& options) {
  const std::string shown = terminal_safe(path.string());
  std::error_code error;
  if (fs::is_directory(path, error)) {
    const bool train = options.split == Split::train;
    const fs::path images =
        with_or_without_gz(path / (train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte"));
    if (images.empty())
      throw DataError(fmt::format("{}: no {}-images-idx3-ubyte(.gz) in this folder", shown,
                                  train ? "train" : "t10k"));
    return read_idx(images, labels_beside(images), options.limit);
  }
  if (options.split)
    throw DataError(fmt::format("{}: a single file has no train or test part", shown));
  return read_idx(path, labels_beside(path), options.limit);
}

}  // namespace emdyn::data
