#include "emdyn/collect/ingest/registry.hpp"

#include <gmock/gmock.h>

#include "emdyn/collect/ingest/log_folder.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/source_dir.hpp"
#include "emdyn/core/test_registry.hpp"

namespace emdyn::collect::ingest {
namespace {

using ::testing::ThrowsMessage;

TEST(ReaderRegistry, EveryEntryKeepsTheContract) {
  emdyn::test::expect_registry_contract(registry());
}

TEST(ReaderRegistry, EveryFormatHasOneReader) {
  for (const Format format :
       {Format::csv, Format::jsonl, Format::tfevents, Format::json, Format::text}) {
    EXPECT_EQ(std::ranges::count(registry().entries(), format, &ReaderEntry::format), 1);
    EXPECT_EQ(find_reader(format).name, word(format));
  }
}

TEST(ReaderRegistry, TheReaderOfAnyTextIsAskedLast) {
  const FileHead head{"step,loss\n", "step,loss\n", true};
  for (const ReaderEntry& entry : registry().entries()) {
    EXPECT_EQ(entry.sniff(head) == Sniffed::yes, &entry == &registry().entries().back())
        << entry.name;
  }
}

TEST(ReaderRegistry, AnUnknownFormatIsOfferedTheNearest) {
  EXPECT_THAT([] { format_from_word("cvs"); },
              ThrowsMessage<ConfigError>(
                  "unknown format \"cvs\"; did you mean \"csv\"? known: automatic, tfevents, "
                  "json, jsonl, text, csv"));
}

TEST(ReaderRegistry, NamesOfFilesInFolders) {
  EXPECT_EQ(
      log_names(),
      "*tfevents*, trainer_state.json, history.json, log.json, logs.json, metrics.json, progress.json, "
      "losses.json, scalars.json, log_history.json, .jsonl, .ndjson, .csv, .tsv");
}

TEST(ReaderRegistry, PageIsCurrent) {
  emdyn::test::expect_page_current(
      EMDYN_SOURCE_DIR, "readers",
      registry_page(
          {.title = "Formats that can be read",
           .intro =
               "`emdyn import PATH`, `watch`, `detect`. What a file is, is told by its content; "
               "`--format NAME` says it. Each also packed with gzip. `from_folders` are the names that "
               "are taken from a folder, `run` what names a run that has no name of its own.",
           .see = "formats.md"},
          described(registry())));
}

}  // namespace
}  // namespace emdyn::collect::ingest
