#include "emdyn/core/snapshot.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "emdyn/core/error.hpp"

namespace emdyn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Something that learns: a number, a list as long as it comes, and one of a given length.
struct Pond {
  struct Config {
    std::int64_t depth = 2;
  };
  static constexpr std::array kFields{Field<Config>{"depth", &Config::depth, 1, 4, "metres"}};

  explicit Pond(const Config& made) : config(made), layers(static_cast<std::size_t>(made.depth)) {}
  std::string_view name() const { return "pond"; }
  Json settings() const { return config_json(kFields, config); }
  template <class Self, class Archive>
  static void state(Self& self, Archive& archive) {
    archive(self.frozen, sized(self.fish), self.layers);
    archive.require(self.fish.size() < 100);
  }

  Config config;
  bool frozen = false;
  std::vector<float> fish;
  std::vector<double> layers;
};

std::vector<std::byte> bytes_of(const Pond& pond) {
  StateWriter archive;
  archive(pond);
  return archive.take();
}

Pond filled_pond() {
  Pond pond({});
  pond.frozen = true;
  pond.fish = {1.0F, 2.0F, 3.0F};
  pond.layers = {0.5, -0.5};
  return pond;
}

TEST(Snapshot, SizedVectorsCarryTheirLengthPlainOnesDoNot) {
  const auto bytes = bytes_of(filled_pond());
  EXPECT_EQ(bytes.size(), 1U + 8U + 3U * 4U + 2U * 8U);
  EXPECT_EQ(bytes[1], std::byte{3});
  Pond read({});
  StateReader archive(bytes);
  archive(read);
  EXPECT_TRUE(archive.ok() && archive.at_end());
  EXPECT_TRUE(read.frozen);
  EXPECT_THAT(read.fish, ElementsAre(1.0F, 2.0F, 3.0F));
  EXPECT_THAT(read.layers, ElementsAre(0.5, -0.5));
}

TEST(Snapshot, EveryTruncationIsNoticed) {
  const auto bytes = bytes_of(filled_pond());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Pond read({});
    StateReader archive{std::span(bytes).first(size)};
    archive(read);
    EXPECT_FALSE(archive.ok()) << size;
    EXPECT_LE(read.fish.size(), 3U);
  }
}

TEST(Snapshot, HostileNumbersAreRefusedBeforeAnythingIsAllocated) {
  const auto refused = [](auto change) {
    auto bytes = bytes_of(filled_pond());
    change(bytes);
    Pond read({});
    StateReader archive(bytes);
    archive(read);
    return !archive.ok();
  };
  EXPECT_TRUE(refused([](auto& bytes) { bytes[0] = std::byte{2}; }));     // No boolean.
  EXPECT_TRUE(refused([](auto& bytes) { bytes[8] = std::byte{0x7f}; }));  // 2^62 fish.
  EXPECT_TRUE(refused(
      [](auto& bytes) { bytes[11] = bytes[12] = std::byte{0xff}; }));  // Not a number of fish.
  EXPECT_FALSE(refused([](auto&) {}));
}

TEST(Snapshot, TextsAreBounded) {
  StateWriter writer;
  writer.text("hello");
  const auto bytes = writer.take();
  EXPECT_EQ(StateReader(bytes).text(5), "hello");
  StateReader reader(bytes);
  EXPECT_EQ(reader.text(4), "");
  EXPECT_FALSE(reader.ok());
}

constexpr SnapshotForm kPonds{"pond", 0x444e4f50ULL, 3};

TEST(Snapshot, SealedBytesNameWhatIsWrongWithThem) {
  StateWriter archive;
  snapshot_detail::begin(archive, kPonds, "pond");
  snapshot_detail::write_params(archive, filled_pond().settings());
  const auto bytes = snapshot_detail::seal(archive);
  StateReader reader = snapshot_detail::open(kPonds, bytes);
  EXPECT_EQ(snapshot_detail::read_name(reader), "pond");
  EXPECT_EQ(snapshot_detail::read_params(reader), (Params{{"depth", "2"}}));
  EXPECT_TRUE(reader.ok() && reader.at_end());

  const auto error_of = [](const SnapshotForm& form,
                           std::vector<std::byte> altered) -> std::string {
    try {
      snapshot_detail::open(form, altered);
    } catch (const DataError& error) {
      return error.what();
    }
    return "opened";
  };
  auto damaged = bytes;
  damaged[14] ^= std::byte{1};
  EXPECT_EQ(error_of(kPonds, damaged),
            "snapshot of a pond: damaged; take a new one with this version");
  EXPECT_THAT(error_of(kPonds, {}), HasSubstr("too short"));
  EXPECT_THAT(error_of({"lake", 1, 3, "dig it again"}, bytes),
              HasSubstr("not a snapshot; dig it again"));
  EXPECT_THAT(error_of({"pond", 0x444e4f50ULL, 4}, bytes), HasSubstr("version 3 is not 4"));
}

TEST(Snapshot, ChecksumIsFnv1a) {
  // Published: the 64-bit FNV-1a of "" and of "a" (Fowler, Noll, Vo, draft-eastlake-fnv).
  EXPECT_EQ(checksum({}), 0xcbf29ce484222325ULL);
  const std::byte a{'a'};
  EXPECT_EQ(checksum({&a, 1}), 0xaf63dc4c8601ec8cULL);
}

}  // namespace
}  // namespace emdyn
