#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "emdyn/model/data/dataset.hpp"
#include "emdyn/model/data/idx.hpp"

namespace emdyn::model::data {

/// Pictures (.png, .jpg, .jpeg) in one sub-folder a class; classes by the order of their names, empty folders among
/// them, those whose names begin with a dot or two underscores not. All pictures must be equally large; where one has colours, grey ones are given three equal channels. Examples
/// take turns: the first picture of each class, then the second, so that a limit keeps the classes.
/// @param classes names of all classes, where other parts of the data have more than this one; empty: the sub-folders.
/// @throws DataError naming the picture that is damaged or of another size, or a folder without
/// pictures.
Dataset read_image_folder(const std::filesystem::path& folder, std::size_t limit = kEverything,
                          const std::vector<std::string>& classes = {});

/// The classes of several parts of the same data together: a label means the same in each.
std::vector<std::string> classes_of_all(const std::vector<std::filesystem::path>& parts);

/// Whether a folder has a sub-folder with a picture in it.
bool is_image_folder(const std::filesystem::path& folder);

}  // namespace emdyn::model::data
