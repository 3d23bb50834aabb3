#include "emdyn/collect/store/chunk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>

#include "emdyn/core/error.hpp"
#include "emdyn/core/philox.hpp"

namespace emdyn::collect::store {
namespace {

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<std::uint64_t> bits(const std::vector<double>& values) {
  std::vector<std::uint64_t> all;
  for (const double value : values) all.push_back(std::bit_cast<std::uint64_t>(value));
  return all;
}

std::vector<double> column(std::size_t count, const std::function<double(std::size_t)>& at) {
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(at(i));
  return values;
}

std::vector<std::byte> encoded(const std::vector<double>& positions,
                               const std::vector<double>& values,
                               const std::vector<double>& seconds = {}) {
  std::vector<std::byte> bytes;
  ChunkCodec().encode(positions, values, seconds, bytes);
  return bytes;
}

void expect_same(const std::vector<double>& values) {
  const std::vector<double> positions =
      column(values.size(), [](std::size_t i) { return static_cast<double>(i); });
  const auto bytes = encoded(positions, values, values);
  ASSERT_LE(bytes.size(), kMaxChunkBytes);
  Points points;
  ASSERT_EQ(ChunkCodec().decode(bytes, "test", points), values.size());
  EXPECT_EQ(bits(points.positions), bits(positions));
  EXPECT_EQ(bits(points.values), bits(values));
  EXPECT_EQ(bits(points.seconds), bits(values));
}

void fix_checksum(std::vector<std::byte>& bytes) {
  const auto sum =
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size() - 4));
  for (std::size_t i = 0; i < 4; ++i) {
    bytes[bytes.size() - 4 + i] = static_cast<std::byte>((sum >> (8 * i)) & 0xff);
  }
}

TEST(Chunk, KeepsEveryBitWhateverTheColumnHolds) {
  Philox random(7);
  const auto any_bits = [&](std::size_t) {
    return std::bit_cast<double>(static_cast<std::uint64_t>(random()) << 32 | random());
  };
  const std::vector<std::function<double(std::size_t)>> kinds{
      [](std::size_t) { return 0.0; },
      [](std::size_t i) { return i % 2 == 0 ? 0.0 : -0.0; },
      [](std::size_t i) { return -3.0 * static_cast<double>(i); },
      [](std::size_t i) { return 9007199254740991.0 - static_cast<double>(i % 2) * 1.8e16; },
      [](std::size_t i) { return 9007199254740992.0 + 2.0 * static_cast<double>(i); },
      [](std::size_t i) { return static_cast<double>(1.0F / (1.0F + static_cast<float>(i))); },
      [](std::size_t i) { return std::sin(0.01 * static_cast<double>(i)); },
      [&](std::size_t) { return random.normal(); },
      [&](std::size_t) { return std::exp(300.0 * random.normal()); },
      [](std::size_t i) {
        return i % 3 == 0 ? kNotANumber : (i % 3 == 1 ? kInfinity : -kInfinity);
      },
      [](std::size_t i) { return std::bit_cast<double>(0x7ff0000000000001ULL + i); },
      [](std::size_t i) { return std::bit_cast<double>(0xfff8dead00000000ULL + i % 5); },
      [](std::size_t) { return std::numeric_limits<double>::denorm_min(); },
      [](std::size_t i) { return i % 2 == 0 ? std::numeric_limits<double>::max() : -1e-300; },
      [](std::size_t i) { return static_cast<double>(i % 256) / 3.0; },
      [](std::size_t i) { return static_cast<double>(i % 257) / 3.0; },
      [](std::size_t i) { return 1.7e9 + 0.003 * static_cast<double>(i); },
      any_bits};
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    for (const std::size_t count : {1U, 2U, 3U, 31U, 32U, 255U, 1023U, 1024U}) {
      SCOPED_TRACE(testing::Message() << "kind " << kind << ", " << count << " points");
      expect_same(column(count, kinds[kind]));
    }
  }
}

TEST(Chunk, KeepsEveryBitOfRandomMixtures) {
  Philox random(11);
  for (int round = 0; round < 300; ++round) {
    const std::uint64_t mask = (static_cast<std::uint64_t>(random()) << 32 | random()) &
                               (static_cast<std::uint64_t>(random()) << 32 | random());
    std::uint64_t word = static_cast<std::uint64_t>(random()) << 32 | random();
    const std::uint32_t jump = 1 + random.below(64);
    expect_same(column(1 + random.below(1024), [&](std::size_t) {
      if (random.below(jump) == 0) word = static_cast<std::uint64_t>(random()) << 32 | random();
      word += random.below(1000);
      return std::bit_cast<double>(word & mask);
    }));
  }
}

