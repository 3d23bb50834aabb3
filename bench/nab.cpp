#include "nab.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

#include "emdyn/core/error.hpp"
#include "emdyn/core/json.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::bench {
namespace {

constexpr std::size_t kOutside = std::numeric_limits<std::size_t>::max();

/// What one sample is worth as a detection.
struct Worth {
  double score = 0.0;  // The detector's.
  double gain = 0.0;   // Weighted; of a window's samples only the best counts.
  std::size_t window = kOutside;
};

void check_shapes(std::span<const NabFile> files, std::span<const std::vector<double>> scores) {
  if (files.size() != scores.size()) {
    throw DataError("nab: scores must hold one vector per file; give as many as there are files");
  }
  for (std::size_t f = 0; f < files.size(); ++f) {
    if (files[f].values.size() != scores[f].size()) {
      throw DataError("nab: " + files[f].name + " has " + std::to_string(files[f].values.size()) +
                      " samples but " + std::to_string(scores[f].size()) +
                      " scores; give one score per sample");
    }
  }
}

double gain_outside(const NabFile& file, std::size_t next_window, std::size_t sample) {
  if (next_window == 0) return -1.0;
  const NabWindow& before = file.windows[next_window - 1];
  const double length = static_cast<double>(before.last - before.first);
  if (length == 0.0) return -1.0;
  return nab_sigmoid(static_cast<double>(sample - before.last) / length);
}

double gain_inside(const NabWindow& window, std::size_t sample) {
  const double length = static_cast<double>(window.last - window.first + 1);
  return nab_sigmoid(-static_cast<double>(window.last - sample + 1) / length) / nab_sigmoid(-1.0);
}

/// Every judged sample of every file, windows numbered through all files.
std::vector<Worth> worths(std::span<const NabFile> files,
                          std::span<const std::vector<double>> scores, const NabProfile& profile) {
  std::vector<Worth> list;
  std::size_t windows_before = 0;
  for (std::size_t f = 0; f < files.size(); ++f) {
    const NabFile& file = files[f];
    std::size_t next = 0;
    for (std::size_t i = 0; i < file.values.size(); ++i) {
      while (next < file.windows.size() && file.windows[next].last < i) ++next;
      if (i < nab_probation(file.values.size()) || std::isnan(scores[f][i])) continue;
      const bool inside = next < file.windows.size() && file.windows[next].first <= i;
      if (inside) {
        list.push_back({scores[f][i], profile.true_positive * gain_inside(file.windows[next], i),
                        windows_before + next});
      } else {
        list.push_back(
            {scores[f][i], profile.false_positive * gain_outside(file, next, i), kOutside});
      }
    }
    windows_before += file.windows.size();
  }
  return list;
}

std::size_t count_windows(std::span<const NabFile> files) {
  std::size_t count = 0;
  for (const NabFile& file : files) count += file.windows.size();
  return count;
}

/// The running total while the threshold falls past one sample after another.
class Sweep {
 public:
  Sweep(std::size_t windows, const NabProfile& profile)
      : profile_(profile), best_(windows, -profile.false_negative) {
    raw_ = -profile.false_negative * static_cast<double>(windows);
  }

  void detect(const Worth& sample) {
    if (sample.window == kOutside) {
      raw_ += sample.gain;
      ++false_alarms_;
      return;
    }
    double& best = best_[sample.window];
    if (best == -profile_.false_negative) ++detected_;
    const double better = std::max(best, sample.gain);
    raw_ += better - best;
    best = better;
  }

  NabScore result(double threshold) const {
    const double windows = static_cast<double>(best_.size());
    const double null = -profile_.false_negative * windows;
    const double perfect = profile_.true_positive * windows;
    const double normalised = windows > 0 ? 100.0 * (raw_ - null) / (perfect - null) : 0.0;
    return {threshold, raw_, normalised, best_.size(), detected_, false_alarms_};
  }

