#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "emdyn/collect/store/sqlite.hpp"
#include "emdyn/series/run.hpp"

namespace emdyn::collect::store {

/// SQLite's application_id of our files: "emdy".
inline constexpr std::int64_t kApplicationId = 0x656d6479;
/// The format this version writes; kept in SQLite's user_version.
inline constexpr int kSchemaVersion = 2;
/// The oldest that is read and written as it is; the tables are the same.
inline constexpr int kOldestVersion = 1;
/// From this one on every page holds a checksum (page_sums.hpp).
inline constexpr int kSummedVersion = 2;

/// Turns format `from` into `from` + 1.
struct Migration {
  int from = 0;
  const char* sql = "";
};
/// From the oldest format that can still be read, in order.
std::span<const Migration> migrations() noexcept;

/// Brings a file to `target` in one transaction: all steps or none.
/// @throws StoreError when a step is missing or fails.
void migrate(Database& database, std::span<const Migration> steps, int target);

/// Chunks of a signal have the ids chunk_key(signal, 0) to chunk_key(signal + 1, 0) − 1.
inline constexpr int kStartBits = 40;
constexpr std::int64_t chunk_key(std::uint32_t signal, std::uint64_t start) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(signal) << kStartBits | start);
}

/// A new run file without points, at `file` or not at all.
/// @throws StoreError when the folder cannot be written or the disk is full.
void create_run(const std::filesystem::path& file, const series::RunInfo& info);
/// The same without syncing: for a file that `publish` moves to its place when it is whole.
Database draft_run(const std::filesystem::path& file, const series::RunInfo& info);
/// Syncs a closed file and gives it its name for good.
/// @throws StoreError when the disk refuses.
void publish(const std::filesystem::path& draft, const std::filesystem::path& file);
/// Opens a run for its writer: WAL mode, on a network folder a rollback journal; every commit
/// synced.
Database open_for_writer(const std::filesystem::path& file);
/// An existing run file. One older than kOldestVersion is brought up to date first.
/// @throws StoreError when it is no run, is damaged, or comes from a newer version.
Database open_run(const std::filesystem::path& file, Access access);

void write_info(Database& database, const series::RunInfo& info);
void write_info_value(Database& database, std::string_view key, std::string_view value);
/// @throws StoreError when a value cannot be understood.
series::RunInfo read_info(Database& database);
/// Null when there is none. @throws StoreError when it cannot be understood.
Json read_progress(Database& database);

}  // namespace emdyn::collect::store
