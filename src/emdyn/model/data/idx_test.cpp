#include "emdyn/model/data/idx.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "emdyn/core/error.hpp"
#include "emdyn/core/gzip.hpp"
#include "emdyn/model/data/load.hpp"

namespace emdyn::model::data {
namespace {

using std::string_literals::operator""s;
using ::testing::ElementsAre;
using ::testing::FloatEq;

/// Two images of one row and three pixels.
const std::string kImages = "\0\0\x08\x03\0\0\0\2\0\0\0\1\0\0\0\3\x00\x33\xff\x66\0\0"s;
const std::string kLabels = "\0\0\x08\x01\0\0\0\2\7\3"s;

class IdxFolder : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) /
                                  ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST(Idx, BytesBecomeNumbersFromZeroToOne) {
  const Dataset dataset = examples_of(parse_idx(kImages, "x"), "x");
  EXPECT_THAT(dataset.shape, ElementsAre(1, 1, 3));
  EXPECT_EQ(dataset.size(), 2U);
  EXPECT_THAT(dataset.example(0), ElementsAre(0.0F, FloatEq(0.2F), 1.0F));
  EXPECT_THAT(dataset.example(1), ElementsAre(FloatEq(0.4F), 0.0F, 0.0F));
}

TEST(Idx, ReadsEveryTypeBigEndian) {
  EXPECT_THAT(parse_idx("\0\0\x09\1\0\0\0\2\xff\1"s, "x").values, ElementsAre(-1.0F, 1.0F));
  EXPECT_THAT(parse_idx("\0\0\x0b\1\0\0\0\1\xff\xfe"s, "x").values, ElementsAre(-2.0F));
  EXPECT_THAT(parse_idx("\0\0\x0c\1\0\0\0\1\0\1\0\0"s, "x").values, ElementsAre(65536.0F));
  EXPECT_THAT(parse_idx("\0\0\x0d\1\0\0\0\1\x3f\xc0\0\0"s, "x").values, ElementsAre(1.5F));
  EXPECT_THAT(parse_idx("\0\0\x0e\1\0\0\0\1\xbf\xf8\0\0\0\0\0\0"s, "x").values, ElementsAre(-1.5F));
}

TEST(Idx, RefusesWhatIsNotAsLongAsItClaims) {
  for (std::size_t length = 0; length < kImages.size(); ++length)
    EXPECT_THROW(parse_idx(kImages.substr(0, length), "x"), DataError) << length;
  EXPECT_THROW(parse_idx(kImages + "x", "x"), DataError);
  EXPECT_THROW(parse_idx("\0\0\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"s, "x"),
               DataError);
  EXPECT_THROW(parse_idx("\0\0\x07\1\0\0\0\1x"s, "x"), DataError);
  EXPECT_THROW(parse_idx("\0\0\x08\1\0\0\0\0"s, "x"), DataError);
}

TEST(Idx, RefusesLabelsThatAreNone) {
  EXPECT_THAT(labels_of(parse_idx(kLabels, "x"), "x"), ElementsAre(7, 3));
  EXPECT_THROW(labels_of(parse_idx("\0\0\x09\1\0\0\0\1\xff"s, "x"), "x"), DataError);
  EXPECT_THROW(labels_of(parse_idx("\0\0\x0d\1\0\0\0\1\x3f\xc0\0\0"s, "x"), "x"), DataError);
  EXPECT_THROW(labels_of(parse_idx(kImages, "x"), "x"), DataError);
}

TEST_F(IdxFolder, TheFilesOfMnistAreTwoSplits) {
  std::ofstream(folder_ / "train-images-idx3-ubyte") << kImages;
  std::ofstream(folder_ / "train-labels-idx1-ubyte") << kLabels;
  write_gzip(folder_ / "t10k-images-idx3-ubyte.gz", kImages);
  write_gzip(folder_ / "t10k-labels-idx1-ubyte.gz", kLabels);
  for (const Split split : {Split::train, Split::test}) {
    const Dataset dataset = load(folder_, {.split = split, .limit = 1});
    EXPECT_EQ(dataset.size(), 1U);
    EXPECT_THAT(dataset.labels, ElementsAre(7));
  }
  EXPECT_THAT(load(folder_ / "t10k-images-idx3-ubyte.gz").labels, ElementsAre(7, 3));
  EXPECT_THROW(load(folder_ / "train-images-idx3-ubyte", {.split = Split::test}), DataError);
  std::ofstream(folder_ / "train-labels-idx1-ubyte") << "\0\0\x08\x01\0\0\0\1\7"s;
  EXPECT_THROW(load(folder_, {.split = Split::train}), DataError) << "one label for two images";
}

TEST_F(IdxFolder, RefusesAFolderWithoutExamples) { EXPECT_THROW(load(folder_), DataError); }

}  // namespace
}  // namespace emdyn::model::data
