#include "emdyn/model/data/load.hpp"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/gzip.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/model/data/image_folder.hpp"
#include "emdyn/model/data/npy.hpp"
#include "emdyn/model/data/table.hpp"

namespace emdyn::model::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestFile = std::size_t{4} << 30;

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

/// MNIST's files for this split, or empty.
fs::path mnist_images(const fs::path& folder, Split split) {
  return with_or_without_gz(
      folder / (split == Split::train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte"));
}

/// Folders of one part each, those held out after the training part.
constexpr std::array kParts{"train", "test", "val", "valid", "validation"};

std::vector<fs::path> parts_of(const fs::path& folder) {
  std::vector<fs::path> parts;
  for (const char* name : kParts) {
    std::error_code error;
    if (fs::is_directory(folder / name, error)) parts.push_back(folder / name);
  }
  return parts;
}

fs::path split_folder(const std::vector<fs::path>& parts, Split split) {
  for (const fs::path& part : parts) {
    if ((part.filename() == kParts.front()) == (split == Split::train)) return part;
  }
  return {};
}

Dataset load_folder(const fs::path& folder, const LoadOptions& options) {
  const Split split = options.split.value_or(Split::test);
  const fs::path images = mnist_images(folder, split);
  if (!images.empty()) return read_idx(images, labels_beside(images), options.limit);
  const std::vector<fs::path> parts = parts_of(folder);
  const fs::path part = split_folder(parts, split);
  if (!part.empty() && is_image_folder(part))
    return read_image_folder(part, options.limit, classes_of_all(parts));
  const std::string shown = terminal_safe(folder.string());
  if (options.split)
    throw DataError(fmt::format(
        "{}: no {} part: neither {}-images-idx3-ubyte(.gz) nor a folder "
        "{} with one sub-folder of pictures a class",
        shown, kSplitWords[static_cast<std::size_t>(split)],
        split == Split::train ? "train" : "t10k", kSplitWords[static_cast<std::size_t>(split)]));
  if (is_image_folder(folder)) return read_image_folder(folder, options.limit);
  throw DataError(fmt::format(
      "{}: neither the files of MNIST nor sub-folders of .png or .jpg pictures, one a class",
      shown));
}

}  // namespace

Dataset load(const fs::path& path, const LoadOptions& options) {
  std::error_code error;
  if (fs::is_directory(path, error)) return load_folder(path, options);
  const std::string shown = terminal_safe(path.string());
  const std::string bytes = read_gzip(path, kLargestFile);
  if (bytes.starts_with("PK"))
    return parse_npz(bytes, shown,
                     kSplitWords[static_cast<std::size_t>(options.split.value_or(Split::test))],
                     options.limit);
  if (options.split)
    throw DataError(fmt::format("{}: a single file has no train or test part", shown));
  if (bytes.starts_with("\x93NUMPY"))
    return examples_of(parse_npy(bytes, shown, options.limit), shown);
  if (bytes.size() >= 4 && bytes[0] == 0 && bytes[1] == 0)
    return read_idx(path, labels_beside(path), options.limit);
  if (bytes.find('\0') != std::string::npos)
    throw DataError(
        fmt::format("{}: no format that is read: IDX, npy, npz, CSV, picture folders", shown));
  return parse_table(bytes, shown, options.label_column, options.limit);
}

}  // namespace emdyn::model::data
