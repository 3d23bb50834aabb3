#include "emdyn/model/data/image_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/core/whole_file.hpp"
#include "emdyn/model/data/image.hpp"

namespace emdyn::model::data {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestPicture = std::uint64_t{256} << 20;
constexpr std::size_t kMostPictures = 5'000'000;
constexpr std::size_t kMostValues = std::size_t{1} << 31;

bool is_picture(const fs::path& path) {
  const std::string ending = to_lower(path.extension().string());
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

std::vector<fs::path> sorted_entries(const fs::path& folder, bool folders) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code gone;
    if (folders ? at->is_directory(gone) : at->is_regular_file(gone) && is_picture(at->path()))
      found.push_back(at->path());
    if (found.size() > kMostPictures)
      throw DataError(
          fmt::format("{}: more than {} files", terminal_safe(folder.string()), kMostPictures));
  }
  if (error)
    throw DataError(
        fmt::format("{}: cannot be read: {}", terminal_safe(folder.string()), error.message()));
  std::ranges::sort(found);
  return found;
}

struct Picture {
  fs::path path;
  std::int64_t label;
};

/// What notebooks, archivers and file managers leave behind is no class.
bool is_class_name(const std::string& name) {
  return !name.starts_with('.') && !name.starts_with("__");
}

std::vector<std::string> classes_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const fs::path& sub : sorted_entries(folder, true)) {
    if (std::string name = sub.filename().string(); is_class_name(name))
      names.push_back(std::move(name));
  }
  return names;
}

/// The pictures of all classes in turns.
std::vector<Picture> pictures_of(const fs::path& folder, std::size_t limit,
                                 const std::vector<std::string>& classes) {
  std::vector<std::vector<fs::path>> by_class(classes.size());
  std::size_t longest = 0;
  for (std::size_t label = 0; label < classes.size(); ++label) {
    std::error_code error;
    if (!fs::is_directory(folder / classes[label], error)) continue;  // In another part only.
    by_class[label] = sorted_entries(folder / classes[label], false);
    longest = std::max(longest, by_class[label].size());
  }
  std::vector<Picture> pictures;
  for (std::size_t turn = 0; turn < longest; ++turn) {
    for (std::size_t label = 0; label < by_class.size() && pictures.size() < limit; ++label) {
      if (turn < by_class[label].size())
        pictures.push_back({by_class[label][turn], static_cast<std::int64_t>(label)});
    }
  }
  return pictures;
}

}  // namespace

bool is_image_folder(const fs::path& folder) {
  return std::ranges::any_of(classes_in(folder), [&](const std::string& name) {
    return !sorted_entries(folder / name, false).empty();
  });
}

std::vector<std::string> classes_of_all(const std::vector<fs::path>& parts) {
  std::set<std::string> names;
  for (const fs::path& part : parts) {
    for (std::string& name : classes_in(part)) names.insert(std::move(name));
  }
  return {names.begin(), names.end()};
}

Dataset read_image_folder(const fs::path& folder, std::size_t limit,
                          const std::vector<std::string>& classes) {
  Dataset dataset;
  dataset.name = terminal_safe(folder.string());
  dataset.classes = classes.empty() ? classes_in(folder) : classes;
  const std::vector<Picture> pictures = pictures_of(folder, limit, dataset.classes);
  if (pictures.empty())
    throw DataError(fmt::format("{}: no sub-folder with .png or .jpg pictures", dataset.name));
  std::vector<ImageInfo> infos(pictures.size());
  const auto shown = [&](std::size_t i) { return terminal_safe(pictures[i].path.string()); };
  parallel_for(pictures.size(), [&](std::size_t i) {
    infos[i] = image_info(read_whole_file(pictures[i].path, kLargestPicture), shown(i));
  });
  ImageInfo all = infos.front();
  for (std::size_t i = 0; i < infos.size(); ++i) {
    all.channels = std::max(all.channels, infos[i].channels);
    if (infos[i].height != all.height || infos[i].width != all.width)
      throw DataError(fmt::format("{}: {} by {} pixels, {} has {} by {}; all must be equally large",
                                  shown(i), infos[i].width, infos[i].height, shown(0), all.width,
                                  all.height));
  }
  dataset.shape = {all.channels, all.height, all.width};
  const std::size_t each = dataset.example_size();
  if (pictures.size() > kMostValues / each)
    throw DataError(fmt::format("{}: {} pictures are more than memory should hold; use --limit",
                                dataset.name, pictures.size()));
  dataset.values.resize(pictures.size() * each);
  parallel_for(pictures.size(), [&](std::size_t i) {
    read_image(read_whole_file(pictures[i].path, kLargestPicture), all.channels, shown(i),
               std::span(dataset.values).subspan(i * each, each));
  });
  for (const Picture& picture : pictures) dataset.labels.push_back(picture.label);
  return dataset;
}

}  // namespace emdyn::model::data
