#include "emdyn/core/field.hpp"

#include <gtest/gtest.h>

#include "emdyn/core/error.hpp"

namespace emdyn {
namespace {

enum class Colour { red, green };
constexpr std::array<std::string_view, 2> kColours{"red", "green"};

struct Config {
  double rate = 0.5;
  std::int64_t count = 3;
  bool loud = false;
  Colour colour = Colour::red;
};

constexpr std::array kFields{
    Field<Config>{"rate", &Config::rate, 0.0, 1.0, "a share"},
    Field<Config>{"count", &Config::count, 1, 10, "how many"},
    Field<Config>{"loud", &Config::loud, 0, 1, "whether"},
    enum_field<&Config::colour, Config>("colour", kColours, "which"),
};

std::string message(const Params& params) {
  Config config;
  try {
    apply_params("thing", kFields, params, config);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(Field, ReadsEveryType) {
  Config config;
  apply_params("thing", kFields,
               {{"rate", ".25"}, {"count", "7"}, {"loud", "yes"}, {"colour", "green"}}, config);
  EXPECT_EQ(json_text(config_json(kFields, config)),
            R"({"rate":0.25,"count":7,"loud":true,"colour":"green"})");
}

TEST(Field, RefusalNamesTheFieldTheRangeAndTheValue) {
  EXPECT_EQ(message({{"rate", "2"}}), "thing.rate must lie in [0, 1], got 2");
  EXPECT_EQ(message({{"rate", "nan"}}), "thing.rate must lie in [0, 1], got nan");
  EXPECT_EQ(message({{"count", "2.5"}}), "thing.count must be a whole number, got \"2.5\"");
  EXPECT_EQ(message({{"count", "99999999999999999999"}}),
            "thing.count must lie in [1, 10], got 99999999999999999999");
  EXPECT_EQ(message({{"loud", "maybe"}}), "thing.loud must be true or false, got \"maybe\"");
  EXPECT_EQ(message({{"colour", "blue"}}), "thing.colour must be one of red, green, got \"blue\"");
  EXPECT_EQ(
      message({{"cuont", "1"}}),
      "thing.cuont: no such parameter (did you mean count?); known: rate, count, loud, colour");
}

TEST(Field, ChecksAConfigMadeByHand) {
  EXPECT_NO_THROW(checked("thing", kFields, Config{}));
  EXPECT_THROW(checked("thing", kFields, Config{.rate = -1.0}), ConfigError);
  EXPECT_THROW(checked("thing", kFields, Config{.count = 11}), ConfigError);
}

TEST(Field, DescribesItself) {
  const Json list = describe_fields(kFields);
  EXPECT_EQ(list[1]["type"], "integer");
  EXPECT_EQ(list[1]["default"], 3);
  EXPECT_EQ(list[3]["choices"][1], "green");
}

}  // namespace
}  // namespace emdyn
