#include "tcpd.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "emdyn/core/error.hpp"

namespace emdyn::bench {
namespace {

using Points = std::set<std::size_t>;

Points with_zero(std::span<const std::size_t> points) {
  Points set(points.begin(), points.end());
  set.insert(0);
  return set;
}

std::size_t distance(std::size_t a, std::size_t b) { return a > b ? a - b : b - a; }

/// How many of `truth` have a found point of their own within the margin.
std::size_t matched(const Points& truth, Points found, std::size_t margin) {
  std::size_t count = 0;
  for (const std::size_t point : truth) {
    const auto nearest = std::ranges::min_element(
        found, {}, [point](std::size_t other) { return distance(point, other); });
    if (nearest == found.end() || distance(point, *nearest) > margin) continue;
    ++count;
    found.erase(nearest);
  }
  return count;
}

/// Ends of segments, the last being the number of samples.
std::vector<std::size_t> edges(std::span<const std::size_t> points, std::size_t samples) {
  Points set = with_zero(points);
  set.erase(set.lower_bound(samples), set.end());
  std::vector<std::size_t> list(set.begin(), set.end());
  list.push_back(samples);
  return list;
}

double best_overlap(std::size_t from, std::size_t to, const std::vector<std::size_t>& others) {
  double best = 0.0;
  for (std::size_t i = 0; i + 1 < others.size(); ++i) {
    const std::size_t low = std::max(from, others[i]);
    const std::size_t high = std::min(to, others[i + 1]);
    if (high <= low) continue;
    const std::size_t all = std::max(to, others[i + 1]) - std::min(from, others[i]);
    best = std::max(best, static_cast<double>(high - low) / static_cast<double>(all));
  }
  return best;
}

Json read_json(const std::filesystem::path& path) {
  std::ifstream stream(path);
  if (!stream) throw DataError("tcpd: cannot open " + path.string());
  std::ostringstream text;
  text << stream.rdbuf();
  return parse_json(text.str(), path.string());
}

void standardise(std::vector<double>& values) {
  const double count = static_cast<double>(values.size());
  double mean = 0.0;
  for (const double value : values) mean += value / count;
  double square = 0.0;
  for (const double value : values) square += (value - mean) * (value - mean) / count;
  const double deviation = square > 0.0 ? std::sqrt(square) : 1.0;
  for (double& value : values) value = (value - mean) / deviation;
}

std::vector<double> read_values(const std::filesystem::path& path) {
  const Json json = read_json(path);
  const Json::json_pointer where("/series/0/raw");
  if (!json.contains(where) || !json.at(where).is_array()) {
    throw DataError("tcpd: " + path.string() + " has no series[0].raw");
  }
  std::vector<double> values;
  for (const Json& value : json.at(where)) {
    if (value.is_number()) values.push_back(value.get<double>());  // null: missing.
  }
  if (values.empty()) throw DataError("tcpd: " + path.string() + " holds no number");
  standardise(values);
  return values;
}

}  // namespace

ChangePointScore change_point_f1(std::span<const std::vector<std::size_t>> annotations,
                                 std::span<const std::size_t> found, std::size_t margin) {
  const Points predicted = with_zero(found);
  Points all{0};
  double recall = 0.0;
  for (const auto& points : annotations) {
    const Points truth = with_zero(points);
    all.insert(truth.begin(), truth.end());
    recall += static_cast<double>(matched(truth, predicted, margin)) /
              static_cast<double>(truth.size()) / static_cast<double>(annotations.size());
  }
  const double precision =
      static_cast<double>(matched(all, predicted, margin)) / static_cast<double>(predicted.size());
  const double sum = precision + recall;
  return {precision, recall, sum > 0.0 ? 2.0 * precision * recall / sum : 0.0};
}

double segment_covering(std::span<const std::vector<std::size_t>> annotations,
                        std::span<const std::size_t> found, std::size_t samples) {
  const auto predicted = edges(found, samples);
  double total = 0.0;
  for (const auto& points : annotations) {
    const auto truth = edges(points, samples);
    for (std::size_t i = 0; i + 1 < truth.size(); ++i) {
      total += static_cast<double>(truth[i + 1] - truth[i]) *
               best_overlap(truth[i], truth[i + 1], predicted);
    }
  }
  return total / static_cast<double>(samples) / static_cast<double>(annotations.size());
}

std::vector<TcpdSeries> load_tcpd(const std::filesystem::path& folder) {
  const Json annotations = read_json(folder / "annotations.json");
  if (!annotations.is_object()) throw DataError("tcpd: annotations.json must be an object");
  std::vector<TcpdSeries> list;
  for (const auto& [name, annotators] : annotations.items()) {
    if (!std::filesystem::exists(folder / (name + ".json"))) continue;  // Part of the collection.
    TcpdSeries& series = list.emplace_back();
    series.name = name;
    series.values = read_values(folder / (name + ".json"));
    for (const auto& [annotator, points] : annotators.items()) {
      auto& marks = series.annotations.emplace_back();
      for (const Json& point : points) {
        if (!point.is_number_unsigned()) {
          throw DataError("tcpd: annotations.json: " + name + "." + annotator +
                          " must list sample numbers");
        }
        marks.push_back(point.get<std::size_t>());
      }
    }
    if (series.annotations.empty()) throw DataError("tcpd: " + name + " has no annotator");
  }
  return list;
}

std::vector<Row> tcpd_rows(std::span<const TcpdSeries> series, std::span<const Segmenter> methods) {
  std::vector<Segmenter> all{
      {"no_change", [](std::span<const double>) { return std::vector<std::size_t>{}; }}};
  all.insert(all.end(), methods.begin(), methods.end());
  std::vector<Row> rows;
  std::optional<double> f1_baseline;
  std::optional<double> cover_baseline;
  for (const Segmenter& method : all) {
    double f1 = 0.0;
    double cover = 0.0;
    for (const TcpdSeries& one : series) {
      const auto found = method.find(one.values);
      f1 += change_point_f1(one.annotations, found).f1 / static_cast<double>(series.size());
      cover += segment_covering(one.annotations, found, one.values.size()) /
               static_cast<double>(series.size());
    }
    if (!f1_baseline) f1_baseline = f1;
    if (!cover_baseline) cover_baseline = cover;
    rows.push_back({method.name + "/f1", f1, "f1", f1_baseline, "no_change"});
    rows.push_back({method.name + "/cover", cover, "cover", cover_baseline, "no_change"});
  }
  return rows;
}

}  // namespace emdyn::bench
