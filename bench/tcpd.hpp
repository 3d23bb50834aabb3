#pragma once
#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rows.hpp"

namespace emdyn::bench {

/// One series with the change points each annotator marked; a change point is the index of the
/// first sample of the new regime.
struct TcpdSeries {
  std::string name{};
  std::vector<double> values{};  ///< Standardised: mean 0, deviation (ddof 0) 1.
  std::vector<std::vector<std::size_t>> annotations{};
};

/// Precision over the union of all annotators' points, recall averaged over annotators; 0 counts as
/// a change point of everybody.
struct ChangePointScore {
  double precision = 0.0;
  double recall = 0.0;
  double f1 = 0.0;
};

/// A found point matches an annotated one at most `margin` samples away; each is used once.
/// Source: van den Burg & Williams, "An Evaluation of Change Point Detection Algorithms", 2020.
ChangePointScore change_point_f1(std::span<const std::vector<std::size_t>> annotations,
                                 std::span<const std::size_t> found, std::size_t margin = 5);

/// How well the found segments cover each annotator's, averaged over annotators; in [0, 1]. The
/// overlap of two segments is their intersection over their union. Source: as above, after Arbelaez
/// et al., 2010.
double segment_covering(std::span<const std::vector<std::size_t>> annotations,
                        std::span<const std::size_t> found, std::size_t samples);

/// Reads `annotations.json` of a folder and the series it names, standardised.
/// @throws DataError naming the file that cannot be read.
std::vector<TcpdSeries> load_tcpd(const std::filesystem::path& folder);

/// A method to be judged: values to change points.
struct Segmenter {
  std::string name;
  std::function<std::vector<std::size_t>(std::span<const double>)> find;
};

/// Rows `NAME/f1` and `NAME/cover` (means over the series) of every method, beside "no_change".
std::vector<Row> tcpd_rows(std::span<const TcpdSeries> series, std::span<const Segmenter> methods);

}  // namespace emdyn::bench
