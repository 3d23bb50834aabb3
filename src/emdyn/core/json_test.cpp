#include "emdyn/core/json.hpp"

#include <gtest/gtest.h>

#include "emdyn/core/error.hpp"

namespace emdyn {
namespace {

TEST(JsonText, NeverThrowsOnBrokenTextAndWritesNonFiniteAsNull) {
  EXPECT_EQ(json_text(Json{{"name",
                            "a\xff"
                            "b"}}),
            "{\"name\":\"a\xEF\xBF\xBD"
            "b\"}");
  EXPECT_EQ(json_text(Json(std::nan(""))), "null");
  EXPECT_TRUE(number_or_null(HUGE_VAL).is_null());
}

TEST(ParseJson, NamesTheSourceOfBadText) {
  try {
    (void)parse_json("{\"a\": ", "config.json");
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("config.json: not valid JSON"), std::string::npos);
  }
}

TEST(RequiredMembers, AreNamedWhenMissingOrOfAnotherType) {
  const Json object{{"n", 1.5}, {"t", "x"}, {"none", nullptr}};
  EXPECT_EQ(required_number(object, "n"), 1.5);
  EXPECT_EQ(required_text(object, "t"), "x");
  EXPECT_EQ(optional_number(object, "none"), std::nullopt);
  EXPECT_THROW((void)required_number(object, "t"), DataError);
  EXPECT_THROW((void)required_text(object, "absent"), DataError);
  EXPECT_THROW((void)required_number(Json::array(), "n"), DataError);
}

}  // namespace
}  // namespace emdyn
