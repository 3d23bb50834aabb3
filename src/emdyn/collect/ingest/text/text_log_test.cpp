#include "emdyn/collect/ingest/text/text_log.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>

#include "emdyn/collect/ingest/contract/testing.hpp"

namespace emdyn::collect::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsNull;
using testing::read_text;
using ::testing::SizeIs;

std::string said(std::string_view line) {
  const LogLine read = read_log_line(line);
  std::string text;
  for (std::size_t i = 0; i < read.pairs.size(); ++i) {
    const char* mark = i == read.step ? "@" : i == read.epoch ? "&" : "";
    text += fmt::format("{}{}{}={}", text.empty() ? "" : " ; ", mark, read.pairs[i].key,
                        read.pairs[i].value);
  }
  return text;
}

TEST(LogLine, PairsOfEveryWriting) {
  EXPECT_EQ(
      said(
          " iteration        5/      40 | consumed samples:          160 | elapsed time per iteration "
          "(ms): 123.4 | learning rate: 9.000000E-04 | lm loss: 2.014821E+00 |"),
      "@iteration=5 ; consumed samples=160 ; elapsed time per iteration (ms)=123.4 ; learning "
      "rate=0.0009 ; lm loss=2.014821");
  EXPECT_EQ(said("iter 0: loss 2.6000, time 12.34ms, mfu -100.00%"),
            "@iter=0 ; loss=2.6 ; time=12.34 ; mfu=-100");
  EXPECT_EQ(said("step 9: train loss 1.4720, val loss 1.6557"),
            "@step=9 ; train loss=1.472 ; val loss=1.6557");
  EXPECT_EQ(said("s:0 trl:2.6000 lr:0.001000 norm:1.00"), "@s=0 ; trl=2.6 ; lr=0.001 ; norm=1");
  EXPECT_EQ(said("steps: 5 loss: 2.0148 iter time (s): 0.123 samples/sec: 260.163"),
            "@steps=5 ; loss=2.0148 ; iter time (s)=0.123 ; samples/sec=260.163");
  EXPECT_EQ(
      said(
          "[2026-01-01 00:05:00,123] [INFO] [logging.py:96:log_dist] [Rank 0] step=5, skipped=0, lr=[0.0009]"),
      "@step=5 ; skipped=0 ; lr=0.0009");
  EXPECT_EQ(said("2026-01-01 00:05:00,123 INFO train: epoch 3 step 100 loss=0.25 acc=0.9"),
            "&epoch=3 ; @step=100 ; loss=0.25 ; acc=0.9");
  EXPECT_EQ(said("Epoch [3/10], Step [100/500], Loss: 0.2500"), "&Epoch=3 ; @Step=100 ; Loss=0.25");
  EXPECT_EQ(said("Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.290"),
            "&Train Epoch=1 ; Loss=2.29 ; @batch=640");
  EXPECT_EQ(said("step=3 loss=nan grad=inf"), "@step=3 ; loss=nan ; grad=inf");
  EXPECT_EQ(said("epoch=1,loss=0.5,acc=0.25"), "&epoch=1 ; loss=0.5 ; acc=0.25");
}

TEST(LogLine, ProseAndTimesOfDayAreNoValues) {
  EXPECT_EQ(said("building GPT model ..."), "");
  EXPECT_EQ(said("12:30:15 starting"), "");
  EXPECT_EQ(said("saved to /tmp/run-3/model.pt at 10:00"), "");
  EXPECT_EQ(said("Epoch 00012: val_loss improved from 0.5 to 0.4, saving model"), "&Epoch=12");
}

/// A log as Megatron prints it, with banners, an evaluation, a skipped step and a resumed run.
std::string megatron(bool evaluations) {
  std::string text = "building GPT model ...\n > number of parameters: 124439808\n";
  for (int i = 1; i <= 30; ++i) {
    const std::string loss = i == 17 ? "" : fmt::format("lm loss: {:.6E} | ", 8.0 - 0.1 * i);
    text += fmt::format(
        " iteration {:8}/    5000 | consumed samples: {:12} | learning rate: 6.700E-06 | {}"
        "grad norm: 1.129 | number of nan iterations: {:3} |\n",
        i, 64 * i, loss, i == 17 ? 1 : 0);
    if (evaluations && i % 10 == 0) {
      text += fmt::format(
          "-----\n validation loss at iteration {} | lm loss value: 5.5E+00 | lm loss PPL: 250 | \n",
          i);
    }
  }
  return text;
}

TEST(TextLog, LinesOfMegatron) {
  const auto read = read_text(megatron(true), {}, "train.log");
  EXPECT_TRUE(read.report.sources.at(0).format == Format::text);
  EXPECT_EQ(read.report.sources[0].position_column, "iteration");
  const auto& loss = read.signal(0, "lm loss");
  EXPECT_THAT(loss.positions, SizeIs(29));
  EXPECT_DOUBLE_EQ(loss.values[0], 7.9);
  EXPECT_EQ(read.signal(0, "number of nan iterations").values.at(16), 1.0);
  EXPECT_THAT(read.signal(0, "lm loss value").positions, ElementsAre(10, 20, 30));
  EXPECT_THAT(read.runs[0].find("number of parameters"), IsNull());
  EXPECT_THAT(read.signal(0, "learning rate").values, SizeIs(30));
}

