#include "emdyn/series/interaction.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"

namespace emdyn::series {
namespace {

TEST(Interaction, JsonAndBack) {
  Interaction interaction;
  interaction.parts = {"train_loss", "gradient_norm"};
  interaction.measure = "transfer_entropy";
  interaction.value = {0.1, 0.2, 0.3, 0.9};
  interaction.null.p_value = 0.01;
  interaction.null.kind = "analytic";
  interaction.estimator = "gaussian";
  const Json json = interaction;
  EXPECT_EQ(json["parts"].size(), 2U);
  EXPECT_EQ(json["null"]["kind"], "analytic");
  Interaction read;
  from_json(json, read);
  EXPECT_EQ(read, interaction);
  Interaction open;
  open.parts = {"a"};
  open.measure = "psi";
  open.value = {-HUGE_VAL, 0.5, HUGE_VAL, 0.9};
  EXPECT_TRUE(Json(open)["null"].is_null());
  EXPECT_TRUE(Json(open)["value"]["low"].is_null());
  from_json(Json(open), read);
  EXPECT_EQ(read, open);
}

TEST(Interaction, Rejected) {
  Interaction whole;
  whole.parts = {"a", "b"};
  whole.measure = "psi";
  const Json good = whole;
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
