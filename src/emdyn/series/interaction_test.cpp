#include "emdyn/series/interaction.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"

namespace emdyn::series {
namespace {

TEST(Interaction, JsonAndBack) {
  const Interaction interaction{{"train_loss", "gradient_norm"},
                                "transfer_entropy",
                                {0.1, 0.2, 0.3, 0.9},
                                "nats",
                                {0.01, "analytic"},
                                "gaussian"};
  const Json json = interaction;
  EXPECT_EQ(json["parts"].size(), 2U);
  EXPECT_EQ(json["null"]["kind"], "analytic");
  Interaction read;
  from_json(json, read);
  EXPECT_EQ(read, interaction);
  Interaction open{{"a"}, "psi", {-HUGE_VAL, 0.5, HUGE_VAL, 0.9}, "nats", {}, "gaussian"};
  EXPECT_TRUE(Json(open)["null"].is_null());
  EXPECT_TRUE(Json(open)["value"]["low"].is_null());
  from_json(Json(open), read);
  EXPECT_EQ(read, open);
}

TEST(Interaction, Rejected) {
  const Json good = Interaction{{"a", "b"}, "psi", {0.0, 1.0, 2.0, 0.9}, "nats", {}, "gaussian"};
  Interaction read;
  for (const char* member : {"parts", "measure", "value", "unit"}) {
    Json bad = good;
    bad.erase(member);
    EXPECT_THROW(from_json(bad, read), DataError) << member;
  }
  Json bad = good;
  bad["parts"] = Json::array({1, 2});
  EXPECT_THROW(from_json(bad, read), DataError);
  EXPECT_THROW(from_json(Json::array(), read), DataError);
}

}  // namespace
}  // namespace emdyn::series