TEST(TextLog, OneNameForTheStepsOfAllLines) {
  std::string text = "tokens per iteration will be: 16,384\nnumber of parameters: 0.80M\n";
  for (int i = 0; i < 20; ++i) {
    if (i % 5 == 0) text += fmt::format("step {}: train loss 2.5, val loss 2.6\n", i);
    text += fmt::format("iter {}: loss {:.4f}, time 12.34ms, mfu 1.50%\n", i, 2.0 / (i + 1));
  }
  const auto read = read_text(text);
  EXPECT_THAT(read.signal(0, "loss").positions, SizeIs(20));
  EXPECT_THAT(read.signal(0, "val loss").positions, ElementsAre(0, 5, 10, 15));
}

TEST(TextLog, DictionariesAmongOtherLines) {
  std::string text = "Loading checkpoint shards: done\n";
  for (int i = 1; i <= 10; ++i) {
    text += fmt::format("{:3}%|###   | {}/10 [00:0{}<00:09,  1.2it/s]\r", 10 * i, i, i % 10);
    text += fmt::format(
        "{{'loss': {:.4f}, 'grad_norm': nan, 'learning_rate': 5e-05, 'epoch': {:.2f}}}\n", 2.0 / i,
        0.1 * i);
  }
  text += "{'train_runtime': 12.5, 'train_loss': 0.5, 'epoch': 1.0}\n";
  const auto read = read_text(text);
  EXPECT_THAT(read.signal(0, "loss").values, SizeIs(10));
  EXPECT_DOUBLE_EQ(read.signal(0, "loss").positions[2], 0.3);
  EXPECT_TRUE(std::isnan(read.signal(0, "grad_norm").values[0]));
}

TEST(TextLog, AnEpochOnALineOfItsOwnIsThatOfTheLinesBelowIt) {
  std::string text;
  for (int i = 1; i <= 20; ++i) {
    text +=
        fmt::format("Epoch {}/20\n100/100 [======] - 5s 50ms/step - loss: {:.4f} - val_loss: 1.5\n",
                    i, 2.0 / i);
  }
  const auto read = read_text(text);
  EXPECT_EQ(read.report.sources[0].position_column, "epoch");
  EXPECT_THAT(read.signal(0, "loss").positions, SizeIs(20));
  EXPECT_EQ(read.signal(0, "val_loss").positions.back(), 20.0);
}

TEST(TextLog, LevelsOfPythonsLoggingArePassedOver) {
  std::string text;
  for (int i = 1; i <= 9; ++i)
    text += fmt::format("INFO:root:epoch {} | train loss {:.4f} | lr 1.00e-03\n", i, 2.0 / i);
  const auto read = read_text(text);
  EXPECT_THAT(read.signal(0, "train loss").positions, SizeIs(9));
  EXPECT_THAT(read.signal(0, "lr").values, SizeIs(9));
}

TEST(TextLog, BatchesOfEpochsAreJoined) {
  std::string text;
  for (int epoch = 1; epoch <= 3; ++epoch) {
    for (int at = 0; at < 60000; at += 20000) {
      text += fmt::format("Train Epoch: {} [{}/60000 ({}%)]\tLoss: {:.4f}\n", epoch, at, at / 600,
                          1.0 / epoch);
    }
    text += fmt::format("\nTest set: Average loss: 0.05, Accuracy: 9{}00/10000 (9{}%)\n\n", epoch,
                        epoch);
  }
  const auto read = read_text(text);
  EXPECT_THAT(read.signal(0, "Loss").positions,
              ElementsAre(0, 20000, 40000, 60000, 80000, 100000, 120000, 140000, 160000));
}

TEST(TextLog, ALineThatDoesNotEndIsNotRead) {
  std::string text = megatron(false);
  const auto whole = read_text(text).report.points;
  text += " iteration       31/    5000 | consumed samples:         1984 | learning rate: 6.7";
  const auto cut = read_text(text);
  EXPECT_EQ(cut.report.points, whole);
  EXPECT_THAT(cut.report.warnings, ::testing::Contains(HasSubstr("does not end")));
}

TEST(TextLog, TablesAndProseAreNone) {
  for (const char* table : {"step,loss\n1,2\n2,3\n",
                            "timestamp,value\n2014-04-01 00:00:00,20.0\n2014-04-01 00:05:00,21\n",
                            "name;lr=1;b\nx;1;2\ny;2;3\n", "volume\n1120\n1160\n",
                            "run,step,loss\nlr=0.1 wd=0.01,1,2\nlr=0.1 wd=0.01,2,2\n"}) {
    EXPECT_FALSE(is_text_log(table, true)) << table;
  }
  EXPECT_FALSE(is_text_log("hello\nworld, what a day\nfine\n", true));
}

/// Property: where the bytes are cut never matters.
TEST(TextLog, CutsOfALogDoNotMatter) {
  const std::string text = megatron(true);
  const auto whole = read_text(text);
  for (const std::size_t piece : {1U, 13U, 200U}) {
    Collector collector;
    Feed feed(collector, Limits{});
    TextLogParser parser(feed, {"log.txt", "log"}, {}, feed.source("log.txt"));
    for (std::size_t at = 0; at < text.size(); at += piece)
      parser.feed(std::string_view(text).substr(at, piece));
    parser.finish();
    EXPECT_TRUE(collector.take().at(0).signals == whole.runs.at(0).signals);
  }
}

}  // namespace
}  // namespace emdyn::collect::ingest
