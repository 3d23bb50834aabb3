#include "emdyn/collect/store/page_sums.hpp"

#include <sqlite3.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <new>
#include <string_view>

namespace emdyn::collect::store {
namespace {

using PageByte = unsigned char;

constexpr int kPageBytes =
    4096;  // What SQLite gives a new file; files of other pages are not ours.
constexpr int kHeaderBytes = 100;
constexpr int kReserveAt = 20;  // In the header: the bytes kept free at the end of each page.
constexpr int kPageSizeAt = 16;
constexpr std::string_view kMagic{"SQLite format 3\0", 16};

struct SummedFile {
  sqlite3_file base;
  bool summed;  // Its header leaves room for checksums.
};

sqlite3_file* below(sqlite3_file* file) noexcept {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<SummedFile*>(file) + 1);
}

sqlite3_vfs* system_vfs(sqlite3_vfs* vfs) noexcept {
  return static_cast<sqlite3_vfs*>(vfs->pAppData);
}

/// The checksum covers the page's number too: a page in the wrong place is as wrong as a changed one.
std::array<PageByte, kPageSumBytes> page_sum(const PageByte* page, sqlite3_int64 offset) noexcept {
  const auto number = static_cast<std::uint64_t>(offset) / kPageBytes;
  std::array<PageByte, kPageSumBytes> sum{};
  for (std::size_t i = 0; i < 4; ++i) sum[4 + i] = static_cast<PageByte>(number >> (8 * i));
  uLong crc = ::crc32(0, page, kPageBytes - kPageSumBytes);
  crc = ::crc32(crc, sum.data() + 4, 4);
  for (std::size_t i = 0; i < 4; ++i) sum[i] = static_cast<PageByte>(crc >> (8 * i));
  return sum;
}

void look_at_header(SummedFile& file, const PageByte* bytes, int amount, sqlite3_int64 offset) {
  if (offset != 0 || amount < kHeaderBytes) return;
  file.summed = std::memcmp(bytes, kMagic.data(), kMagic.size()) == 0 &&
                bytes[kReserveAt] == kPageSumBytes &&
                (bytes[kPageSizeAt] << 8 | bytes[kPageSizeAt + 1]) == kPageBytes;
}

bool is_page(const SummedFile& file, int amount, sqlite3_int64 offset) noexcept {
  return file.summed && amount == kPageBytes && offset % kPageBytes == 0;
}

bool sound_page(const PageByte* page, sqlite3_int64 offset) noexcept {
  const auto sum = page_sum(page, offset);
  if (std::memcmp(page + kPageBytes - kPageSumBytes, sum.data(), sum.size()) == 0) return true;
  // SQLite leaves pages unwritten that it gave back within the transaction that took them: holes in the file.
  return std::all_of(page, page + kPageBytes, [](PageByte byte) { return byte == 0; });
}

int summed_read(sqlite3_file* file, void* buffer, int amount, sqlite3_int64 offset) {
  auto& summed = *reinterpret_cast<SummedFile*>(file);
  const int code = below(file)->pMethods->xRead(below(file), buffer, amount, offset);
  const auto* bytes = static_cast<const PageByte*>(buffer);
  // A page that is there in part was cut; SQLite would take the rest for zeros.
  if (code == SQLITE_IOERR_SHORT_READ && offset > 0 && is_page(summed, amount, offset) &&
      !sound_page(bytes, offset))
    return SQLITE_IOERR_DATA;
  if (code != SQLITE_OK) return code;
  look_at_header(summed, bytes, amount, offset);
  return is_page(summed, amount, offset) && !sound_page(bytes, offset) ? SQLITE_IOERR_DATA
                                                                       : SQLITE_OK;
}

int summed_write(sqlite3_file* file, const void* buffer, int amount, sqlite3_int64 offset) {
  auto& summed = *reinterpret_cast<SummedFile*>(file);
  const auto* bytes = static_cast<const PageByte*>(buffer);
  look_at_header(summed, bytes, amount, offset);
  if (!is_page(summed, amount, offset)) {
    return below(file)->pMethods->xWrite(below(file), buffer, amount, offset);
  }
  std::array<PageByte, kPageBytes> page;
  std::memcpy(page.data(), bytes, kPageBytes - kPageSumBytes);
  const auto sum = page_sum(bytes, offset);
  std::ranges::copy(sum, page.end() - kPageSumBytes);
  return below(file)->pMethods->xWrite(below(file), page.data(), amount, offset);
}

int summed_close(sqlite3_file* file) { return below(file)->pMethods->xClose(below(file)); }
int summed_truncate(sqlite3_file* file, sqlite3_int64 size) {
  return below(file)->pMethods->xTruncate(below(file), size);
}
int summed_sync(sqlite3_file* file, int flags) {
  return below(file)->pMethods->xSync(below(file), flags);
}
int summed_size(sqlite3_file* file, sqlite3_int64* size) {
  return below(file)->pMethods->xFileSize(below(file), size);
}
int summed_lock(sqlite3_file* file, int lock) {
  return below(file)->pMethods->xLock(below(file), lock);
}
int summed_unlock(sqlite3_file* file, int lock) {
  return below(file)->pMethods->xUnlock(below(file), lock);
}
int summed_reserved(sqlite3_file* file, int* out) {
  return below(file)->pMethods->xCheckReservedLock(below(file), out);
}
int summed_control(sqlite3_file* file, int code, void* argument) {
  return below(file)->pMethods->xFileControl(below(file), code, argument);
}
int summed_sector(sqlite3_file* file) { return below(file)->pMethods->xSectorSize(below(file)); }
int summed_device(sqlite3_file* file) {
  return below(file)->pMethods->xDeviceCharacteristics(below(file));
}
int summed_shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
  return below(file)->pMethods->xShmMap(below(file), region, size, extend, out);
}
int summed_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return below(file)->pMethods->xShmLock(below(file), offset, count, flags);
}
void summed_shm_barrier(sqlite3_file* file) { below(file)->pMethods->xShmBarrier(below(file)); }
int summed_shm_unmap(sqlite3_file* file, int remove) {
  return below(file)->pMethods->xShmUnmap(below(file), remove);
}

