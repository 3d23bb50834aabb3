#include "emdyn/forecast/bank/bank.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "emdyn/core/error.hpp"
#include "emdyn/core/gzip.hpp"
#include "emdyn/forecast/bank/synthetic_runs.hpp"

namespace emdyn::forecast {
namespace {

class BankFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("emdyn_bank_test_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path file() const { return folder_ / "bank.jsonl.gz"; }

 private:
  std::filesystem::path folder_;
};

TEST(Bank, PrefixesEndBeforeTheTargetIsReached) {
  const Bank bank;
  const BankRun run =
      summarise(synthetic::make_run(1, true), bank, 2000.0, 1.0 / 31.0, std::nullopt);
  ASSERT_EQ(run.outcome.kind, OutcomeKind::reached);
  ASSERT_FALSE(run.at.empty());
  EXPECT_LT(run.at.back(), *run.outcome.reached_at);
  EXPECT_EQ(run.rows.rows(), run.at.size());
  EXPECT_LT(run.accuracy.front(), 0.2);
}

// What early stopping cuts off must not show in the rows.
TEST(Bank, ARunStoppedAfterTheTargetGivesTheSameRows) {
  const Bank bank;
  const series::Run run = synthetic::make_run(1, true);
  const BankRun whole = summarise(run, bank, 2000.0, 0.1, std::nullopt);
  const BankRun stopped =
      summarise(run.prefix(*whole.outcome.confirmed_at + 1.0), bank, 2000.0, 0.1, std::nullopt);
  EXPECT_EQ(stopped.outcome.kind, OutcomeKind::reached);
  EXPECT_EQ(whole.at, stopped.at);
  EXPECT_EQ(whole.rows.values, stopped.rows.values);
}

TEST(Bank, SeedsOfOneConfigurationAreOneGroup) {
  const Json a{{"p", 31}, {"seed", 1}};
  const Json b{{"p", 31}, {"seed", 2}};
  const Json c{{"p", 37}, {"seed", 1}};
  EXPECT_EQ(group_of(a), group_of(b));
  EXPECT_NE(group_of(a), group_of(c));
}

TEST_F(BankFile, ReadsBackWhatWasWritten) {
  const Bank bank = synthetic::make_bank(6);
  write_bank(file(), bank);
  const Bank back = read_bank(file());
  ASSERT_EQ(back.runs.size(), 6u);
  EXPECT_EQ(back.target, bank.target);
  EXPECT_EQ(back.features, bank.features);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(back.runs[i].id, bank.runs[i].id);
    EXPECT_EQ(back.runs[i].group, bank.runs[i].group);
    EXPECT_EQ(back.runs[i].at, bank.runs[i].at);
    EXPECT_EQ(back.runs[i].accuracy, bank.runs[i].accuracy);
    EXPECT_EQ(back.runs[i].rows.values, bank.runs[i].rows.values);
    EXPECT_EQ(back.runs[i].outcome.reached_at, bank.runs[i].outcome.reached_at);
    EXPECT_EQ(back.runs[i].onset, bank.runs[i].onset);
  }
}

TEST_F(BankFile, RefusesWhatIsNoBank) {
  EXPECT_THROW(read_bank(file()), DataError) << "missing";
  write_gzip(file(), "{\"schema\":\"other\"}\n");
  EXPECT_THROW(read_bank(file()), DataError);
  write_gzip(file(), "not json");
  EXPECT_THROW(read_bank(file()), DataError);
  write_gzip(file(),
             "{\"schema\":\"emdyn-bank-1\",\"level\":0.9,\"hold_share\":0.01,\"hold_records\":3,"
             "\"features\":[\"elapsed\"]}\n{\"id\":\"x\",\"group\":\"g\",\"deadline\":1,"
             "\"chance\":0,\"outcome\":\"reached\",\"at\":[1,2],\"accuracy\":[0,0],\"rows\":[1]}");
  EXPECT_THROW(read_bank(file()), DataError) << "a row is short";
}

TEST_F(BankFile, RefusesATruncatedFile) {
  write_bank(file(), synthetic::make_bank(4));
  std::filesystem::resize_file(file(), std::filesystem::file_size(file()) / 2);
  EXPECT_THROW(read_bank(file()), DataError);
}

}  // namespace
}  // namespace emdyn::forecast
