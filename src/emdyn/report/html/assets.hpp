#pragma once
#include <string_view>

/// The style sheet and the script of the page, embedded at build time from report.css and the scripts beside it.
namespace emdyn::report {

std::string_view style_sheet() noexcept;
std::string_view script() noexcept;
/// Base64 of the script's SHA-256, for the page's content security policy.
std::string_view script_hash() noexcept;

}  // namespace emdyn::report
