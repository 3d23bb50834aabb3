#include "textbook.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <numbers>
#include <vector>

#include "processor_time.hpp"

namespace emdyn::bench {
namespace {

struct Welford {
  double count = 0.0;
  double mean = 0.0;
  double squares = 0.0;
  void add(double x) {
    count += 1.0;
    const double delta = x - mean;
    mean += delta / count;
    squares += delta * (x - mean);
  }
  double sigma() const { return std::sqrt(squares / (count - 1.0)); }
};

struct Ewma {
  Welford baseline;
  double average = 0.0;
  double decay = 1.0;
  double update(double x) {
    if (baseline.count < 100.0) {
      baseline.add(x);
      return 0.0;
    }
    const double z = (x - baseline.mean) / baseline.sigma();
    average += 0.2 * (z - average);
    decay *= 0.64;
    return std::abs(average) / (2.962 * std::sqrt(0.2 / 1.8 * (1.0 - decay)));
  }
};

struct Cusum {
  Welford baseline;
  double upper = 0.0;
  double lower = 0.0;
  double update(double x) {
    if (baseline.count < 100.0) {
      baseline.add(x);
      return 0.0;
    }
    const double z = (x - baseline.mean) / baseline.sigma();
    upper = std::max(0.0, upper + z - 0.5);
    lower = std::max(0.0, lower - z - 0.5);
    return std::max(upper, lower) / 5.0;
  }
};

struct KSigma {
  Welford past;
  double update(double x) {
    const double score = past.count < 30.0 ? 0.0 : std::abs(x - past.mean) / past.sigma() / 3.0;
    past.add(x);
    return score;
  }
};

struct PageHinkley {
  Welford all;
  double rise = 0.0;
  double fall = 0.0;
  double update(double x) {
    all.add(x);
    rise = std::max(0.0, 0.9999 * rise + (x - all.mean - 0.005));
    fall = std::max(0.0, 0.9999 * fall + (all.mean - x - 0.005));
    return all.count < 30.0 ? 0.0 : std::max(rise, fall) / 50.0;
  }
};

struct Ddm {
  double count = 0.0;
  double rate = 0.0;
  double best_rate = 1e100;
  double best_sigma = 1e100;
  double update(double error) {
    count += 1.0;
    rate += (error - rate) / count;
    const double sigma = std::sqrt(rate * (1.0 - rate) / count);
    if (count < 30.0) return 0.0;
    if (rate > 0.0 && rate + sigma <= best_rate + best_sigma) {
      best_rate = rate;
      best_sigma = sigma;
    }
    return (rate + sigma - best_rate) / (3.0 * best_sigma);
  }
};

struct Eddm {
  Welford distances;
  double time = 0.0;
  double last = 0.0;
  double best = 0.0;
  double score = 0.0;
  double update(double error) {
    time += 1.0;
    if (error < 0.5) return score;
    distances.add(time - last);
    last = time;
    const double level = distances.mean + 2.0 * std::sqrt(distances.squares / distances.count);
    if (distances.count < 30.0) return 0.0;
    best = std::max(best, level);
    return score = (1.0 - level / best) / 0.1;
  }
};

/// Frias-Blanco et al., A-test, one side.
struct HddmA {
  double n = 0.0;
  double sum = 0.0;
  double n_min = 0.0;
  double sum_min = 0.0;
  double update(double x) {
    n += 1.0;
    sum += x;
    const auto bound = [](double count) {
      return std::sqrt(std::log(1.0 / 0.001) / (2.0 * count));
    };
    if (n_min == 0.0 || sum_min / n_min + bound(n_min) >= sum / n + bound(n)) {
      n_min = n;
      sum_min = sum;
    }
    if (n_min == n) return 0.0;
    const double m = (n - n_min) / n_min * (1.0 / n);
    const double epsilon = std::sqrt(m / 2.0 * std::log(2.0 / 0.001));
    return std::max(0.0, (sum / n - sum_min / n_min) / epsilon);
  }
};

/// Frias-Blanco et al., W-test, one side.
struct HddmW {
  struct Average {
    double mean = 0.0;
    double weight = 0.0;
    void add(double x) {
      mean = weight == 0.0 ? x : 0.05 * x + 0.95 * mean;
      weight = weight == 0.0 ? 1.0 : 0.05 * 0.05 + 0.95 * 0.95 * weight;
    }
  };
  Average all;
  Average before;
  Average after;
  double lowest = 2.0;
  double update(double x) {
    all.add(x);
    const double half_log = std::log(1.0 / 0.001) / 2.0;
    const double bound = all.mean + std::sqrt(all.weight * half_log);
    if (bound < lowest) {
      lowest = bound;
      before = all;
      after = {};
      return 0.0;
    }
    after.add(x);
    return std::max(
        0.0, (after.mean - before.mean) / std::sqrt((before.weight + after.weight) * half_log));
  }
};

/// Bifet & Gavalda: rows of buckets of 2^i samples, every cut tried at every 32nd sample.
struct Adwin {
  struct Bucket {
    double total = 0.0;
    double variance = 0.0;
  };
  std::vector<std::deque<Bucket>> rows{1};
  double width = 0.0;
  double total = 0.0;
  double variance = 0.0;
  long time = 0;
  double score = 0.0;

