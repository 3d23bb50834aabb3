#pragma once
#include <filesystem>

#include "emdyn/model/data/dataset.hpp"
#include "emdyn/model/data/idx.hpp"

namespace emdyn::model::data {

/// Pictures (.png, .jpg, .jpeg) in one sub-folder a class; classes by the order of their names. All
/// must be equally large; where one has colours, grey ones are given three equal channels. Examples
/// take turns: the first picture of each class, then the second, so that a limit keeps the classes.
/// @throws DataError naming the picture that is damaged or of another size, or a folder without
/// pictures.
Dataset read_image_folder(const std::filesystem::path& folder, std::size_t limit = kEverything);

/// Whether a folder has a sub-folder with a picture in it.
bool is_image_folder(const std::filesystem::path& folder);

}  // namespace emdyn::model::data
