#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

// jpeglib.h needs size_t and FILE to be there.
// clang-format off
#include <stddef.h>
#include <stdio.h>
#include <jpeglib.h>
// clang-format on

#include "emdyn/math/distributions.hpp"
#include "emdyn/provoke/corrupt/filter.hpp"
#include "emdyn/provoke/corrupt/registry.hpp"
#include "emdyn/provoke/corrupt/test_image.hpp"

namespace emdyn::provoke::corrupt {
namespace {

using Values = std::vector<float>;

Values run(std::string_view name, const ImageShape& shape, const Values& in,
           CorruptOptions options) {
  Values out(in.size());
  corrupt(name, shape, in, out, options);
  return out;
}

struct Moments {
  double mean = 0.0;
  double deviation = 0.0;
};

template <class Container>
Moments moments(const Container& values) {
  double sum = 0.0;
  double squares = 0.0;
  for (const auto value : values) {
    sum += static_cast<double>(value);
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  const double count = static_cast<double>(values.size());
  return {sum / count, std::sqrt(squares / count - sum / count * sum / count)};
}

const ImageShape kLarge{1, 256, 256};

TEST(Random, BulkWordsAreThoseOfPhilox) {
  const RandomField field(0x123456789abcdefULL, 0xfedcba987ULL, 3);
  std::vector<std::uint32_t> words(700);
  field.words(9, words);
  // Word k of counter j stands at 256·(j / 64) + 64·k + j mod 64.
  for (const std::size_t counter : {0U, 63U, 64U, 130U}) {
    const auto expected = philox4x32({static_cast<std::uint32_t>(counter / 64 * 64 + counter % 64),
                                      9U | 3U << 24, 0xdcba987U | 0xe0000000U, 0xfU},
                                     {0x89abcdefU, 0x1234567U});
    for (std::size_t k = 0; k < 4; ++k) {
      const std::size_t at = 256 * (counter / 64) + 64 * k + counter % 64;
      if (at < words.size()) {
        EXPECT_EQ(words[at], expected[k]) << counter << " " << k;
      }
    }
  }
  std::vector<std::uint32_t> fewer(100);  // A shorter row begins alike.
  field.words(9, fewer);
  EXPECT_TRUE(std::equal(fewer.begin(), fewer.end(), words.begin()));
}

TEST(Random, NormalsInvertTheDistributionFunction) {
  for (const double p : {1.2e-10, 1e-6, 0.01, 0.075, 0.0751, 0.3, 0.5, 0.8, 0.999, 1.0 - 1e-9}) {
    EXPECT_NEAR(normal_from_uniform(p), math::normal_quantile(p), 1e-9) << p;
  }
  std::vector<float> values(200'000);
  RandomField(1, 2, 0).normals(0, values);
  const Moments found = moments(values);
  EXPECT_NEAR(found.mean, 0.0, 0.01);
  EXPECT_NEAR(found.deviation, 1.0, 0.01);
  EXPECT_GT(*std::max_element(values.begin(), values.end()), 4.0F);
}

TEST(Random, PoissonHasItsMeanAndVariance) {
  for (const double mean : {0.0, 0.3, 3.0, 9.9, 10.1, 60.0, 500.0}) {
    Philox random(7);
    std::vector<double> values(60'000);
    for (double& value : values) value = poisson(random, mean);
    const Moments found = moments(values);
    EXPECT_NEAR(found.mean, mean, 5.0 * std::sqrt(mean / 60'000.0) + 1e-12) << mean;
    EXPECT_NEAR(found.deviation, std::sqrt(mean), 0.02 * std::sqrt(mean) + 1e-12) << mean;
  }
}

TEST(Noise, MomentsAreTheStatedOnes) {
  const Values grey(kLarge.size(), 0.5F);
  const auto spread = [&](std::string_view name, CorruptOptions options) {
    return moments(run(name, kLarge, grey, options));
  };
  EXPECT_NEAR(spread("gaussian_noise", {1}).deviation, .08, .001);
  EXPECT_NEAR(spread("gaussian_noise", {5, ConstantSet::small}).deviation, .10, .001);
  EXPECT_NEAR(spread("speckle_noise", {1}).deviation, .5 * .15, .001);
  EXPECT_NEAR(spread("shot_noise", {1}).deviation, std::sqrt(.5 / 60.0), .002);
  EXPECT_NEAR(spread("shot_noise", {1}).mean, .5, .002);
  EXPECT_NEAR(spread("shot_noise", {5, ConstantSet::small}).deviation, std::sqrt(.5 / 50.0), .002);
}

TEST(Noise, ImpulsesHitTheStatedShareHalfOfThemBlack) {
  const Values out = run("impulse_noise", kLarge, Values(kLarge.size(), 0.5F), {5});
  const double count = static_cast<double>(out.size());
  EXPECT_NEAR(static_cast<double>(std::count(out.begin(), out.end(), 0.0F)) / count, .135, .006);
  EXPECT_NEAR(static_cast<double>(std::count(out.begin(), out.end(), 1.0F)) / count, .135, .006);
}

TEST(Noise, ChannelsAreIndependent) {
  const ImageShape shape{3, 64, 64};
  const Values out = run("gaussian_noise", shape, Values(shape.size(), 0.5F), {1});
  double product = 0.0;
  for (std::size_t i = 0; i < shape.pixels(); ++i) {
    product +=
        (static_cast<double>(out[i]) - .5) * (static_cast<double>(out[shape.pixels() + i]) - .5);
  }
  EXPECT_LT(std::abs(product / static_cast<double>(shape.pixels())) / (.08 * .08), .08);
}

/// An image that is 0 but for one pixel.
Plane impulse(std::size_t side) {
  Plane plane(side, side);
  plane.row(side / 2)[side / 2] = 1.0F;
  return plane;
}

TEST(Blur, OfAnImpulseIsTheKernel) {
  for (const double sigma : {0.7, 1.0, 3.0}) {
    Plane plane = impulse(41);
    gaussian_blur(plane, sigma);
    const auto weights = gaussian_weights(sigma);
    const auto radius = static_cast<std::ptrdiff_t>(weights.size() / 2);
    for (std::ptrdiff_t dy = -radius; dy <= radius; ++dy) {
      for (std::ptrdiff_t dx = -radius; dx <= radius; ++dx) {
        const double expected = weights[static_cast<std::size_t>(dy + radius)] *
                                weights[static_cast<std::size_t>(dx + radius)];
        EXPECT_NEAR(static_cast<double>(plane.row(static_cast<std::size_t>(20 + dy))[20 + dx]),
                    expected, 1e-6);
      }
    }
  }
  const Kernel disk = disk_kernel(3.0, 0.1);
  const Plane blurred = correlate(impulse(41), disk, Border::mirrored);
  for (std::size_t i = 0; i < 17; ++i) {
    for (std::size_t j = 0; j < 17; ++j) {
      EXPECT_NEAR(blurred.row(12 + i)[12 + j], disk.weights[i * 17 + j], 1e-7F);
    }
  }
  // 29 pixels lie within 3 of the middle; a softening of 0.1 leaves them as they are.
  EXPECT_NEAR(static_cast<double>(blurred.row(20)[20]), 1.0 / 29.0, 1e-6);
}

TEST(Blur, KernelsAddUpToOne) {
  for (const double radius : {.3, .5, 1.5, 3.0, 8.0, 10.0}) {
    const Kernel kernel = disk_kernel(radius, .5);
    EXPECT_NEAR(std::accumulate(kernel.weights.begin(), kernel.weights.end(), 0.0), 1.0, 1e-5);
  }
  for (const double angle : {-45.0, 0.0, 30.0, 90.0}) {
    double sum = 0.0;
    for (const LineTap& tap : motion_line(10, 3.0, angle)) sum += tap.weight;
    EXPECT_NEAR(sum, 1.0, 1e-12);
  }
}

TEST(Blur, MotionRunsAlongItsAngle) {
  const auto right = motion_line(3, 2.0, 0.0);
  const auto down = motion_line(3, 2.0, 90.0);
  for (std::size_t i = 0; i < right.size(); ++i) {
    EXPECT_EQ(right[i].dy, 0);
    EXPECT_EQ(right[i].dx, static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(down[i].dx, 0);
    EXPECT_EQ(down[i].dy, static_cast<std::ptrdiff_t>(i));
    EXPECT_NEAR(right[i].weight / right[0].weight, std::exp(-0.125 * static_cast<double>(i * i)),
                1e-12);
  }
}

TEST(Blur, RunningMeansStandForTheGaussian) {
  Plane wide = impulse(257);
  gaussian_blur(wide, 20.0);
  const double peak = 1.0 / (2.0 * M_PI * 400.0);
  for (const std::size_t away : {0U, 10U, 20U, 40U}) {
    const double r = static_cast<double>(away);
    EXPECT_NEAR(static_cast<double>(wide.row(128)[128 + away]), peak * std::exp(-r * r / 800.0),
                0.09 * peak);
  }
}

TEST(Blur, LeavesAConstantImageAlone) {
  const ImageShape shape{3, 40, 30};
  const Values grey(shape.size(), 0.4F);
  for (const std::string_view name : {"gaussian_blur", "defocus_blur", "glass_blur", "motion_blur",
                                      "zoom_blur", "contrast", "pixelate", "elastic_transform"}) {
    for (const float value : run(name, shape, grey, {5})) ASSERT_NEAR(value, 0.4F, 1e-5F) << name;
  }
}

TEST(Blur, GlassMovesPixelsAndLosesNone) {
  // The small set's σ of .05 blurs nothing: only the swaps are left.
  const ImageShape shape{1, 32, 32};
  Values image(shape.size());
  std::iota(image.begin(), image.end(), 0.0F);
  for (float& value : image) value /= 1024.0F;
  Values out = run("glass_blur", shape, image, {1, ConstantSet::small});
  EXPECT_NE(out, image);
  std::sort(out.begin(), out.end());
  EXPECT_EQ(out, image);
}

TEST(Border, Indices) {
  const auto at = [](std::ptrdiff_t i, Border border) { return border_index(i, 4, border); };
  EXPECT_EQ(at(-2, Border::nearest), 0U);
  EXPECT_EQ(at(6, Border::nearest), 3U);
  EXPECT_EQ(at(-1, Border::reflect), 0U);
  EXPECT_EQ(at(4, Border::reflect), 3U);
  EXPECT_EQ(at(-1, Border::mirrored), 1U);
  EXPECT_EQ(at(4, Border::mirrored), 2U);
  EXPECT_EQ(at(100, Border::reflect), 3U);  // Period 8: 100 is 4, the mirror of 3.
}

TEST(Digital, BrightnessAndContrastInClosedForm) {
  const ImageShape shape{3, 8, 8};
  Values image(shape.size(), 0.0F);
  for (std::size_t i = 0; i < 64; ++i) {
    image[i] = 0.4F;
    image[64 + i] = 0.2F;
  }
  const Values bright = run("brightness", shape, image, {1});  // Value .4 → .5.
  EXPECT_NEAR(bright[5], 0.5F, 1e-6F);
  EXPECT_NEAR(bright[69], 0.25F, 1e-6F);
  EXPECT_EQ(bright[130], 0.0F);
  Values halves(64, 0.2F);
  std::fill(halves.begin() + 32, halves.end(), 0.8F);
  const Values flat = run("contrast", {1, 8, 8}, halves, {1});  // Mean .5, factor .4.
  EXPECT_NEAR(flat[0], 0.38F, 1e-6F);
  EXPECT_NEAR(flat[63], 0.62F, 1e-6F);
  const Values lifted = run("brightness", {1, 8, 8}, halves, {1});
  EXPECT_NEAR(lifted[0], 0.3F, 1e-6F);
}

TEST(Digital, SaturateInClosedForm) {
  const ImageShape shape{3, 8, 8};
  Values image(shape.size(), 0.6F);
  std::fill(image.begin() + 64, image.begin() + 128, 0.3F);  // Saturation (.6 − .3) / .6 = .5.
  const Values pale = run("saturate", shape, image, {1});    // .15: green = .6·(1 − .15).
  EXPECT_NEAR(pale[0], 0.6F, 1e-6F);
  EXPECT_NEAR(pale[64], 0.51F, 1e-6F);
  EXPECT_NEAR(pale[128], 0.6F, 1e-6F);
  const Values grey(64, 0.3F);
  EXPECT_EQ(run("saturate", {1, 8, 8}, grey, {5}), grey);
}

TEST(Digital, PixelateMeansWholeBlocks) {
  const ImageShape shape{1, 8, 8};
  Values image(64);
  for (std::size_t i = 0; i < 64; ++i) image[i] = static_cast<float>(i % 8) / 8.0F;
  const Values out = run("pixelate", shape, image, {2});  // Half the pixels: blocks of two.
  for (std::size_t x = 0; x < 8; ++x) {
    EXPECT_NEAR(out[x], (static_cast<float>(x / 2 * 2) + 0.5F) / 8.0F, 1e-6F);
  }
}

/// The same bytes through libjpeg's own calls.
TEST(Digital, JpegIsLibjpegsRoundTrip) {
  const ImageShape shape{3, 24, 40};
  const Values image = test::scene(shape, 3);
  std::vector<unsigned char> bytes(shape.size());
  for (std::size_t i = 0; i < shape.pixels(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      bytes[3 * i + c] =
          static_cast<unsigned char>(std::lround(image[c * shape.pixels() + i] * 255.0F));
    }
  }
  jpeg_error_mgr errors;
  jpeg_compress_struct writer;
  writer.err = jpeg_std_error(&errors);
  jpeg_create_compress(&writer);
  unsigned char* file = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&writer, &file, &size);
  writer.image_width = 40;
  writer.image_height = 24;
  writer.input_components = 3;
  writer.in_color_space = JCS_RGB;
  jpeg_set_defaults(&writer);
  jpeg_set_quality(&writer, 25, TRUE);
  jpeg_start_compress(&writer, TRUE);
  for (std::size_t y = 0; y < 24; ++y) {
    JSAMPROW row = bytes.data() + y * 120;
    jpeg_write_scanlines(&writer, &row, 1);
  }
  jpeg_finish_compress(&writer);
  jpeg_destroy_compress(&writer);
  jpeg_decompress_struct reader;
  reader.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&reader);
  jpeg_mem_src(&reader, file, size);
  jpeg_read_header(&reader, TRUE);
  jpeg_start_decompress(&reader);
  for (std::size_t y = 0; y < 24; ++y) {
    JSAMPROW row = bytes.data() + y * 120;
    jpeg_read_scanlines(&reader, &row, 1);
  }
  jpeg_finish_decompress(&reader);
  jpeg_destroy_decompress(&reader);
  std::free(file);
  const Values out = run("jpeg_compression", shape, image, {1});
  for (std::size_t i = 0; i < shape.pixels(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      ASSERT_EQ(out[c * shape.pixels() + i], static_cast<float>(bytes[3 * i + c]) / 255.0F);
    }
  }
  EXPECT_NE(out, image);
}

TEST(Geometry, TranslateShiftsExactly) {
  const ImageShape shape{1, 20, 40};
  const Values image = test::scene(shape, 3);
  const Values out = run("translate", shape, image, {2});  // 2 rows, 4 columns, either way.
  bool matched = false;
  for (const int down : {-2, 2}) {
    for (const int right : {-4, 4}) {
      bool same = true;
      for (int y = 0; y < 20; ++y) {
        for (int x = 0; x < 40; ++x) {
          const int from_y = y - down;
          const int from_x = x - right;
          const bool inside = from_y >= 0 && from_y < 20 && from_x >= 0 && from_x < 40;
          const float expected =
              inside ? image[static_cast<std::size_t>(from_y * 40 + from_x)] : 0.0F;
          same = same && out[static_cast<std::size_t>(y * 40 + x)] == expected;
        }
      }
      matched = matched || same;
    }
  }
  EXPECT_TRUE(matched);
}

TEST(Geometry, ScaleHalvesADisk) {
  const ImageShape shape{1, 81, 81};
  Values image(shape.size(), 0.0F);
  double before = 0.0;
  for (std::size_t y = 0; y < 81; ++y) {
    for (std::size_t x = 0; x < 81; ++x) {
      if (std::hypot(static_cast<double>(y) - 40.0, static_cast<double>(x) - 40.0) < 30.0) {
        image[y * 81 + x] = 1.0F;
        before += 1.0;
      }
    }
  }
  double after = 0.0;
  for (const float value : run("scale", shape, image, {5})) after += static_cast<double>(value);
  EXPECT_NEAR(after / before, 0.25, 0.01);
}

TEST(Geometry, StripesInvertTheStatedShareOfColumns) {
  const ImageShape shape{1, 10, 400};
  const Values out = run("stripe", shape, Values(shape.size(), 0.2F), {3});
  const auto inverted =
      std::count_if(out.begin(), out.end(), [](float v) { return std::abs(v - 0.8F) < 1e-6F; });
  EXPECT_NEAR(static_cast<double>(inverted) / static_cast<double>(out.size()), 0.3, 0.011);
}

TEST(Weather, PlasmaSpansTheUnitIntervalAndIsSmootherWithMoreDecay) {
  const auto roughness = [](double decay) {
    const Plane map = plasma(128, decay, RandomField(1, 2, 0));
    const auto [low, high] = std::minmax_element(map.values.begin(), map.values.end());
    EXPECT_EQ(*low, 0.0F);
    EXPECT_EQ(*high, 1.0F);
    double sum = 0.0;
    for (std::size_t i = 1; i < map.values.size(); ++i) {
      sum += std::abs(static_cast<double>(map.values[i]) - static_cast<double>(map.values[i - 1]));
    }
    return sum;
  };
  EXPECT_GT(roughness(1.4), 2.0 * roughness(3.0));
}

TEST(Weather, FogInClosedForm) {
  // On a white image x = (1 + c·p)·1 / (1 + c), with p the cloud: between 1 / (1 + c) and 1.
  const ImageShape shape{1, 64, 64};
  const Values out = run("fog", shape, Values(shape.size(), 1.0F), {1});
  const auto [low, high] = std::minmax_element(out.begin(), out.end());
  EXPECT_NEAR(*low, 1.0F / 2.5F, 1e-5F);
  EXPECT_NEAR(*high, 1.0F, 1e-5F);
}

}  // namespace
}  // namespace emdyn::provoke::corrupt
