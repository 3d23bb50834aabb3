/* Preloaded into the program (LD_PRELOAD): one allocation or one disk call of it fails, the n-th after it began.
 *
 * EMDYN_FAULT=malloc:N   the N-th malloc, calloc or realloc gives no memory
 *             disk:N     the N-th write, sync, truncation or rename fails with EIO
 *             full:N     every write from the N-th disk call on fails with ENOSPC
 *             kill:N     the process dies (SIGKILL) in place of the N-th disk call
 * EMDYN_FAULT_COUNTS=F   writes "allocations disk-calls" to F at the end
 *
 * Counting begins when the program sets its handler of SIGPIPE, the first thing it does: before that the C++ library
 * sets itself up, and nobody could say what went wrong. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);

static atomic_int armed;
static atomic_long allocations, disk_calls;
static long fail_allocation, fail_disk, fill_disk, kill_at;

static void read_plan(void) {
  const char* plan = getenv("EMDYN_FAULT");
  if (plan == NULL) return;
  const char* colon = strchr(plan, ':');
  if (colon == NULL) return;
  const long n = atol(colon + 1);
  if (strncmp(plan, "malloc", 6) == 0) fail_allocation = n;
  if (strncmp(plan, "disk", 4) == 0) fail_disk = n;
  if (strncmp(plan, "full", 4) == 0) fill_disk = n;
  if (strncmp(plan, "kill", 4) == 0) kill_at = n;
}

static int allocation_fails(void) {
  return atomic_load(&armed) && atomic_fetch_add(&allocations, 1) + 1 == fail_allocation;
}

void* malloc(size_t size) {
  if (allocation_fails()) {
    errno = ENOMEM;
    return NULL;
  }
  return __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
  if (allocation_fails()) {
    errno = ENOMEM;
    return NULL;
  }
  return __libc_calloc(count, size);
}

void* realloc(void* memory, size_t size) {
  if (size != 0 && allocation_fails()) {
    errno = ENOMEM;
    return NULL;
  }
  return __libc_realloc(memory, size);
}

/* 0, or what the call at hand fails with. */
static int disk_fault(int writes) {
  if (!atomic_load(&armed)) return 0;
  const long call = atomic_fetch_add(&disk_calls, 1) + 1;
  if (call == kill_at) raise(SIGKILL);
  if (call == fail_disk) return EIO;
  return fill_disk > 0 && writes && call >= fill_disk ? ENOSPC : 0;
}

#define REAL(name) \
  static __typeof__(&name) real; \
  if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define FAULTY(writes) \
  const int fault = disk_fault(writes); \
  if (fault != 0) { \
    errno = fault; \
    return -1; \
  }

ssize_t write(int file, const void* bytes, size_t size) {
  REAL(write);
  if (file > 2) { FAULTY(1) }
  return real(file, bytes, size);
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t at) {
  REAL(pwrite);
  FAULTY(1)
  return real(file, bytes, size, at);
}

ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t at) {
  REAL(pwrite64);
  FAULTY(1)
  return real(file, bytes, size, at);
}

int fsync(int file) {
  REAL(fsync);
  FAULTY(0)
  return real(file);
}

int fdatasync(int file) {
  REAL(fdatasync);
  FAULTY(0)
  return real(file);
}

int syncfs(int file) {
  REAL(syncfs);
  FAULTY(0)
  return real(file);
}

int ftruncate64(int file, off64_t size) {
  REAL(ftruncate64);
  FAULTY(0)
  return real(file, size);
}

int rename(const char* from, const char* to) {
  REAL(rename);
  FAULTY(0)
  return real(from, to);
}

static void tell_counts(void) {
  atomic_store(&armed, 0);
  const char* path = getenv("EMDYN_FAULT_COUNTS");
  FILE* file = path == NULL ? NULL : fopen(path, "w");
  if (file == NULL) return;
  fprintf(file, "%ld %ld\n", atomic_load(&allocations), atomic_load(&disk_calls));
  fclose(file);
}

__sighandler_t signal(int number, __sighandler_t handler) {
  REAL(signal);
  if (number == SIGPIPE && !atomic_load(&armed)) {
    read_plan();
    atexit(tell_counts);
    atomic_store(&armed, 1);
  }
  return real(number, handler);
}
