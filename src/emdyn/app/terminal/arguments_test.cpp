#include "emdyn/app/terminal/arguments.hpp"

#include <gtest/gtest.h>

#include "emdyn/core/error.hpp"

namespace emdyn::app::terminal {
namespace {

std::string refusal(const std::vector<std::string>& arguments) {
  CLI::App app("help", "detect");
  std::string file;
  int count = 0;
  app.add_option("FILE", file)->required();
  app.add_option("--detector", count);
  Console console({});
  try {
    parse(app, arguments, console);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(Arguments, RefusalsNameTheVerbTheOptionAndTheMend) {
  EXPECT_EQ(refusal({"x.csv"}), "");
  EXPECT_EQ(refusal({"x.csv", "--detectr", "3"}),
            "detect: unknown option --detectr (did you mean --detector?); see emdyn detect --help");
  EXPECT_EQ(refusal({"x.csv", "y.csv"}),
            "detect: unexpected argument \"y.csv\"; see emdyn detect --help");
  EXPECT_EQ(refusal({}), "detect: FILE is required; see emdyn detect --help");
  EXPECT_NE(refusal({"x.csv", "--detector", "many"}).find("--detector"), std::string::npos);
}

TEST(Arguments, HelpShowsWhatAnOptionHoldsUnlessItsWordsDo) {
  CLI::App app("help", "detect");
  double alpha = 0.002;
  double deadline = 0.0;
  std::string name;
  std::vector<std::string> names;
  int threads = 0;
  app.add_option("--alpha", alpha, "false alarms per sample")->check(CLI::Range(0.0, 0.5));
  app.add_option("--threads", threads, "at most this many; 0 for all");
  app.add_option("--deadline", deadline, "step; default: the last one");
  app.add_option("--name", name, "of the run");
  app.add_option("--signal", names, "only these");
  Console console({});
  testing::internal::CaptureStdout();
  EXPECT_FALSE(parse(app, std::vector<std::string>{"--help"}, console));
  const std::string help = testing::internal::GetCapturedStdout();
  EXPECT_NE(help.find("--alpha FLOAT in [0 - 0.5]=0.002"), std::string::npos) << help;
  EXPECT_NE(help.find("--deadline FLOAT  "), std::string::npos) << help;
  EXPECT_EQ(help.find("[]"), std::string::npos) << help;
  EXPECT_EQ(help.find("=0 "), std::string::npos) << help;
}

TEST(ParseSettings, TakesEverythingAfterTheFirstEqualSign) {
  EXPECT_EQ(parse_settings({"a=1", "b=x=y"}, "--set"), (Params{{"a", "1"}, {"b", "x=y"}}));
  EXPECT_THROW((void)parse_settings({"a"}, "--set"), ConfigError);
  EXPECT_THROW((void)parse_settings({"=1"}, "--set"), ConfigError);
}

}  // namespace
}  // namespace emdyn::app::terminal
