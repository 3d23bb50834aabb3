#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace emdyn::collect::store {

enum class Access { read, write, create };
/// Whether the checksums of pages are compared; ignored only to save what can be saved of a damaged file.
enum class PageSums { checked, ignored };

/// One prepared statement; bind from 1, read columns from 0.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement, std::string file);

  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, double value);  ///< NaN becomes NULL, as SQLite has it.
  Statement& bind(int index, const std::optional<double>& value);
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, std::span<const std::byte> blob);

  /// @return true while there is a row. @throws StoreError
  bool step();
  /// Runs a statement that gives no rows, and makes it ready for the next values.
  void run();
  void reset() noexcept;

  std::int64_t integer(int column) const;
  double real(int column) const;
  std::optional<double> maybe_real(int column) const;
  std::string text(int column) const;
  /// Valid until the next step.
  std::span<const std::byte> blob(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  [[noreturn]] void fail() const;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::string file_;
};

/// One connection to one SQLite file, with limits that make hostile files harmless.
class Database {
 public:
  /// Access::read works in folders and on disks that cannot be written; where they can, it may
  /// complete what a killed writer left half done, and changes nothing else.
  /// @throws StoreError when the file cannot be opened.
  Database(const std::filesystem::path& file, Access access, PageSums sums = PageSums::checked);

  void execute(const char* sql);
  Statement prepare(std::string_view sql);
  std::int64_t integer(std::string_view sql);
  std::string text(std::string_view sql);
  /// Leaves room for checksums in the pages of a file that holds nothing yet.
  void reserve_sums();
  bool has_sums();
  /// Closing will not copy the log into the file: whoever opens it next does. For those in a hurry.
  void leave_log() noexcept;
  const std::string& file() const noexcept { return file_; }
  sqlite3* handle() const noexcept { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const noexcept;
  };
  void open(const std::string& uri, int flags, PageSums sums);
  std::unique_ptr<sqlite3, Close> handle_;
  std::string file_;
};

/// BEGIN IMMEDIATE, rolled back unless committed.
class Transaction {
 public:
  explicit Transaction(Database& database);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace emdyn::collect::store
