#include "corrupt_bench.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>

#include "emdyn/core/philox.hpp"
#include "emdyn/provoke/corrupt/filter.hpp"
#include "emdyn/provoke/corrupt/registry.hpp"

namespace emdyn::bench {
namespace {

using provoke::corrupt::ImageShape;
using Values = std::vector<float>;

template <class Call>
double seconds(Call&& call) {
  const auto start = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Values image_of(const ImageShape& shape) {
  Philox random(1);
  Values values(shape.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double at = static_cast<double>(i % shape.pixels());
    values[i] = static_cast<float>(0.4 + 0.3 * std::sin(at * 0.01) + 0.2 * random.uniform());
  }
  return values;
}

/// Plain loops, one pixel after the other, the noise from one stream.
class Plain {
 public:
  Plain(const ImageShape& shape, const Values& image) : shape_(shape), image_(image) {}

  /// Five severities; nothing for corruptions without a plain form here.
  std::function<void()> find(std::string_view name) {
    if (name == "gaussian_noise") return [this] { noise(); };
    if (name == "gaussian_blur") return [this] { blur_all(); };
    if (name == "defocus_blur") return [this] { defocus(); };
    if (name == "glass_blur") return [this] { glass(); };
    if (name == "contrast") return [this] { contrast(); };
    return {};
  }
  float sink() const { return out_.empty() ? 0.0F : out_[out_.size() / 2]; }

 private:
  float at(const Values& from, std::size_t c, std::ptrdiff_t y, std::ptrdiff_t x) const {
    y = std::clamp<std::ptrdiff_t>(y, 0, static_cast<std::ptrdiff_t>(shape_.height) - 1);
    x = std::clamp<std::ptrdiff_t>(x, 0, static_cast<std::ptrdiff_t>(shape_.width) - 1);
    return from[(c * shape_.height + static_cast<std::size_t>(y)) * shape_.width +
                static_cast<std::size_t>(x)];
  }
  /// Calls `one(channel, y, x)` for every pixel and stores what it returns.
  template <class One>
  Values each(One&& one) const {
    Values values(shape_.size());
    std::size_t i = 0;
    for (std::size_t c = 0; c < shape_.channels; ++c) {
      for (std::size_t y = 0; y < shape_.height; ++y) {
        for (std::size_t x = 0; x < shape_.width; ++x) {
          values[i++] = one(c, static_cast<std::ptrdiff_t>(y), static_cast<std::ptrdiff_t>(x));
        }
      }
    }
    return values;
  }
  void noise() {
    Philox random(1);
    for (const double deviation : {.08, .12, .18, .26, .38}) {
      out_ = each([&](std::size_t c, std::ptrdiff_t y, std::ptrdiff_t x) {
        const double value = static_cast<double>(at(image_, c, y, x)) + deviation * random.normal();
        return static_cast<float>(std::clamp(value, 0.0, 1.0));
      });
    }
  }
  Values blurred(const Values& from, double sigma) const {
    const auto weights = provoke::corrupt::gaussian_weights(sigma);
    const auto radius = static_cast<std::ptrdiff_t>(weights.size() / 2);
    const auto pass = [&](const Values& source, std::ptrdiff_t down, std::ptrdiff_t right) {
      return each([&](std::size_t c, std::ptrdiff_t y, std::ptrdiff_t x) {
        double sum = 0.0;
        for (std::ptrdiff_t k = -radius; k <= radius; ++k) {
          sum += weights[static_cast<std::size_t>(k + radius)] *
                 static_cast<double>(at(source, c, y + k * down, x + k * right));
        }
        return static_cast<float>(sum);
      });
    };
    return pass(pass(from, 1, 0), 0, 1);
  }
  void blur_all() {
    for (const double sigma : {1.0, 2.0, 3.0, 4.0, 6.0}) out_ = blurred(image_, sigma);
  }
  void defocus() {
    for (const double radius : {3.0, 4.0, 6.0, 8.0, 10.0}) {
      const provoke::corrupt::Kernel kernel = provoke::corrupt::disk_kernel(radius, 0.5);
      const auto reach = static_cast<std::ptrdiff_t>(kernel.height / 2);
      out_ = each([&](std::size_t c, std::ptrdiff_t y, std::ptrdiff_t x) {
        float sum = 0.0F;
        std::size_t k = 0;
        for (std::ptrdiff_t i = -reach; i <= reach; ++i) {
          for (std::ptrdiff_t j = -reach; j <= reach; ++j) {
            sum += kernel.weights[k++] * at(image_, c, y + i, x + j);
          }
        }
        return sum;
      });
    }
  }
  void glass() {
    struct Glass {
      double sigma;
      std::size_t reach;
      int rounds;
    };
    Philox random(1);
    for (const Glass& g :
         {Glass{.7, 1, 2}, Glass{.9, 2, 1}, Glass{1, 2, 3}, Glass{1.1, 3, 2}, Glass{1.5, 4, 2}}) {
      Values values = blurred(image_, g.sigma);
      for (int round = 0; round < g.rounds; ++round) {
        for (std::size_t y = shape_.height - g.reach; y > g.reach; --y) {
          for (std::size_t x = shape_.width - g.reach; x > g.reach; --x) {
            const auto span = static_cast<std::uint32_t>(2 * g.reach);
            const std::size_t other_y = y + random.below(span) - g.reach;
            const std::size_t other_x = x + random.below(span) - g.reach;
            if (y >= shape_.height || x >= shape_.width) continue;
            for (std::size_t c = 0; c < shape_.channels; ++c) {
              std::swap(values[c * shape_.pixels() + y * shape_.width + x],
                        values[c * shape_.pixels() + other_y * shape_.width + other_x]);
            }
          }
        }
      }
      out_ = blurred(values, g.sigma);
    }
  }
  void contrast() {
    for (const double kept : {.4, .3, .2, .1, .05}) {
      std::vector<double> means(shape_.channels, 0.0);
      for (std::size_t i = 0; i < image_.size(); ++i) {
        means[i / shape_.pixels()] +=
            static_cast<double>(image_[i]) / static_cast<double>(shape_.pixels());
      }
      out_ = each([&](std::size_t c, std::ptrdiff_t y, std::ptrdiff_t x) {
        const double value = static_cast<double>(at(image_, c, y, x));
        return static_cast<float>((value - means[c]) * kept + means[c]);
      });
    }
  }

  ImageShape shape_;
  const Values& image_;
  Values out_;
};

}  // namespace

std::vector<Row> corrupt_rows(const CorruptBenchOptions& options) {
  const ImageShape shape{3, options.height, options.width};
  const Values image = image_of(shape);
  Values out(image.size());
  Plain plain(shape, image);
  std::vector<Row> rows;
  double all = 0.0;
  for (const provoke::corrupt::CorruptionEntry& entry : provoke::corrupt::entries()) {
    const auto five = [&] {
      for (std::size_t severity = 1; severity <= 5; ++severity) {
        provoke::corrupt::corrupt(entry.name, shape, image, out, {severity});
      }
    };
    double best = HUGE_VAL;
    for (int repeat = 0; repeat < 3; ++repeat) best = std::min(best, seconds(five));
    if (entry.image_net_c) all += best;
    rows.push_back({std::string(entry.name), best, "s", {}, ""});
    if (const auto slow = plain.find(entry.name)) {
      rows.back().baseline = seconds(slow);
      rows.back().baseline_name = "plain loops over pixels, one core";
    }
  }
  rows.push_back({"all19", std::isfinite(plain.sink()) ? all : NAN, "s", {}, ""});
  return rows;
}

}  // namespace emdyn::bench
