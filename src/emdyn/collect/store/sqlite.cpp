#include "emdyn/collect/store/sqlite.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <new>

#include "emdyn/collect/store/page_sums.hpp"
#include "emdyn/collect/store/run_writer.hpp"
#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"

namespace emdyn::collect::store {
namespace {

constexpr int kBusyMs = 5000;
constexpr int kMaxValueBytes = 256 << 20;

const char* mend(int code) {
  // The disk gave other bytes than were written to it.
  if (code == SQLITE_IOERR_DATA) code = SQLITE_CORRUPT;
  switch (code & 0xff) {
    case SQLITE_FULL:
      return "the disk is full: free some space and try again; what was synced before is safe";
    case SQLITE_IOERR:
      return "the disk refused: check its space and health and try again; what was synced before "
             "is safe";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another process is writing it: try again when it is done";
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return "it cannot be written: check its permissions, or copy the store to a folder of yours";
    case SQLITE_CANTOPEN:
      return "check that the file is there and its folder can be read and written";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "the file is damaged: emdyn doctor says what is left and --repair keeps it, or restore it from a copy";
    default:
      return "emdyn doctor checks the store";
  }
}

bool passes(int code) noexcept {
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:  // No room for a journal, say.
      return true;
    case SQLITE_IOERR:
      return code != SQLITE_IOERR_DATA;
    default:
      return false;
  }
}

[[noreturn]] void throw_sqlite(const std::string& file, int code, const char* message) {
  if (code == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM) throw std::bad_alloc();
  if (code == SQLITE_IOERR_DATA) message = "the checksum of a page does not match";
  if ((code & 0xff) == SQLITE_CANTOPEN && ::access(file.c_str(), F_OK) == 0 &&
      ::access(file.c_str(), R_OK) != 0) {
    throw StoreError(fmt::format("{}: may not be read by this user: check its permissions",
                                 terminal_safe(file)));
  }
  if (passes(code))
    throw DiskError(fmt::format("{}: {} ({})", terminal_safe(file), message, mend(code)));
  throw StoreError(fmt::format("{}: {} ({})", terminal_safe(file), message, mend(code)));
}

void check_text(int code) {
  if (code == SQLITE_NOMEM) throw std::bad_alloc();
  if (code != SQLITE_OK) throw StoreError("a value is too long for the store (256 MiB at most)");
}

/// SQLite's URI form of a path: everything but plain characters as %XX.
std::string file_uri(const std::filesystem::path& file, const char* options) {
  std::string uri = "file:";
  for (const char byte : file.string()) {
    const auto code = static_cast<unsigned char>(byte);
    const bool plain = (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') ||
                       (code >= '0' && code <= '9') || code == '/' || code == '.' || code == '-' ||
                       code == '_';
    uri += plain ? std::string(1, byte) : fmt::format("%{:02X}", code);
  }
  return uri + options;
}

bool empty_or_absent(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  return error || size == 0;
}

/// Whether this process may write the file and make others beside it.
bool writable(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  return ::faccessat(AT_FDCWD, file.c_str(), W_OK, AT_EACCESS) == 0 &&
         ::faccessat(AT_FDCWD, folder.c_str(), W_OK, AT_EACCESS) == 0;
}

}  // namespace

Statement::Statement(sqlite3_stmt* statement, std::string file)
    : statement_(statement), file_(std::move(file)) {}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

Statement& Statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), index, value);
  return *this;
}

Statement& Statement::bind(int index, double value) {
  sqlite3_bind_double(statement_.get(), index, value);
  return *this;
}

