#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace emdyn {

/// A finite or non-finite number from the whole of `text` ("1", "-2e5", "nan", "inf"), independent
/// of the locale; nothing when any character is left over.
std::optional<double> parse_double(std::string_view text) noexcept;

/// A finite number in the fewest digits that read back to the same value; "nan", "inf", "-inf"
/// else.
std::string shortest(double value);

/// Makes an untrusted name safe to print on a terminal: control characters and broken UTF-8 are
/// escaped.
std::string terminal_safe(std::string_view untrusted);

/// Escapes & < > " ' for HTML text and attribute values.
std::string html_escape(std::string_view untrusted);

/// True when the bytes are well-formed UTF-8.
bool is_utf8(std::string_view bytes) noexcept;

/// The known word nearest to `word` (edit distance at most 2), to be offered in an error.
std::optional<std::string_view> nearest_word(std::string_view word,
                                             std::span<const std::string_view> known);

std::string to_lower(std::string_view text);

/// "1,234,567".
std::string count_text(std::uint64_t count);

/// "1 alarm", "2,000 alarms": a count with its noun; `plural` where it is not the noun with an s.
std::string counted(std::uint64_t count, std::string_view noun, std::string_view plural = {});

}  // namespace emdyn
