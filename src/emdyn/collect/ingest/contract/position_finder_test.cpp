#include "emdyn/collect/ingest/contract/position_finder.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <functional>

#include "emdyn/collect/ingest/contract/testing.hpp"

namespace emdyn::collect::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::read_text;
using ::testing::SizeIs;

/// The column that a table of `rows` rows takes for its position, and what JSON lines of the same
/// values take.
std::string position_of(const std::string& header, const std::function<std::string(int)>& row,
                        int rows = 60) {
  std::string text = header + "\n";
  for (int i = 0; i < rows; ++i) text += row(i) + "\n";
  return read_text(text).report.sources.at(0).position_column;
}

TEST(Position, SettingsAreTakenLast) {
  EXPECT_EQ(position_of("episode,reward,epsilon",
                        [](int i) { return fmt::format("{},5,{:.4f}", i + 1, 1.0 - 0.01 * i); }),
            "episode");
  EXPECT_EQ(position_of("epsilon,episode,reward",
                        [](int i) { return fmt::format("{:.4f},{},5", 0.001 * i, i); }),
            "episode");
  EXPECT_EQ(position_of("x,loss,step", [](int i) { return fmt::format("{},1,{}", i % 7, 10 * i); }),
            "step");
  EXPECT_EQ(position_of("params,epochs,iteration,loss",
                        [](int i) { return fmt::format("1000000,90,{},1", i); }),
            "iteration");
  // Where nothing else is there and they rise with every row, they are it.
  EXPECT_EQ(position_of("epsilon,accuracy", [](int i) { return fmt::format("{},0.5", 0.01 * i); }),
            "epsilon");
  EXPECT_EQ(position_of("x,y", [](int i) { return fmt::format("{},1", 0.5 * i); }), "x");
  // A schedule that falls, or stands still, is none.
  EXPECT_EQ(
      position_of("reward,epsilon", [](int i) { return fmt::format("5,{}", 1.0 - 0.01 * i); }), "");
  EXPECT_EQ(position_of("epochs,loss", [](int i) { return fmt::format("3,{}", i); }), "");
}

TEST(Position, AColumnThatIsNeverEmptyComesBeforeOneThatIs) {
  const auto progress = [](int i) {
    return i % 6 == 5 ? fmt::format("30,,{},", 2048 * i + 500)
                      : fmt::format(",{},{},2.5", i, 2048 * i);
  };
  EXPECT_EQ(position_of("eval/reward,time/iterations,time/total_timesteps,train/loss", progress),
            "time/total_timesteps");
  // Without another one, rows without it belong to the step before.
  const auto read = read_text("iteration,loss,val\n1,3,\n2,2,\n,,0.5\n3,1,\n");
  EXPECT_THAT(read.signal(0, "val").positions, ElementsAre(2));
  EXPECT_THAT(read.report.warnings,
              ElementsAre(HasSubstr("log.txt:4: rows without \"iteration\"")));
}

TEST(Position, ExactNamesBeforeSuffixesAndEndsOfNames) {
  EXPECT_EQ(position_of("val/step,step,a", [](int i) { return fmt::format("{},{},1", i, i); }),
            "step");
  EXPECT_EQ(position_of("opt_step,iteration,a", [](int i) { return fmt::format("{},{},1", i, i); }),
            "iteration");
  EXPECT_EQ(position_of("a,trainer/global_step,epoch",
                        [](int i) { return fmt::format("1,{},{}", i, i / 20); }),
            "trainer/global_step");
  EXPECT_EQ(
      position_of("a,num_env_steps_sampled", [](int i) { return fmt::format("1,{}", 4000 * i); }),
      "num_env_steps_sampled");
  EXPECT_EQ(position_of("Epoch,Loss", [](int i) { return fmt::format("{},1", i); }), "Epoch");
  EXPECT_EQ(position_of("globalStep,loss", [](int i) { return fmt::format("{},1", i); }),
            "globalStep");
  // The end of a signal's name is no counter.
  EXPECT_EQ(position_of("train_mae_step,epoch",
                        [](int i) { return fmt::format("{},{}", 1.0 / (i + 1), i); }),
            "epoch");
}