Statement& Statement::bind(int index, const std::optional<double>& value) {
  if (value) return bind(index, *value);
  sqlite3_bind_null(statement_.get(), index);
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  // A null pointer would bind NULL, not an empty text.
  check_text(sqlite3_bind_text64(statement_.get(), index, text.empty() ? "" : text.data(),
                                 text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind(int index, std::span<const std::byte> blob) {
  check_text(sqlite3_bind_blob64(statement_.get(), index,
                                 blob.empty() ? "" : static_cast<const void*>(blob.data()),
                                 blob.size(), SQLITE_STATIC));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  fail();
}

void Statement::run() {
  const int code = sqlite3_step(statement_.get());
  if (code != SQLITE_DONE && code != SQLITE_ROW) fail();
  reset();
}

void Statement::reset() noexcept { sqlite3_reset(statement_.get()); }

void Statement::fail() const {
  sqlite3* handle = sqlite3_db_handle(statement_.get());
  const int code = sqlite3_extended_errcode(handle);
  const std::string message = sqlite3_errmsg(handle);
  sqlite3_reset(statement_.get());
  throw_sqlite(file_, code, message.c_str());
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const { return sqlite3_column_double(statement_.get(), column); }

std::optional<double> Statement::maybe_real(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return real(column);
}

std::string Statement::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_.get(), column);
  if (bytes == nullptr && sqlite3_column_type(statement_.get(), column) == SQLITE_TEXT) {
    throw std::bad_alloc();
  }
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return bytes == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(bytes), size);
}

std::span<const std::byte> Statement::blob(int column) const {
  const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement_.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return bytes == nullptr ? std::span<const std::byte>() : std::span(bytes, size);
}

void Database::Close::operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }

Database::Database(const std::filesystem::path& file, Access access, PageSums sums)
    : file_(file.string()) {
  // A reader too may have to roll back or replay what a killed writer left, so it opens for
  // writing where it can and forbids itself to change anything.
  const int flags =
      access == Access::create ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE;
  if (access != Access::read || writable(file)) {
    open(file_uri(file, ""), flags, sums);
  } else {
    open(file_uri(file, ""), SQLITE_OPEN_READONLY, sums);
    int code = SQLITE_OK;
    sqlite3_stmt* probe = nullptr;
    code = sqlite3_prepare_v2(handle_.get(), "PRAGMA schema_version", -1, &probe, nullptr);
    if (code == SQLITE_OK && sqlite3_step(probe) != SQLITE_ROW) code = SQLITE_CANTOPEN;
    sqlite3_finalize(probe);
    if (code != SQLITE_OK && empty_or_absent(file_ + "-wal") &&
        empty_or_absent(file_ + "-journal")) {
      // A file in WAL mode needs a -shm file beside it, which cannot be made here; but there is
      // nothing to replay, so the file may be read as it is.
      open(file_uri(file, "?immutable=1"), SQLITE_OPEN_READONLY, sums);
    }
  }
  if (access == Access::read) execute("PRAGMA query_only=ON");
  execute("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0");
}

void Database::open(const std::string& uri, int flags, PageSums sums) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(uri.c_str(), &handle, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
                      sums == PageSums::checked ? page_sums_vfs() : nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) {
    if (handle == nullptr) throw std::bad_alloc();
    throw_sqlite(file_, code, sqlite3_errmsg(handle));
  }
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyMs);
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kMaxValueBytes);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
}

void Database::execute(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw_sqlite(file_, sqlite3_extended_errcode(handle_.get()), sqlite3_errmsg(handle_.get()));
  }
}

Statement Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()), &statement,
                         nullptr) != SQLITE_OK) {
    throw_sqlite(file_, sqlite3_extended_errcode(handle_.get()), sqlite3_errmsg(handle_.get()));
  }
  return Statement(statement, file_);
}

void Database::reserve_sums() {
  int reserve = kPageSumBytes;
  const int code =
      sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve);
  if (code != SQLITE_OK) throw_sqlite(file_, code, "no room for checksums");
}

void Database::leave_log() noexcept {
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

bool Database::has_sums() {
  int reserve = -1;
  sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve);
  return reserve == kPageSumBytes;
}

std::int64_t Database::integer(std::string_view sql) {
  Statement query = prepare(sql);
  return query.step() ? query.integer(0) : 0;
}

std::string Database::text(std::string_view sql) {
  Statement query = prepare(sql);
  return query.step() ? query.text(0) : std::string();
}

Transaction::Transaction(Database& database) : database_(database) {
  database_.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  // After some errors (a full disk) SQLite has rolled back already; a second time does no harm.
  if (open_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

}  // namespace emdyn::collect::store
