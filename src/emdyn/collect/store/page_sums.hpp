#pragma once

namespace emdyn::collect::store {

/// Bytes at the end of each page of a file of format 2 that hold the page's checksum.
inline constexpr int kPageSumBytes = 8;

/// The name of the SQLite VFS that keeps a checksum in every page of our files: the system's own VFS, which computes
/// it as a page is written to the database file and compares it as one is read. A byte that changed on the disk,
/// wherever it stands, is SQLITE_IOERR_DATA to whoever reads its page and never a wrong answer. Files without room for
/// checksums (format 1, foreign ones) pass through untouched. Logs and journals have sums of SQLite's own.
/// Cost: a CRC-32 of 4 KiB, some 4 µs, a page.
/// Registered on first use, for the life of the process. @throws std::bad_alloc when it cannot be.
const char* page_sums_vfs();

}  // namespace emdyn::collect::store
