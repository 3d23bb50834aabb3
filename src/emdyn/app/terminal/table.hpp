#pragma once
#include <string>
#include <string_view>
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
    bool whole = false;  ///< Never shortened: an id, a date.
  };

  explicit Table(std::vector<Column> columns);
  void row(std::vector<std::string> cells);
  /// Lines of at most `width` columns (more only where one cell is wider). Where they are too wide,
  /// first columns of text that are equal in all rows go into one line at the end ("all: detector
  /// auto"), then the widest left-aligned column is shortened in the middle, again and again; what
  /// still finds no room goes on in a second, indented line of each row.
  std::vector<std::string> lines(std::size_t width) const;
  void print(Console& console) const;

 private:
  std::vector<std::size_t> natural_widths() const;
  /// Takes equal columns out of `shown` until the rest fits. @return what they hold, in words.
  std::string lift_equal(std::vector<std::size_t>& shown, const std::vector<std::size_t>& widths,
                         std::size_t width) const;
  void shorten_texts(const std::vector<std::size_t>& shown, std::vector<std::size_t>& widths,
                     std::size_t width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// "lambada_op…ai/acc": a text of at most `width` columns that keeps its beginning and its end.
std::string shortened(std::string_view text, std::size_t width);

/// A text in lines of at most `width` columns, broken at blanks (a longer word stays whole); every line but the first
/// begins with `indent` blanks.
std::vector<std::string> wrapped(std::string_view text, std::size_t width, std::size_t indent);

/// Number of terminal columns of a UTF-8 text, one a code point.
std::size_t text_columns(std::string_view text) noexcept;

}  // namespace emdyn::app::terminal