TEST(Chunk, HasTheBytesOfTheFormatDocument) {
  // Positions 0, 1, 2: integers, mean delta 1, no residual. Values 0.5, 0.5, 0.5: singles, offset.
  const auto bytes = encoded({0.0, 1.0, 2.0}, {0.5, 0.5, 0.5});
  const std::vector<unsigned> expected{1,    0, 3, 0,                           // header
                                       0x12, 0, 0, 0, 0, 0, 0,    0, 0, 0, 0,   // positions
                                       1,    0, 0, 0, 0, 0, 0,    0,            // … mean delta
                                       0x01, 0, 0, 0, 0, 0, 0x3f, 0, 0, 0, 0};  // values
  std::vector<unsigned> found;
  for (const std::byte byte : bytes) found.push_back(std::to_integer<unsigned>(byte));
  ASSERT_EQ(found.size(), expected.size() + 4);
  found.resize(expected.size());
  EXPECT_EQ(found, expected);
}

TEST(Chunk, StepsCostAlmostNothingAndSinglesLessThanFourBytes) {
  Philox random(3);
  const auto steps =
      column(1024, [](std::size_t i) { return 1e6 + 10.0 * static_cast<double>(i); });
  const auto losses = column(1024, [&](std::size_t) {
    return static_cast<double>(static_cast<float>(std::exp(0.1 * random.normal())));
  });
  EXPECT_LT(encoded(steps, steps).size(), 64U);
  EXPECT_LT(encoded(steps, losses).size(), 4U * 1024U);
}

TEST(Chunk, RefusesEveryDamagedByteAndEveryTruncation) {
  Philox random(5);
  const auto values = column(300, [&](std::size_t) { return random.normal(); });
  const auto bytes = encoded(values, values, values);
  Points points;
  ChunkCodec codec;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto damaged = bytes;
    damaged[i] ^= std::byte{0x10};
    EXPECT_THROW(codec.decode(damaged, "test", points), StoreError) << "byte " << i;
    EXPECT_THROW(codec.decode(std::span(bytes).first(i), "test", points), StoreError) << i;
  }
}

TEST(Chunk, HostileBytesWithAGoodChecksumAreHarmless) {
  Philox random(9);
  const auto steps = column(200, [](std::size_t i) { return static_cast<double>(i / 7); });
  const auto values = column(200, [](std::size_t i) { return static_cast<double>(i % 40) / 3.0; });
  const auto good = encoded(steps, values, steps);
  ChunkCodec codec;
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    auto hostile = good;
    for (std::uint32_t change = 0; change <= random.below(4); ++change) {
      hostile[random.below(static_cast<std::uint32_t>(hostile.size()))] =
          static_cast<std::byte>(random() & 0xff);
    }
    if (random.below(4) == 0) {
      hostile.resize(8 + random.below(static_cast<std::uint32_t>(hostile.size() - 8)));
    }
    fix_checksum(hostile);
    Points points;
    try {
      EXPECT_LE(codec.decode(hostile, "test", points), kChunkPoints);
      EXPECT_LE(points.values.size(), kChunkPoints);
    } catch (const StoreError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(Chunk, RefusesWhatIsTooLongBeforeReadingIt) {
  std::vector<std::byte> bytes(kMaxChunkBytes + 1);
  Points points;
  EXPECT_THAT([&] { ChunkCodec().decode(bytes, "run x", points); },
              testing::ThrowsMessage<StoreError>(testing::HasSubstr("too long")));
}

TEST(ChunkStats, CountsWhatAnOverviewNeeds) {
  const std::vector<double> positions{5, 6, 4, 7};
  const std::vector<double> values{2.0, kNotANumber, -1.0, kInfinity};
  const ChunkStats stats = chunk_stats(positions, values, 9.0);
  EXPECT_EQ(stats.count, 4U);
  EXPECT_EQ(stats.nonfinite, 2U);
  EXPECT_EQ(stats.backs, 2U);  // 9 → 5 and 6 → 4.
  EXPECT_EQ(stats.first, 5.0);
  EXPECT_EQ(stats.last, 7.0);
  EXPECT_EQ(stats.low, 4.0);
  EXPECT_EQ(stats.high, 7.0);
  EXPECT_EQ(stats.min, -1.0);
  EXPECT_EQ(stats.max, 2.0);
  EXPECT_EQ(stats.last_value, kInfinity);
  EXPECT_EQ(chunk_stats(positions, values, {}).backs, 1U);
  const std::vector<double> none(4, kNotANumber);
  EXPECT_EQ(chunk_stats(positions, none, {}).min, std::nullopt);
}

}  // namespace
}  // namespace emdyn::collect::store
