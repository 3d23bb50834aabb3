#pragma once
#include <string>
#include <vector>

#include "emdyn/app/terminal/console.hpp"

namespace emdyn::app::terminal {

/// Text in aligned columns. Cells are untrusted and escaped; numbers (as `Right`) stand to the
/// right.
class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns);
  void row(std::vector<std::string> cells);
  /// Lines of at most `width` columns: the widest left-aligned column gives way first, shortened
  /// in the middle.
  std::vector<std::string> lines(std::size_t width) const;
  void print(Console& console) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// "lambada_op…ai/acc": a text of at most `width` columns that keeps its beginning and its end.
std::string shortened(std::string_view text, std::size_t width);

/// Number of terminal columns of a UTF-8 text, one a code point.
std::size_t text_columns(std::string_view text) noexcept;

}  // namespace emdyn::app::terminal
