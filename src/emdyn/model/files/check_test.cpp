#include "emdyn/model/files/check.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>

#include "emdyn/core/error.hpp"

namespace emdyn::model {
namespace {

using ::testing::HasSubstr;

std::string check_error(const std::function<void(model::data::Dataset&)>& spoil,
                        Labels labels = Labels::needed) {
  model::data::Dataset dataset{
      .name = "set", .shape = {1, 1, 2}, .values = {0, 0.5F, 1, 0.25F}, .labels = {0, 2}};
  spoil(dataset);
  try {
    check(dataset, {.input = {1, 1, 2}, .classes = 3}, labels);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(Check, NamesTheFirstFault) {
  EXPECT_EQ(check_error([](model::data::Dataset&) {}), "");
  EXPECT_EQ(check_error([](model::data::Dataset& d) { d.labels.clear(); }, Labels::optional), "");
  EXPECT_THAT(check_error([](model::data::Dataset& d) { d.shape = {2}; }),
              HasSubstr("set: examples are [2], the model takes [1, 1, 2]"));
  EXPECT_THAT(check_error([](model::data::Dataset& d) { d.values.clear(); }),
              HasSubstr("no examples"));
  EXPECT_THAT(check_error([](model::data::Dataset& d) { d.values.push_back(0); }),
              HasSubstr("incomplete"));
  EXPECT_THAT(check_error([](model::data::Dataset& d) { d.values[3] = NAN; }),
              HasSubstr("value 1 of example 1 is not finite"));
  EXPECT_THAT(check_error([](model::data::Dataset& d) { d.values[2] = INFINITY; }),
              HasSubstr("not finite"));
  EXPECT_THAT(check_error([](model::data::Dataset& d) { d.values[1] = 255; }),
              HasSubstr("value 1 of example 0 is 255, outside the model's input box [0, 1]"));
  EXPECT_THAT(check_error([](model::data::Dataset& d) { d.labels.pop_back(); }),
              HasSubstr("1 labels for 2 examples"));
  EXPECT_THAT(check_error([](model::data::Dataset& d) { d.labels.clear(); }),
              HasSubstr("labels are needed"));
  EXPECT_THAT(check_error([](model::data::Dataset& d) { d.labels[1] = 3; }),
              HasSubstr("label 3 of example 1 lies outside the model's classes 0 to 2"));
  EXPECT_THAT(check_error([](model::data::Dataset& d) { d.labels[0] = -1; }),
              HasSubstr("label -1"));
}

}  // namespace
}  // namespace emdyn::model
