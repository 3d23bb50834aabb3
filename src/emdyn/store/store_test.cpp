#include "emdyn/store/store.hpp"

#include <gtest/gtest.h>

#include "emdyn/store/check.hpp"
#include "emdyn/store/test_folder.hpp"

namespace emdyn::store {
namespace {

TEST(Store, KeepsARunWithItsRecords) {
  const TestFolder folder;
  Store store = Store::open(folder.path(), Mode::write);
  series::RunInfo info;
  info.name = "grokking / p=59";
  info.seed = 18446744073709551615ULL;
  info.configuration = Json{{"weight_decay", 0.1}};
  RunWriter writer = store.create(info);
  const SignalId loss = writer.add_signal("loss/train");
  for (int i = 0; i < 3000; ++i) writer.append(loss, i, 1.0 / (1.0 + i));
  series::Event event;
  event.signal = "loss/train";
  event.position = 12.0;
  writer.record(event);
  writer.finish();

  const series::Run run = store.load(store.find("grokking / p=59"));
  EXPECT_EQ(run.info.seed, info.seed);
  EXPECT_EQ(run.info.configuration, info.configuration);
  EXPECT_EQ(run.info.status, series::RunStatus::finished);
  ASSERT_EQ(run.signals.size(), 1U);
  ASSERT_EQ(run.signals[0].size(), 3000U);
  for (std::size_t i = 0; i < 3000; ++i) {
    ASSERT_EQ(run.signals[0].positions[i], static_cast<double>(i));
    ASSERT_EQ(run.signals[0].values[i], 1.0 / (1.0 + static_cast<double>(i)));
  }
  EXPECT_EQ(run.events, std::vector{event});
  EXPECT_TRUE(check(folder.path()).sound());
}

}  // namespace
}  // namespace emdyn::store
