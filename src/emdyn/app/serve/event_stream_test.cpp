#include "emdyn/app/serve/event_stream.hpp"

#include <gmock/gmock.h>

#include <thread>
#include <vector>

namespace emdyn::app::serve {
namespace {

using testing::HasSubstr;

constexpr std::size_t kPlenty = 1 << 20;

std::size_t frames_in(const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = text.find("\n\n"); at != std::string::npos; at = text.find("\n\n", at + 2))
    ++count;
  return count;
}

TEST(EventStream, AClientHearsWhatComesAfterItBegan) {
  EventStream stream("e", 8);
  stream.publish("run", "r1", Json{{"n", 1}});
  EventStream::Place place = stream.begin("");
  EXPECT_EQ(stream.take(place, {}, kPlenty), "");
  stream.publish("event", "r1", Json{{"n", 2}});
  EXPECT_EQ(stream.take(place, {}, kPlenty), "id: e-2\nevent: event\ndata: {\"n\":2}\n\n");
  EXPECT_EQ(stream.take(place, {}, kPlenty), "");
}

TEST(EventStream, AClientThatComesBackMissesNothing) {
  EventStream stream("e", 8);
  for (int i = 1; i <= 5; ++i) stream.publish("run", "r", Json{{"n", i}});
  EventStream::Place place = stream.begin("e-2");
  const std::string frames = stream.take(place, {}, kPlenty);
  EXPECT_EQ(frames_in(frames), 3u);
  EXPECT_THAT(frames, HasSubstr("id: e-3\n"));
  EXPECT_THAT(frames, HasSubstr("id: e-5\n"));
  EXPECT_THAT(frames, testing::Not(HasSubstr("resync")));
}

TEST(EventStream, WhoFellBehindIsToldAndGoesOnFromNow) {
  EventStream stream("e", 4);
  EventStream::Place slow = stream.begin("");
  for (int i = 1; i <= 10; ++i) stream.publish("run", "r", Json{{"n", i}});
  EXPECT_EQ(stream.take(slow, {}, kPlenty), "id: e-10\nevent: resync\ndata: {}\n\n");
  stream.publish("run", "r", Json{{"n", 11}});
  EXPECT_THAT(stream.take(slow, {}, kPlenty), HasSubstr("id: e-11\n"));
}

TEST(EventStream, IdsOfAnotherServerOrOfNobodyResync) {
  EventStream stream("e", 4);
  for (int i = 1; i <= 10; ++i) stream.publish("run", "r", Json{{"n", i}});
  for (const char* id : {"old-9", "e-5", "e-11", "e-99999999999999999999", "e-", "e", "-", "e-x",
                         "e--1", "../e-9"}) {
    EventStream::Place place = stream.begin(id);
    EXPECT_THAT(stream.take(place, {}, kPlenty), HasSubstr("event: resync")) << id;
  }
  EventStream::Place known = stream.begin("e-6");
  EXPECT_EQ(frames_in(stream.take(known, {}, kPlenty)), 4u) << "the oldest that is kept";
}

TEST(EventStream, FiltersPassWhatIsWantedAndWhatIsOfNoRun) {
  EventStream stream("e");
  EventStream::Place place = stream.begin("");
  stream.publish("run", "a", Json{{"n", 1}});
  stream.publish("event", "b", Json{{"n", 2}});
  stream.publish("event", "a", Json{{"n", 3}});
  stream.publish("problem", "", Json{{"n", 4}});
  EventStream::Place same = place;
  EXPECT_EQ(frames_in(stream.take(place, {{"a"}, {}}, kPlenty)), 3u);
  EXPECT_EQ(frames_in(stream.take(same, {{"a"}, {"event"}}, kPlenty)), 1u);
}

TEST(EventStream, OneTakeIsBounded) {
  EventStream stream("e");
  EventStream::Place place = stream.begin("");
  for (int i = 0; i < 100; ++i) stream.publish("run", "r", Json{{"n", std::string(100, 'x')}});
  std::size_t frames = 0;
  while (true) {
    const std::string some = stream.take(place, {}, 1000);
    if (some.empty()) break;
    EXPECT_LT(some.size(), 1200u);
    frames += frames_in(some);
  }
  EXPECT_EQ(frames, 100u);
}

TEST(EventStream, HostileTextStaysOnItsLine) {
  EventStream stream("e");
  EventStream::Place place = stream.begin("");
  stream.publish("problem", "", Json{{"message", "a\n\nevent: run\r\ndata: {}\n\n"}});
  EXPECT_EQ(frames_in(stream.take(place, {}, kPlenty)), 1u);
}

TEST(EventStream, ManyThreadsPublishAndNothingIsLostOrDoubled) {
  EventStream stream("e", 10'000);
  EventStream::Place place = stream.begin("");
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) stream.publish("run", "r", Json{{"n", i}});
      });
    }
  }
  EXPECT_EQ(stream.published(), 2000u);
  EXPECT_EQ(frames_in(stream.take(place, {}, 1 << 24)), 2000u);
}

}  // namespace
}  // namespace emdyn::app::serve
