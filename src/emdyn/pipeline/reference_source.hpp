#pragma once
#include <memory>

#include "emdyn/core/task.hpp"
#include "emdyn/detect/live/reference.hpp"
#include "emdyn/pipeline/source.hpp"

namespace emdyn::pipeline {

/// What `--reference` names: digits are so many samples (rows) of the stream itself; anything else a source that is
/// read whole, its signals as series and, where they share positions, as rows. Of several runs one follows the other.
/// @throws ConfigError for digits out of Reference's range; DataError when the source cannot be read; Task::Stopped.
std::shared_ptr<const detect::Reference> load_reference(const Source& source,
                                                        const Task& task = {});

}  // namespace emdyn::pipeline