 private:
  NabProfile profile_;
  std::vector<double> best_;  // Of each window.
  double raw_ = 0.0;
  std::size_t detected_ = 0;
  std::size_t false_alarms_ = 0;
};

std::string without_fraction(const std::string& timestamp) {
  return timestamp.substr(0, timestamp.find('.'));
}

void read_csv(const std::filesystem::path& path, NabFile& file) {
  std::ifstream stream(path);
  if (!stream) throw DataError("nab: cannot open " + path.string());
  std::string line;
  std::getline(stream, line);  // The header.
  for (std::size_t number = 2; std::getline(stream, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    const std::size_t comma = line.find(',');
    const auto value = comma == std::string::npos
                           ? std::nullopt
                           : parse_double(std::string_view(line).substr(comma + 1));
    if (!value) {
      throw DataError("nab: " + path.string() + ":" + std::to_string(number) +
                      ": expected \"timestamp,number\"");
    }
    file.timestamps.push_back(without_fraction(line.substr(0, comma)));
    file.values.push_back(*value);
  }
}

NabWindow find_window(const NabFile& file, const Json& pair) {
  if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) {
    throw DataError("nab: windows.json: a window of " + file.name +
                    " must be two timestamps [\"from\", \"to\"]");
  }
  const auto index = [&](const Json& text) {
    const auto found =
        std::ranges::find(file.timestamps, without_fraction(text.get<std::string>()));
    if (found == file.timestamps.end()) {
      throw DataError("nab: windows.json: " + file.name + " has no timestamp " +
                      text.get<std::string>());
    }
    return static_cast<std::size_t>(found - file.timestamps.begin());
  };
  return {index(pair[0]), index(pair[1])};
}

}  // namespace

std::size_t nab_probation(std::size_t samples) noexcept {
  return std::min<std::size_t>(samples * 15 / 100, 750);
}

double nab_sigmoid(double y) noexcept {
  return y > 3.0 ? -1.0 : 2.0 / (1.0 + std::exp(5.0 * y)) - 1.0;
}

NabScore nab_score(std::span<const NabFile> files, std::span<const std::vector<double>> scores,
                   const NabProfile& profile, double threshold) {
  check_shapes(files, scores);
  Sweep sweep(count_windows(files), profile);
  for (const Worth& sample : worths(files, scores, profile)) {
    if (sample.score >= threshold) sweep.detect(sample);
  }
  return sweep.result(threshold);
}

NabScore nab_optimise(std::span<const NabFile> files, std::span<const std::vector<double>> scores,
                      const NabProfile& profile) {
  check_shapes(files, scores);
  std::vector<Worth> list = worths(files, scores, profile);
  std::ranges::stable_sort(list, std::ranges::greater{}, &Worth::score);
  Sweep sweep(count_windows(files), profile);
  NabScore best = sweep.result(std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < list.size(); ++i) {
    sweep.detect(list[i]);
    const bool last_of_level = i + 1 == list.size() || list[i + 1].score != list[i].score;
    if (!last_of_level) continue;
    const NabScore now = sweep.result(list[i].score);
    if (now.raw > best.raw) best = now;
  }
  return best;
}

std::vector<NabFile> load_nab(const std::filesystem::path& folder) {
  const auto path = folder / "windows.json";
  std::ifstream stream(path);
  if (!stream)
    throw DataError("nab: cannot open " + path.string() + "; give the data set's folder");
  std::ostringstream text;
  text << stream.rdbuf();
  const Json windows = parse_json(text.str(), path.string());
  if (!windows.is_object()) throw DataError("nab: windows.json must be an object of files");
  std::vector<NabFile> files;
  for (const auto& [name, list] : windows.items()) {
    NabFile& file = files.emplace_back();
    file.name = name;
    read_csv(folder / name, file);
    for (const Json& pair : list) file.windows.push_back(find_window(file, pair));
    const auto overlap = [](const NabWindow& a, const NabWindow& b) { return a.last >= b.first; };
    const bool backwards = std::ranges::any_of(
        file.windows, [](const NabWindow& window) { return window.last < window.first; });
    if (backwards || std::ranges::adjacent_find(file.windows, overlap) != file.windows.end()) {
      throw DataError("nab: windows.json: windows of " + name +
                      " must be in order, not overlapping");
    }
  }
  return files;
}

}  // namespace emdyn::bench
