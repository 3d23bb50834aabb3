#pragma once
#include <span>
#include <string_view>

namespace emdyn::app::serve {

/// A file of the page, as it is in web/.
struct Asset {
  std::string_view path;  ///< "index.html", "vendor/uPlot.min.css", …
  std::string_view type;  ///< Its media type.
  std::string_view bytes;
};

/// The files of web/, embedded when the program was built.
std::span<const Asset> assets() noexcept;

}  // namespace emdyn::app::serve