  void insert(double x) {
    if (width > 0.0) variance += width * std::pow(x - total / width, 2.0) / (width + 1.0);
    width += 1.0;
    total += x;
    rows[0].push_back({x, 0.0});
    for (std::size_t i = 0; i < rows.size() && rows[i].size() > 5; ++i) {
      if (i + 1 == rows.size()) rows.emplace_back();
      const double size = std::pow(2.0, static_cast<double>(i));
      const Bucket a = rows[i][0];
      const Bucket b = rows[i][1];
      const double between = size * std::pow(a.total / size - b.total / size, 2.0) / 2.0;
      rows[i + 1].push_back({a.total + b.total, a.variance + b.variance + between});
      rows[i].pop_front();
      rows[i].pop_front();
    }
  }
  void drop() {
    const double size = std::pow(2.0, static_cast<double>(rows.size() - 1));
    const Bucket gone = rows.back().front();
    rows.back().pop_front();
    if (rows.back().empty() && rows.size() > 1) rows.pop_back();
    width -= size;
    total -= gone.total;
    const double between =
        size * width * std::pow(gone.total / size - total / width, 2.0) / (size + width);
    variance = std::max(0.0, variance - gone.variance - between);
  }
  bool cut() {
    double n0 = 0.0;
    double total0 = 0.0;
    const double delta = std::log(2.0 * std::log(width) / 0.002);
    for (std::size_t i = rows.size(); i-- > 0;) {
      for (const Bucket& bucket : rows[i]) {
        n0 += std::pow(2.0, static_cast<double>(i));
        total0 += bucket.total;
        const double n1 = width - n0;
        if (n0 < 6.0 || n1 < 6.0) continue;
        const double m = 1.0 / (n0 - 4.0) + 1.0 / (n1 - 4.0);
        const double epsilon =
            std::sqrt(2.0 * m * variance / width * delta) + 2.0 / 3.0 * delta * m;
        const double ratio = std::abs(total0 / n0 - (total - total0) / n1) / epsilon;
        score = std::max(score, ratio);
        if (ratio <= 1.0) continue;
        drop();
        return true;
      }
    }
    return false;
  }
  double update(double x) {
    insert(x);
    score = 0.0;
    if (++time % 32 == 0 && width > 10.0) {
      while (cut()) {
      }
    }
    return score;
  }
};

template <bool kSr>
struct EDetector {
  Welford baseline;
  double rise = 0.0;
  double fall = 0.0;
  double update(double x) {
    if (baseline.count < 100.0) {
      baseline.add(x);
      return 0.0;
    }
    const double error = 3.0 * std::sqrt((baseline.squares + 0.25) / 1e4);
    const double up = std::max(0.0, 1.0 + 0.8 * (x - (baseline.mean + error)));
    const double down = std::max(0.0, 1.0 + 0.8 * (baseline.mean - error - x));
    rise = (kSr ? rise + 1.0 : std::max(rise, 1.0)) * up;
    fall = (kSr ? fall + 1.0 : std::max(fall, 1.0)) * down;
    return 1e-3 * 0.5 * (rise + fall);
  }
};

/// Romano et al. and Ward et al.: candidates on the two hulls, each evaluated at every sample.
template <int kFamily>  // 0 Gaussian, 1 Poisson, 2 Bernoulli.
struct Focus {
  struct Point {
    double n = 0.0;
    double sum = 0.0;
  };
  std::vector<Point> lower{{}};
  std::vector<Point> upper{{}};
  Welford baseline;

