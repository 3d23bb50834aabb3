#include "emdyn/pipeline/watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

namespace emdyn::pipeline {
namespace {

using ::testing::HasSubstr;

class WatchTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              (std::string("emdyn-watch-") +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ / "logs");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void append(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / "logs" / name, std::ios::app) << text;
  }
  static std::string rows(int from, int to) {
    std::string text;
    for (int i = from; i < to; ++i) text += std::to_string(i) + "," + std::to_string(i % 7) + "\n";
    return text;
  }

  std::filesystem::path folder_;
};

TEST_F(WatchTest, SaysHowItWent) {
  append("a.csv", "step,loss\n" + rows(0, 30) + "oops,1,2\n" + rows(30, 40) + "40,0.");
  append("b.csv", "step,loss\n" + rows(0, 20));
  auto store = collect::store::Store::open(folder_ / "store", collect::store::Mode::write);
  WatchOptions options;
  options.read.skip_bad_rows = true;
  options.once = true;
  const WatchResult result = watch(store, folder_ / "logs", options);
  EXPECT_EQ(result.points, 60U);
  EXPECT_EQ(result.metrics.files, 2U);
  EXPECT_EQ(result.metrics.dropped_lines, 1U);
  EXPECT_EQ(result.metrics.pending_bytes, 5U);
  EXPECT_EQ(result.metrics.errors, 0U);
  EXPECT_GE(result.metrics.syncs, 1U);
  EXPECT_TRUE(result.metrics.last_sync);
  EXPECT_FALSE(result.metrics.lag) << "nothing was written while it watched";
  EXPECT_THAT(metrics_line(result.metrics), HasSubstr("1 line dropped, 5 bytes pending, 0 errors"));
  const Json told = watch_json(result)["watch"];
  EXPECT_EQ(told["points"], 60);
  EXPECT_EQ(told["runs"], 2);
  EXPECT_EQ(told["pending_bytes"], 5);
  EXPECT_TRUE(told["lag"].is_null());
}

TEST_F(WatchTest, MeasuresTheLagOfWhatIsWrittenMeanwhile) {
  append("a.csv", "step,loss\n" + rows(0, 30));
  auto store = collect::store::Store::open(folder_ / "store", collect::store::Mode::write);
  WatchOptions options;
  options.poll_seconds = 0.02;
  std::stop_source stop;
  std::thread writing([&] {
    for (int part = 1; part <= 5; ++part) {
      std::this_thread::sleep_for(std::chrono::milliseconds(60));
      append("a.csv", rows(30 * part, 30 * part + 30));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    stop.request_stop();
  });
  const WatchResult result = watch(store, folder_ / "logs", options, Task(stop.get_token()));
  writing.join();
  ASSERT_TRUE(result.metrics.lag);
  EXPECT_GE(*result.metrics.lag, 0.0);
  EXPECT_GE(*result.metrics.most_lag, *result.metrics.lag);
  EXPECT_THAT(metrics_line(result.metrics), HasSubstr("lag "));
}

}  // namespace
}  // namespace emdyn::pipeline
