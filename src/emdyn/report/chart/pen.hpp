#pragma once
#include <fmt/format.h>

#include <iterator>
#include <string>
#include <utility>

namespace emdyn::report {

/// Writes path data with relative integer coordinates, which is what keeps long runs small.
class Pen {
 public:
  void move(int x, int y) {
    fmt::format_to(std::back_inserter(out_), "M{} {}", x, y);
    x_ = x;
    y_ = y;
  }
  void line(int x, int y) {
    if (x == x_ && y == y_) return;
    auto end = std::back_inserter(out_);
    if (x == x_) {
      fmt::format_to(end, "v{}", y - y_);
    } else if (y == y_) {
      fmt::format_to(end, "h{}", x - x_);
    } else {
      fmt::format_to(end, "l{}{}{}", x - x_, y < y_ ? "" : " ", y - y_);
    }
    x_ = x;
    y_ = y;
  }
  void dot(int x, int y) {
    move(x, y);
    out_ += "h0";
  }
  void close() { out_ += 'z'; }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  int x_ = 0;
  int y_ = 0;
};

}  // namespace emdyn::report
