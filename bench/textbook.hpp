#pragma once
#include <optional>
#include <span>
#include <string_view>

namespace emdyn::bench {

/// Updates per processor second of a plain implementation of the same method: the textbook's
/// formulas in straightforward C++ (standard containers, one struct a method, compiled with the
/// same options), without the bounds, tables, layouts and vector loops of the library's. Nothing
/// where there is none.
std::optional<double> textbook_rate(std::string_view detector, std::span<const double> samples,
                                    double seconds);

/// The same for detectors of rows; `rows` holds `channels` values a row, already standardised.
std::optional<double> textbook_row_rate(std::string_view detector, std::span<const double> rows,
                                        std::size_t channels, double seconds);

/// The EWMA chart and CUSUM of one signal, as one would write them: an array of these is what the
/// bank is measured against.
class TextbookPair {
 public:
  double update(double sample);

 private:
  double ewma_score() const;

  double count_ = 0.0;
  double mean_ = 0.0;
  double squares_ = 0.0;
  double sigma_ = 1.0;
  double average_ = 0.0;
  double decay_ = 1.0;
  double upper_ = 0.0;
  double lower_ = 0.0;
};

}  // namespace emdyn::bench
