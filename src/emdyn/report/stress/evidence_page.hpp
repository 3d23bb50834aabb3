#pragma once
#include <string>

#include "emdyn/provoke/trial/records/evidence.hpp"

namespace emdyn::report {

/// One self-contained HTML page of what a stress test found, under 2 MB, readable without script,
/// light and dark. Equal evidence gives equal bytes; absent parts are said to be absent, in words.
std::string render_evidence(const provoke::trial::StressEvidence& evidence);

/// A picture as a PNG in a data URI, values clamped to [0, 1]; a NaN is black. Empty for a picture
/// whose sizes do not fit or exceed 512 pixels a side.
std::string picture_uri(const provoke::trial::Picture& picture);

}  // namespace emdyn::report
