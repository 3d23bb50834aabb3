#include "emdyn/collect/store/folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <csignal>
#include <fstream>
#include <set>
#include <thread>
#include <vector>

#include "emdyn/collect/store/test_folder.hpp"
#include "emdyn/core/error.hpp"

namespace emdyn::collect::store {
namespace {

std::filesystem::path with_runs(const TestFolder& folder) {
  std::filesystem::create_directories(runs_folder(folder.path()));
  return folder.path();
}

TEST(Id, IsSafeUniqueAndSortsByAge) {
  std::set<std::string> ids;
  const std::string first = make_id();
  for (int i = 0; i < 1000; ++i) {
    const std::string id = make_id();
    EXPECT_TRUE(is_id(id)) << id;
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 1000U);
  std::this_thread::sleep_for(std::chrono::milliseconds(3));
  EXPECT_LT(first, make_id());
}

TEST(Id, RefusesWhatCouldLeaveTheFolder) {
  for (const char* text : {"", "..", "../../etc/passwd", "aaaaaaaaaaaaaaa/", "AAAAAAAAAAAAAAAA",
                           "aaaaaaaaaaaaaaa\n", "iiiiiiiiiiiiiiii", "aaaaaaaaaaaaaaaaa"}) {
    EXPECT_FALSE(is_id(text)) << text;
  }
  EXPECT_TRUE(is_id("01j8x4y2m0abcdef"));
}

TEST(Folder, ListsRunFilesOnly) {
  const TestFolder folder;
  const auto store = with_runs(folder);
  for (const char* name : {"01j8x4y2m0abcdef.db", "01j8x4y2m0abcdef.db-wal", "notes.txt", "x.db",
                           "00000000000000zz.db"}) {
    std::ofstream(runs_folder(store) / name) << "x";
  }
  EXPECT_THAT(run_ids(store), testing::ElementsAre("00000000000000zz", "01j8x4y2m0abcdef"));
  EXPECT_THROW(run_ids(store / "nowhere"), StoreError);
}

TEST(Folder, KnowsNetworkFileSystemsByTheirMagicNumbers) {
  // From linux/magic.h: NFS_SUPER_MAGIC, SMB2_MAGIC_NUMBER, V9FS_MAGIC, FUSE_SUPER_MAGIC.
  for (const unsigned long type : {0x6969UL, 0xfe534d42UL, 0x01021997UL, 0x65735546UL}) {
    EXPECT_TRUE(is_network_type(type));
  }
  // EXT4_SUPER_MAGIC, TMPFS_MAGIC, BTRFS_SUPER_MAGIC, XFS_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC.
  for (const unsigned long type :
       {0xef53UL, 0x01021994UL, 0x9123683eUL, 0x58465342UL, 0x794c7630UL}) {
    EXPECT_FALSE(is_network_type(type));
  }
  // statfs's f_type is signed on some systems.
  EXPECT_TRUE(is_network_type(static_cast<unsigned long>(static_cast<int>(0xfe534d42))));
}

TEST(RunLock, IsExclusiveAndLeavesNothing) {
  const TestFolder folder;
  const auto store = with_runs(folder);
  const std::string id = make_id();
  {
    const RunLock lock(store, id);
    EXPECT_TRUE(RunLock::held(store, id));
    EXPECT_THAT([&] { RunLock(store, id); },
                testing::ThrowsMessage<StoreError>(testing::HasSubstr("being written")));
  }
  EXPECT_FALSE(RunLock::held(store, id));
  EXPECT_FALSE(std::filesystem::exists(lock_path(store, id)));
  EXPECT_NO_THROW(RunLock(store, id));
}

TEST(RunLock, EndsWithItsProcess) {
  const TestFolder folder;
  const auto store = with_runs(folder);
  const std::string id = make_id();
  EXPECT_FALSE(succeeds_in_child([&] {
    const RunLock lock(store, id);
    ::raise(SIGKILL);
  }));
  EXPECT_TRUE(std::filesystem::exists(lock_path(store, id)));
  EXPECT_FALSE(RunLock::held(store, id));
  EXPECT_NO_THROW(RunLock(store, id));
}

TEST(RunLock, ManyShareOneDescriptor) {
  const TestFolder folder;
  const auto store = with_runs(folder);
  const auto shared = folder.path() / "shared";
  const int descriptor = ::open(shared.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  ASSERT_EQ(::flock(descriptor, LOCK_EX), 0);
  std::vector<std::string> ids;
  std::vector<RunLock> locks;
  for (int i = 0; i < 50; ++i) {
    ids.push_back(make_id());
    // One of a killed writer is in the way.
    if (i % 2 == 0) std::ofstream(lock_path(store, ids.back())) << "";
    locks.emplace_back(store, ids.back(), shared);
    EXPECT_TRUE(RunLock::held(store, ids.back()));
    EXPECT_FALSE(RunLock::attempt(store, ids.back()));
  }
  EXPECT_THROW(RunLock(store, ids[7]), StoreError);
  EXPECT_THROW(RunLock(store, ids[7], shared), StoreError);
  locks.clear();
  for (const std::string& id : ids) EXPECT_FALSE(RunLock::held(store, id));
  EXPECT_TRUE(RunLock::attempt(store, ids[0]));
  ::close(descriptor);
}

}  // namespace
}  // namespace emdyn::collect::store
