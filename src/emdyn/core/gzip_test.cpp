#include "emdyn/core/gzip.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "emdyn/core/error.hpp"

namespace emdyn {
namespace {

class Gzip : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) /
                                  ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::filesystem::path file_ = folder_ / "text.gz";
};

TEST_F(Gzip, ReadsWhatItWroteAndPlainFiles) {
  const std::string text(100'000, 'x');
  write_gzip(file_, text);
  EXPECT_LT(std::filesystem::file_size(file_), 1000U);
  EXPECT_EQ(read_gzip(file_, text.size()), text);
  std::ofstream(file_) << "plain";
  EXPECT_EQ(read_gzip(file_, 5), "plain");
}

TEST_F(Gzip, RefusesTooMuchTruncationAndWhatIsNoFile) {
  write_gzip(file_, std::string(5000, 'x'));
  EXPECT_THROW(read_gzip(file_, 4999), DataError);
  std::filesystem::resize_file(file_, std::filesystem::file_size(file_) - 9);
  EXPECT_THROW(read_gzip(file_, 5000), DataError);
  EXPECT_THROW(read_gzip(folder_, 5000), DataError);
  EXPECT_THROW(read_gzip(folder_ / "absent", 5000), DataError);
  EXPECT_THROW(write_gzip(folder_ / "no" / "folder", "x"), DataError);
}

}  // namespace
}  // namespace emdyn
