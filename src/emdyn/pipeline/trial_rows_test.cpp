#include "emdyn/pipeline/trial_rows.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "emdyn/collect/store/store.hpp"
#include "emdyn/core/error.hpp"

namespace emdyn::pipeline {
namespace {

class TrialRowsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("emdyn_trial_rows_test_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path file(std::string_view text) const {
    std::ofstream(folder_ / "trials") << text;
    return folder_ / "trials";
  }
  std::filesystem::path folder_;
};

TEST_F(TrialRowsTest, TableWithQuotesAndGaps) {
  const auto rows =
      read_trials(file("rate,\"optimiser, kind\",loss\r\n0.1,adam,\r\n0.2,\"sgd\",3\r\n"));
  EXPECT_EQ(rows.names, (std::vector<std::string>{"rate", "optimiser, kind", "loss"}));
  ASSERT_EQ(rows.cells.size(), 2u);
  EXPECT_EQ(rows.cells[0][2], "");
  EXPECT_EQ(rows.cells[1][1], "sgd");
}

TEST_F(TrialRowsTest, LinesKeepSettingsApartFromOutcomes) {
  const auto rows =
      read_trials(file("{\"id\":\"a\",\"config\":{\"rate\":0.1},\"loss\":2,\"curve\":[1,2]}\n"
                       "{\"id\":\"b\",\"config\":{\"rate\":0.2,\"warm\":true},\"loss\":1}\n"));
  EXPECT_EQ(rows.names, (std::vector<std::string>{"rate", "id", "loss", "warm"}));
  EXPECT_EQ(rows.is_setting, (std::vector<bool>{true, false, false, true}));
  EXPECT_EQ(rows.cells[0], (std::vector<std::string>{"0.1", "a", "2", ""}));
  EXPECT_EQ(rows.cells[1][3], "true");
}

TEST_F(TrialRowsTest, StoreHasARowARun) {
  {
    auto store = collect::store::Store::open(folder_ / "store", collect::store::Mode::write);
    for (int i = 0; i < 2; ++i) {
      series::RunInfo info;
      info.configuration = Json{{"rate", 0.1 * (i + 1)}};
      auto writer = store.create(info);
      writer.append(writer.add_signal("loss"), 1.0, 3.0);
      writer.append(writer.add_signal("loss"), 2.0, 1.0 + i);
      writer.finish();
    }
  }
  const auto rows = read_trials(folder_ / "store");
  EXPECT_EQ(rows.names, (std::vector<std::string>{"rate", "loss"}));
  EXPECT_EQ(rows.is_setting, (std::vector<bool>{true, false}));
  ASSERT_EQ(rows.cells.size(), 2u);
  EXPECT_EQ(rows.cells[1], (std::vector<std::string>{"0.2", "2"}));
}

TEST_F(TrialRowsTest, RefusesByLine) {
  try {
    read_trials(file("a,b\n1,2\n3\n"));
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("line 3: 1 cells, the header has 2"),
              std::string::npos);
  }
  EXPECT_THROW(read_trials(file("{\"a\":1}\n[2]\n")), DataError);
  EXPECT_THROW(read_trials(file(" \n")), DataError);
  EXPECT_THROW(read_trials(folder_ / "nowhere"), DataError);
  EXPECT_THROW(trial_number("0", "--change"), ConfigError);
  EXPECT_EQ(trial_number("3", "--change"), 2u);
}

}  // namespace
}  // namespace emdyn::pipeline
