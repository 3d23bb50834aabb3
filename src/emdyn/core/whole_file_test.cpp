#include "emdyn/core/whole_file.hpp"

#include <gtest/gtest.h>

#include "emdyn/core/error.hpp"

namespace emdyn {
namespace {

TEST(WholeFile, ReplacesAndReadsWithinItsLimit) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "whole_file";
  std::filesystem::create_directories(folder);
  const auto file = folder / "a";
  replace_file(file, "first");
  replace_file(file, std::string("se\0cond", 7));
  EXPECT_EQ(read_whole_file(file, 7), std::string("se\0cond", 7));
  EXPECT_THROW(read_whole_file(file, 6), DataError);
  EXPECT_THROW(read_whole_file(folder, 100), DataError);
  EXPECT_THROW(read_whole_file(folder / "absent", 100), DataError);
  EXPECT_THROW(read_whole_file("/dev/zero", 100), DataError);
  EXPECT_THROW(replace_file(folder / "no" / "folder", "x"), DataError);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace emdyn