TEST(Position, ADurationIsNoWallTimeAndNoPosition) {
  const auto read = read_text("epoch,time,loss\n1,12.5,3\n2,11.5,2\n3,13.5,1\n");
  EXPECT_THAT(read.signal(0, "time").values, ElementsAre(12.5, 11.5, 13.5));
  EXPECT_THAT(read.signal(0, "loss").seconds, SizeIs(0));
  EXPECT_EQ(
      position_of("time,loss", [](int i) { return fmt::format("{},1", 0.2 + 0.01 * (i % 3)); }),
      "");
  EXPECT_EQ(position_of("time,x0", [](int i) { return fmt::format("{},1", 0.1 * i); }), "time");
  const auto json = read_text(
      "{\"iteration\":1,\"time\":0.25,\"a\":1}\n{\"iteration\":2,\"time\":0.5,\"a\":1}\n");
  EXPECT_THAT(json.signal(0, "time").values, ElementsAre(0.25, 0.5));
}

TEST(Position, OneThatStandsStillIsSaidAndRowsAreNumbered) {
  const auto read = read_text("step,loss\n0,3\n0,2\n0,1\n0,0.5\n");
  EXPECT_THAT(read.signal(0, "loss").positions, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(read.report.warnings,
              ElementsAre(HasSubstr("column \"step\" stands still, positions are row numbers")));
  const auto json = read_text("{\"step\":0,\"a\":3}\n{\"step\":0,\"a\":2}\n{\"step\":0,\"a\":1}\n");
  EXPECT_THAT(json.signal(0, "a").positions, ElementsAre(0, 1, 2));
  EXPECT_THAT(json.report.warnings, ElementsAre(HasSubstr("\"step\" stands still")));
}

TEST(Position, AnEpochThatHoldsManyStepsLosesToTheStepOfMostRows) {
  std::string text;
  for (int i = 0; i < 40; ++i) {
    text += fmt::format("{{\"epoch\":{},\"step\":{},\"loss\":1}}\n", i / 20, i);
    if (i % 20 == 19) text += fmt::format("{{\"epoch\":{},\"val\":0.5}}\n", i / 20);
  }
  const auto read = read_text(text);
  EXPECT_EQ(read.report.sources[0].position_column, "step");
  EXPECT_THAT(read.signal(0, "val").positions, ElementsAre(19, 39));
}

TEST(Position, AColumnWithoutANameMayNumberTheRows) {
  EXPECT_EQ(position_of(",loss", [](int i) { return fmt::format("{},1", i); }), "");
  const auto pandas = read_text(",loss\n0,3\n10,2\n20,1\n");
  EXPECT_THAT(pandas.signal(0, "loss").positions, ElementsAre(0, 10, 20));
  EXPECT_EQ(
      position_of("game,elo", [](int i) { return fmt::format("{},{}", i + 1, 1500 + i % 5); }),
      "game");
  EXPECT_EQ(position_of("elo,rank", [](int i) { return fmt::format("{},{}", 1500 + i % 5, i); }),
            "");
}

TEST(Position, StepsWrittenWithMoreThanTheirNumber) {
  const auto parts = read_text("step,loss\n12/500,3\n13/500,2\n14/500,1\n");
  EXPECT_THAT(parts.signal(0, "loss").positions, ElementsAre(12, 13, 14));
  const auto words = read_text("checkpoint,acc\nstep1000,0.1\nstep2000,0.2\nstep13000,0.3\n");
  EXPECT_THAT(words.signal(0, "acc").positions, ElementsAre(1000, 2000, 13000));
  const auto files = read_text("checkpoint,acc\nckpt_10.pt,0.1\nckpt_20.pt,0.2\n");
  EXPECT_THAT(files.signal(0, "acc").positions, ElementsAre(10, 20));
  const auto json = read_text("{\"step\":\"1/9\",\"a\":3}\n{\"step\":\"2/9\",\"a\":2}\n");
  EXPECT_THAT(json.signal(0, "a").positions, ElementsAre(1, 2));
}

TEST(Position, FirstLineThatIsTheConfiguration) {
  for (const char* first :
       {R"({"lr": 0.001, "epochs": 3, "batch_size": 32})",
        R"({"config": {"epochs": 3}, "name": "a"})", R"({"steps": 1000, "max_steps": 5})",
        R"({"params": 124000000, "x": 1})"}) {
    std::string text = std::string(first) + "\n";
    for (int i = 1; i <= 20; ++i) text += fmt::format("{{\"step\":{},\"loss\":1.5}}\n", i);
    const auto read = read_text(text);
    EXPECT_EQ(read.report.sources[0].position_column, "step") << first;
    EXPECT_EQ(read.report.points, 20U) << first;
    EXPECT_EQ(read.signal(0, "loss").positions.front(), 1.0) << first;
    EXPECT_FALSE(read.runs[0].info.configuration.empty()) << first;
  }
  const auto numbered =
      read_text("{\"lr\":0.1,\"epochs\":3}\n{\"loss\":3}\n{\"loss\":2}\n{\"loss\":1}\n");
  EXPECT_THAT(numbered.signal(0, "loss").positions, ElementsAre(0, 1, 2));
}

TEST(Position, CountsThatBeginAgainInEachEpochAreJoined) {
  std::string csv = "epoch,iter,loss\n";
  std::string json = "{\"env\":\"x\",\"seed\":0}\n";
  for (int epoch = 1; epoch <= 3; ++epoch) {
    for (int iter = 10; iter <= 50; iter += 10) {
      csv += fmt::format("{},{},1\n", epoch, iter);
      json +=
          fmt::format("{{\"mode\":\"train\",\"epoch\":{},\"iter\":{},\"loss\":1}}\n", epoch, iter);
    }
    json +=
        fmt::format("{{\"mode\":\"val\",\"epoch\":{},\"iter\":8,\"mAP\":0.5,\"loss\":9}}\n", epoch);
  }
  for (const std::string& text : {csv, json}) {
    const auto read = read_text(text);
    const auto& loss = read.signal(0, "loss");
    ASSERT_THAT(loss.positions, SizeIs(15));
    for (std::size_t i = 0; i < 15; ++i)
      EXPECT_EQ(loss.positions[i], 10.0 * (static_cast<double>(i) + 1.0));
    EXPECT_EQ(read.report.sources[0].position_note, "joined over \"epoch\"");
  }
  const auto read = read_text(json);
  EXPECT_THAT(read.signal(0, "val/mAP").positions, ElementsAre(50, 100, 150));
  EXPECT_THAT(read.signal(0, "val/loss").values, ElementsAre(9, 9, 9));
  // From zero, a count that goes on, and lengths that the file says.
  EXPECT_THAT(
      read_text("epoch,batch,a\n0,0,1\n0,1,1\n1,0,1\n1,1,1\n2,0,1\n").signal(0, "a").positions,
      ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(read_text("epoch,step,a\n0,0,1\n0,1,1\n1,2,1\n1,3,1\n").signal(0, "a").positions,
              ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(read_text("epoch,step,a\n1,50/99,1\n1,90/99,1\n2,50/99,1\n2,90/99,1\n")
                  .signal(0, "a")
                  .positions,
              ElementsAre(50, 90, 149, 189));
}

TEST(Position, RowsOfTrainingAndEvaluationAreSignalsOfTheirOwn) {
  const auto read = read_text("epoch,phase,loss\n1,train,3\n1,val,4\n2,train,2\n2,val,3\n");
  EXPECT_THAT(read.signal(0, "loss").values, ElementsAre(3, 2));
  EXPECT_THAT(read.signal(0, "val/loss").values, ElementsAre(4, 3));
  EXPECT_THAT(read.signal(0, "val/loss").positions, ElementsAre(1, 2));
  // A column of that name with other words stays text.
  const auto other = read_text("epoch,mode,loss\n1,fast,3\n2,slow,4\n");
  EXPECT_THAT(other.signal(0, "loss").values, ElementsAre(3, 4));
}

TEST(Position, OfALongTableIsComparedWithinASignal) {
  std::string text = "model,size,step,task,metric,value\n";
  for (const char* task : {"a", "b"}) {
    for (const int step : {0, 1, 1000, 128})
      text += fmt::format("m,70,{},{},acc,0.5\n", step, task);
  }
  const auto read = read_text(text);
  EXPECT_EQ(read.report.sources[0].position_column, "step");
  EXPECT_THAT(read.signal(0, "a/acc").positions, ElementsAre(0, 1, 1000, 128));
}

}  // namespace
}  // namespace emdyn::collect::ingest
