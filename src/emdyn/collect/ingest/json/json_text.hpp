#pragma once
#include <optional>
#include <string_view>

// Walking through the text of a JSON document by its brackets and quotes, without building it.
namespace emdyn::collect::ingest {

std::string_view without_blanks(std::string_view text) noexcept;

/// Takes the value at the front of `rest` off; empty when there is none. What reads the value checks
/// it.
std::string_view take_value(std::string_view& rest) noexcept;

/// The text of a member of the object that `document` is; nothing when it has none.
std::optional<std::string_view> member(std::string_view document, std::string_view key) noexcept;

}  // namespace emdyn::collect::ingest
