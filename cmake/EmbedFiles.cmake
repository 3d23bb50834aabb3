# cmake -DFOLDER=web -DOUTPUT=assets.cpp -P EmbedFiles.cmake: the files of a folder as bytes of a C++ source, for
# app/serve/assets.hpp. Needs nothing but CMake, so that every build can do it.
file(GLOB_RECURSE files RELATIVE ${FOLDER} ${FOLDER}/*)
list(SORT files)
set(arrays "")
set(rows "")
set(number 0)
foreach(file ${files})
  if(file MATCHES "\\.(html)$")
    set(type "text/html; charset=utf-8")
  elseif(file MATCHES "\\.css$")
    set(type "text/css; charset=utf-8")
  elseif(file MATCHES "\\.js$")
    set(type "text/javascript; charset=utf-8")
  elseif(file MATCHES "\\.json$")
    set(type "application/json")
  elseif(file MATCHES "\\.svg$")
    set(type "image/svg+xml")
  elseif(file MATCHES "(\\.txt|LICENSE)$")
    set(type "text/plain; charset=utf-8")
  else()
    continue() # Not for browsers.
  endif()
  file(READ ${FOLDER}/${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
  string(APPEND arrays "constexpr unsigned char kBytes${number}[] = {\n${bytes}};\n")
  string(APPEND rows "    Asset{\"${file}\", \"${type}\", text(kBytes${number})},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "// Made from ${number} files by EmbedFiles.cmake.
#include \"emdyn/app/serve/assets.hpp\"

#include <cstddef>
#include <vector>

namespace emdyn::app::serve {
namespace {

${arrays}
template <std::size_t Size>
std::string_view text(const unsigned char (&bytes)[Size]) {
  return {reinterpret_cast<const char*>(bytes), Size};
}

}  // namespace

std::span<const Asset> assets() noexcept {
  static const std::vector<Asset> all{
${rows}  };
  return all;
}

}  // namespace emdyn::app::serve
")
