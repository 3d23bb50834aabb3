#include "emdyn/app/serve/change_watch.hpp"

#include <gmock/gmock.h>

#include "emdyn/app/serve/store_test_fixture.hpp"

namespace emdyn::app::serve {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Looks until the stream said something and then nothing more.
std::string heard(ChangeWatch& watch, const EventStream& stream, EventStream::Place& place) {
  std::string text;
  for (int quiet = 0, looks = 0; quiet < 3 && looks < 400; ++looks) {
    watch.look(std::chrono::milliseconds(20));
    const std::string more = stream.take(place, {}, 1 << 20);
    text += more;
    quiet = more.empty() && !text.empty() ? quiet + 1 : 0;
  }
  return text;
}

TEST(ChangeWatch, TellsNewRunsNewPointsAndEachNewEventOnce) {
  TestStore store;
  RunList index(store.path());
  EventStream stream("e");
  ChangeWatch watch(index, stream);
  index.refresh();
  EventStream::Place place = stream.begin("");
  auto opened = store.open(collect::store::Mode::write);
  series::RunInfo info;
  info.name = "new";
  auto writer = opened.create(info);
  const auto loss = writer.add_signal("loss");
  writer.append(loss, 1.0, 2.0);
  writer.sync();
  const std::string first = heard(watch, stream, place);
  EXPECT_THAT(first, HasSubstr("event: run\n"));
  EXPECT_THAT(first, HasSubstr("\"name\":\"new\""));
  EXPECT_EQ(index.runs()->size(), 3u);
  writer.append(loss, 2.0, 9.0);
  writer.record(TestStore::event(2.0));
  writer.sync();
  const std::string second = heard(watch, stream, place);
  EXPECT_THAT(second, HasSubstr("event: event\n"));
  EXPECT_THAT(second, HasSubstr("\"index\":0"));
  EXPECT_THAT(second, HasSubstr("\"points\":2"));
  writer.record(TestStore::event(3.0));
  writer.finish();
  const std::string third = heard(watch, stream, place);
  EXPECT_THAT(third, HasSubstr("\"index\":1"));
  EXPECT_THAT(third, Not(HasSubstr("\"index\":0")));
  EXPECT_THAT(third, HasSubstr("\"status\":\"finished\""));
}

TEST(ChangeWatch, ReadingARunIsNoChange) {
  TestStore store;
  RunList index(store.path());
  EventStream stream("e");
  ChangeWatch watch(index, stream);
  index.refresh();
  for (int i = 0; i < 3; ++i) {
    auto opened = store.open(collect::store::Mode::read);
    (void)opened.load(store.long_run);
    watch.look(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(stream.published(), 0u);
}

TEST(ChangeWatch, TellsRunsThatWent) {
  TestStore store;
  RunList index(store.path());
  EventStream stream("e");
  ChangeWatch watch(index, stream);
  index.refresh();
  EventStream::Place place = stream.begin("");
  store.open(collect::store::Mode::write).remove(store.short_run);
  EXPECT_THAT(heard(watch, stream, place), HasSubstr("event: gone\n"));
  EXPECT_EQ(index.find(store.short_run), nullptr);
  EXPECT_NE(index.find(store.long_run), nullptr);
}

}  // namespace
}  // namespace emdyn::app::serve