  static double x_log(double x, double n) { return x > 0.0 ? x * std::log(x / n) : 0.0; }
  static double fit(double sum, double n) {
    if (kFamily == 0) return 0.5 * sum * sum / n;
    return x_log(sum, n) + (kFamily == 2 ? x_log(n - sum, n) : 0.0);
  }
  static void push(std::vector<Point>& hull, Point now, double sign) {
    while (hull.size() >= 2) {
      const Point b = hull.back();
      const Point a = hull[hull.size() - 2];
      if (sign * ((b.sum - a.sum) * (now.n - b.n) - (now.sum - b.sum) * (b.n - a.n)) < 0.0) break;
      hull.pop_back();
    }
    hull.push_back(now);
  }
  double update(double x) {
    if (kFamily == 0) {
      if (baseline.count < 100.0) {
        baseline.add(x);
        return 0.0;
      }
      x = (x - baseline.mean) / baseline.sigma();
    }
    const Point now{lower.back().n + 1.0, lower.back().sum + x};
    push(lower, now, 1.0);
    push(upper, now, -1.0);
    double best = 0.0;
    for (const auto* hull : {&lower, &upper}) {
      for (const Point& split : *hull) {
        if (split.n == 0.0 || split.n == now.n) continue;
        best =
            std::max(best, 2.0 * (fit(split.sum, split.n) +
                                  fit(now.sum - split.sum, now.n - split.n) - fit(now.sum, now.n)));
      }
    }
    return best / 25.0;
  }
};

/// Adams & MacKay with a normal-inverse-gamma prior; the 64 likeliest run lengths are kept.
struct Bocpd {
  struct Run {
    double p, length, mean, kappa, alpha, beta;
  };
  std::vector<Run> runs{{1.0, 0.0, 0.0, 1.0, 1.0, 1.0}};
  double age = 0.0;
  double update(double x) {
    double total = 0.0;
    for (Run& run : runs) {
      const double freedom = 2.0 * run.alpha;
      const double scale = run.beta * (run.kappa + 1.0) / (run.alpha * run.kappa);
      const double t = (x - run.mean) * (x - run.mean) / scale;
      const double log_density = std::lgamma(0.5 * (freedom + 1.0)) - std::lgamma(0.5 * freedom) -
                                 0.5 * std::log(freedom * std::numbers::pi * scale) -
                                 0.5 * (freedom + 1.0) * std::log1p(t / freedom);
      run.p *= std::exp(log_density);
      total += run.p;
      run.beta += 0.5 * run.kappa * (x - run.mean) * (x - run.mean) / (run.kappa + 1.0);
      run.mean = (run.kappa * run.mean + x) / (run.kappa + 1.0);
      run.kappa += 1.0;
      run.alpha += 0.5;
      run.length += 1.0;
    }
    for (Run& run : runs) run.p *= 0.99 / total;
    runs.push_back({0.01, 0.0, 0.0, 1.0, 1.0, 1.0});
    std::erase_if(runs, [](const Run& run) { return run.p < 1e-6; });
    if (runs.size() > 64) {
      runs.erase(std::ranges::min_element(runs, {}, &Run::p));
    }
    const double limit = std::min(50.0, 0.5 * ++age);
    double recent = 0.0;
    double older = 0.0;
    for (const Run& run : runs) (run.length < limit ? recent : older) += run.p;
    return older > 0.0 ? recent / older : 1e12;
  }
};

/// Both parts of the window sorted anew at every sample.
struct Kswin {
  std::deque<double> window;
  double update(double x) {
    window.push_back(x);
    if (window.size() > 100) window.pop_front();
    if (window.size() < 100) return 0.0;
    std::vector<double> older(window.begin(), window.begin() + 70);
    std::vector<double> recent(window.begin() + 70, window.end());
    std::ranges::sort(older);
    std::ranges::sort(recent);
    double distance = 0.0;
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < older.size() && j < recent.size()) {
      const double value = std::min(older[i], recent[j]);
      while (i < older.size() && older[i] == value) ++i;
      while (j < recent.size() && recent[j] == value) ++j;
      distance = std::max(distance,
                          std::abs(static_cast<double>(i) / 70.0 - static_cast<double>(j) / 30.0));
    }
    return distance / (std::sqrt(-0.5 * std::log(0.0025)) / std::sqrt(21.0));
  }
};

/// The EWMA chart and CUSUM of one signal with one baseline, as one would write them.
struct Pair {
  double count = 0.0;
  double mean = 0.0;
  double squares = 0.0;
  double sigma = 1.0;
  double average = 0.0;
  double decay = 1.0;
  double upper = 0.0;
  double lower = 0.0;
  double update(double x) {
    if (count < 100.0) {
      count += 1.0;
      const double delta = x - mean;
      mean += delta / count;
      squares += delta * (x - mean);
      if (count == 100.0) sigma = std::sqrt(squares / 99.0);
      return 0.0;
    }
    const double z = (x - mean) / sigma;
    average += 0.2 * (z - average);
    decay *= 0.64;
    upper = std::max(0.0, upper + z - 0.5);
    lower = std::max(0.0, lower - z - 0.5);
    const double chart = std::abs(average) / (2.962 * std::sqrt(0.2 / 1.8 * (1.0 - decay)));
    return std::max(chart, std::max(upper, lower) / 5.0);
  }
};

template <class Method>
double rate(std::span<const double> samples, double seconds) {
  constexpr std::size_t kBlock = 1024;
  Method method;
  double sum = 0.0;
  std::size_t done = 0;
  const double start = thread_seconds();
  double spent = 0.0;
  while (spent < seconds) {
    const std::size_t at = done % samples.size();
    const auto block = samples.subspan(at, std::min(kBlock, samples.size() - at));
    for (const double sample : block) sum += method.update(sample);
    done += block.size();
    spent = thread_seconds() - start;
  }
  return std::isnan(sum) ? 0.0 : static_cast<double>(done) / spent;
}

template <class Method>
double array_rate(std::size_t signals, std::span<const double> samples, double seconds) {
  std::vector<Method> methods(signals);
  std::vector<double> scores(signals);
  const std::size_t rows = samples.size() / signals;
  std::size_t fed = 0;
  const auto feed = [&] {
    for (std::size_t row = 0; row < rows; ++row) {
      const double* sample = samples.data() + row * signals;
      for (std::size_t i = 0; i < signals; ++i) {
        scores[i] = std::max(scores[i], methods[i].update(sample[i]));
      }
    }
    fed += samples.size();
  };
  while (fed < kWarmupRows * signals) feed();
  fed = 0;
  const double start = thread_seconds();
  double spent = 0.0;
  while (spent < seconds) {
    feed();
    spent = thread_seconds() - start;
  }
  return static_cast<double>(fed) / spent;
}

template <class Method>
constexpr Textbook entry(std::string_view name) {
  return {name, &rate<Method>, &array_rate<Method>, sizeof(Method)};
}

constexpr std::array kTextbooks{
    entry<Adwin>("adwin"),
    entry<Bocpd>("bocpd"),
    entry<Cusum>("cusum"),
    entry<Ddm>("ddm"),
    entry<EDetector<false>>("e_cusum"),
    entry<EDetector<true>>("e_sr"),
    entry<Eddm>("eddm"),
    entry<Ewma>("ewma"),
    entry<Pair>("ewma_cusum"),
    entry<Focus<0>>("focus"),
    entry<Focus<2>>("focus_bernoulli"),
    entry<Focus<1>>("focus_poisson"),
    entry<HddmA>("hddm_a"),
    entry<HddmW>("hddm_w"),
    entry<KSigma>("k_sigma"),
    entry<Kswin>("kswin"),
    entry<PageHinkley>("page_hinkley"),
};

}  // namespace

const Textbook* find_textbook(std::string_view detector) {
  const auto found = std::ranges::find(kTextbooks, detector, &Textbook::name);
  return found == kTextbooks.end() ? nullptr : &*found;
}

}  // namespace emdyn::bench