// Version 2: version 3 would let SQLite map pages into memory past xRead.
constexpr sqlite3_io_methods kSummedMethods{
    2,
    summed_close,
    summed_read,
    summed_write,
    summed_truncate,
    summed_sync,
    summed_size,
    summed_lock,
    summed_unlock,
    summed_reserved,
    summed_control,
    summed_sector,
    summed_device,
    summed_shm_map,
    summed_shm_lock,
    summed_shm_barrier,
    summed_shm_unmap,
    nullptr,
    nullptr,
};

int summed_open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
  sqlite3_vfs* const system = system_vfs(vfs);
  // Logs, journals and temporary files are the system's own affair.
  if ((flags & SQLITE_OPEN_MAIN_DB) == 0) return system->xOpen(system, name, file, flags, out);
  auto* const summed = new (file) SummedFile{};
  const int code = system->xOpen(system, name, below(file), flags, out);
  // SQLite closes what has methods, so they are set only where there is something to close.
  summed->base.pMethods = below(file)->pMethods == nullptr ? nullptr : &kSummedMethods;
  return code;
}

int summed_delete(sqlite3_vfs* vfs, const char* name, int sync) {
  return system_vfs(vfs)->xDelete(system_vfs(vfs), name, sync);
}
int summed_access(sqlite3_vfs* vfs, const char* name, int flags, int* out) {
  return system_vfs(vfs)->xAccess(system_vfs(vfs), name, flags, out);
}
int summed_full_path(sqlite3_vfs* vfs, const char* name, int size, char* out) {
  return system_vfs(vfs)->xFullPathname(system_vfs(vfs), name, size, out);
}
int summed_random(sqlite3_vfs* vfs, int size, char* out) {
  return system_vfs(vfs)->xRandomness(system_vfs(vfs), size, out);
}
int summed_sleep(sqlite3_vfs* vfs, int microseconds) {
  return system_vfs(vfs)->xSleep(system_vfs(vfs), microseconds);
}
int summed_time(sqlite3_vfs* vfs, double* out) {
  return system_vfs(vfs)->xCurrentTime(system_vfs(vfs), out);
}
int summed_last_error(sqlite3_vfs* vfs, int size, char* out) {
  return system_vfs(vfs)->xGetLastError(system_vfs(vfs), size, out);
}
int summed_time_int(sqlite3_vfs* vfs, sqlite3_int64* out) {
  return system_vfs(vfs)->xCurrentTimeInt64(system_vfs(vfs), out);
}

sqlite3_vfs summed_vfs{};  // SQLite keeps a pointer to it.

void register_vfs() {
  sqlite3_vfs* const system = sqlite3_vfs_find(nullptr);
  if (system == nullptr) throw std::bad_alloc();
  summed_vfs.iVersion = 2;
  summed_vfs.szOsFile = static_cast<int>(sizeof(SummedFile)) + system->szOsFile;
  summed_vfs.mxPathname = system->mxPathname;
  summed_vfs.zName = "emdyn";
  summed_vfs.pAppData = system;
  summed_vfs.xOpen = summed_open;
  summed_vfs.xDelete = summed_delete;
  summed_vfs.xAccess = summed_access;
  summed_vfs.xFullPathname = summed_full_path;
  summed_vfs.xRandomness = summed_random;
  summed_vfs.xSleep = summed_sleep;
  summed_vfs.xCurrentTime = summed_time;
  summed_vfs.xGetLastError = summed_last_error;
  summed_vfs.xCurrentTimeInt64 = summed_time_int;
  if (sqlite3_vfs_register(&summed_vfs, 0) != SQLITE_OK) throw std::bad_alloc();
}

}  // namespace

const char* page_sums_vfs() {
  static std::once_flag once;
  std::call_once(once, register_vfs);  // Tried again by the next caller when it throws.
  return summed_vfs.zName;
}

}  // namespace emdyn::collect::store
