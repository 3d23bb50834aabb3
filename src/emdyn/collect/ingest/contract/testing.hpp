#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/collect/ingest/reader.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/source_dir.hpp"

// What the tests of this folder share; not installed.
namespace emdyn::collect::ingest::testing {

struct Read {
  std::vector<series::Run> runs;
  ReadReport report;

  const series::Signal& signal(std::size_t run, std::string_view name) const {
    const series::Signal* found = runs.at(run).find(name);
    if (found == nullptr) throw std::out_of_range("no signal " + std::string(name));
    return *found;
  }
};

inline Read read_text(std::string_view text, const ReadOptions& options = {},
                      std::string_view name = "log.txt") {
  Collector collector;
  Read read;
  read.report = read_bytes(text, name, collector, options);
  read.runs = collector.take();
  return read;
}

/// The message of the DataError that reading `text` throws; "" when it throws none.
inline std::string error_of(std::string_view text, const ReadOptions& options = {}) {
  try {
    read_text(text, options);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

/// A folder that is removed with all it holds.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "emdyn_ingest_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline void write_file(const std::filesystem::path& path, std::string_view bytes,
                       std::ios::openmode mode = std::ios::trunc) {
  std::ofstream file(path, std::ios::binary | std::ios::out | mode);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline void append_file(const std::filesystem::path& path, std::string_view bytes) {
  write_file(path, bytes, std::ios::app);
}

/// The folder of shared test data, or an empty path where there is none.
inline std::filesystem::path shared_data() {
  const char* given = std::getenv("EMDYN_SHARED");
#ifdef EMDYN_SOURCE_DIR
  const std::filesystem::path beside = std::filesystem::path(EMDYN_SOURCE_DIR) / ".." / "shared";
#else
  const std::filesystem::path beside = "../shared";
#endif
  const std::filesystem::path folder = given != nullptr ? std::filesystem::path(given) : beside;
  std::error_code ignored;
  return std::filesystem::is_directory(folder / "data", ignored) ? folder / "data"
                                                                 : std::filesystem::path();
}

}  // namespace emdyn::collect::ingest::testing
