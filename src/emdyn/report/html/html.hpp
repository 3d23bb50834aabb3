#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "emdyn/core/json.hpp"

/// The workings of the HTML report: markup, numbers, words, axes, columns, panels.
namespace emdyn::report {

/// Untrusted text made fit to be shown: broken UTF-8 becomes U+FFFD, control characters become
/// spaces, what reorders text or has no width is written out ("⟨U+202E⟩"), at most `limit`
/// characters are kept (then "…").
std::string clean_text(std::string_view untrusted, std::size_t limit = 200);

/// JSON for the inside of a <script> element: <, >, &, line separators and what reorders text or has
/// no width are written as \u escapes, so no text in it can end the element or open a comment.
std::string script_json(const Json& json);

/// Writes HTML that is escaped and balanced by construction: every text and attribute value is
/// cleaned and escaped, every element is closed by the scope that opened it.
class Html {
 public:
  using Attribute = std::pair<std::string_view, std::string_view>;
  using Attributes = std::initializer_list<Attribute>;

  /// Closes its element when it goes out of scope.
  class [[nodiscard]] Element {
   public:
    Element(Html& html, std::string_view tag) : html_(html), tag_(tag) {}
    Element(const Element&) = delete;
    Element& operator=(const Element&) = delete;
    ~Element() { html_.close(tag_); }

   private:
    Html& html_;
    std::string_view tag_;
  };

  /// Opens an element; `tag` and attribute names are literals of the program. An attribute whose
  /// value is empty is left out, unless it is a flag such as `open`, given as {"open", "open"}.
  Element element(std::string_view tag, Attributes attributes = {});
  /// An element that holds only text.
  void leaf(std::string_view tag, std::string_view text, Attributes attributes = {});
  /// An element without content and end tag (meta, input) or a self-closed SVG shape.
  void single(std::string_view tag, Attributes attributes = {});
  void text(std::string_view untrusted);
  /// Trusted markup of the program itself.
  void raw(std::string_view markup) { out_ += markup; }

  const std::string& str() const noexcept { return out_; }
  std::string take() noexcept { return std::move(out_); }

 private:
  void start(std::string_view tag, Attributes attributes, std::string_view end);
  void close(std::string_view tag);

  std::string out_;
};

}  // namespace emdyn::report
