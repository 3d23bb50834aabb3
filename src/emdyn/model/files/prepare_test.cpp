#include "emdyn/model/files/prepare.hpp"

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
    prepare(dataset, {.input = {1, 1, 2}, .classes = 3}, labels);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(Prepare, SetsRoundedValuesToTheEdgeOfTheBox) {
  model::data::Dataset dataset{
      .shape = {2}, .values = {std::nextafterf(1.0F, 2.0F), -5e-7F, 0.5F, 1.0F}, .labels = {0, 1}};
  prepare(dataset, {.input = {2}, .classes = 2});
  EXPECT_EQ(dataset.values, (std::vector<float>{1.0F, 0.0F, 0.5F, 1.0F}));
}

TEST(Prepare, TurnsPicturesWhoseChannelsComeLast) {
  model::data::Dataset dataset{
      .shape = {1, 2, 3}, .values = {0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F}, .labels = {0}};
  prepare(dataset, {.input = {3, 1, 2}, .classes = 2});
  EXPECT_EQ(dataset.shape, (std::vector<std::int64_t>{3, 1, 2}));
  EXPECT_EQ(dataset.values, (std::vector<float>{0.1F, 0.4F, 0.2F, 0.5F, 0.3F, 0.6F}));
  model::data::Dataset grey{.shape = {1, 2}, .values = {0.1F, 0.2F}, .labels = {0}};
  prepare(grey, {.input = {1, 1, 2}, .classes = 2});
  EXPECT_EQ(grey.shape, (std::vector<std::int64_t>{1, 1, 2}));
}

TEST(Prepare, ASequenceReadAsAPictureIsASequence) {
  model::data::Dataset dataset{
      .shape = {1, 2, 3}, .values = {0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F}, .labels = {0}};
  const std::vector<float> before = dataset.values;
  prepare(dataset, {.input = {2, 3}, .classes = 2});
  EXPECT_EQ(dataset.shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(dataset.values, before);
  dataset.shape = {1, 2, 3};
  EXPECT_THROW(prepare(dataset, {.input = {3, 2}, .classes = 2}), DataError);
}

TEST(Prepare, NamesTheFirstFault) {
  EXPECT_EQ(check_error([](model::data::Dataset&) {}), "");
  EXPECT_EQ(check_error([](model::data::Dataset& d) { d.labels.clear(); }, Labels::optional), "");
  EXPECT_THAT(check_error([](model::data::Dataset& d) {
                d.shape = {2, 1, 1};
              }),
              HasSubstr("set: examples are [2, 1, 1], the model takes [1, 1, 2]"));
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

TEST(Prepare, TellsWhereClassFoldersMayBeMissing) {
  const Signature four{.input = {2}, .classes = 4};
  const auto note = missing_classes({.name = "test", .classes = {"000", "090", "270"}}, four);
  ASSERT_TRUE(note.has_value());
  EXPECT_THAT(*note, HasSubstr("test: 3 class folders for the 4 classes"));
  EXPECT_THAT(*note, HasSubstr("000, 090, 270"));
  EXPECT_FALSE(missing_classes({.classes = {"a", "b", "c", "d"}}, four));
  EXPECT_FALSE(missing_classes({}, four)) << "labels are numbers";
}

}  // namespace
}  // namespace emdyn::model
