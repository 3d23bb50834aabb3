#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "emdyn/core/whole_file.hpp"
#include "emdyn/probe/registry.hpp"

namespace emdyn::probe {
namespace {

std::string table() {
  std::string text =
      "| probe | family | measures | gives | needs | when | standard error | cost | source |\n"
      "|---|---|---|---|---|---|---|---|---|\n";
  for (const ProbeEntry& entry : entries()) {
    std::string needs;
    for (const ProbeNeed need : entry.needs) {
      needs += fmt::format("{}{}", needs.empty() ? "" : ", ", word(need));
    }
    text += fmt::format("| `{}` | {} | {} | {} | {} | {} | {} | {} | {} |\n", entry.name,
                        entry.family, entry.summary, entry.gives, needs, word(entry.schedule),
                        entry.error, entry.cost, entry.source);
  }
  return text;
}

TEST(ProbeDocs, PageHoldsTheRegistry) {
  const std::string page = read_whole_file(EMDYN_SOURCE_DIR "/docs/probes.md", 1 << 20);
  const std::string begin = "<!-- probes -->\n";
  const std::size_t from = page.find(begin);
  const std::size_t to = page.find("<!-- /probes -->");
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  EXPECT_EQ(page.substr(from + begin.size(), to - from - begin.size()), table())
      << "put this between the marks of docs/probes.md";
}

}  // namespace
}  // namespace emdyn::probe
