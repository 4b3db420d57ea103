// Goal: what io.h promises about disk jobs, wake(), signals, deadlines and a shortage of
// descriptors holds for each backend.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "io/loop_fixture.h"
#include "io/process.h"

namespace leat::io {
namespace {

class LoopLocalTest : public LoopTest {
 protected:
  Status run(Lane lane, DiskJob job) {
    const size_t before = recorder_.disk.size();
    loop().start(lane, std::move(job));
    EXPECT_TRUE(poll_until([&] { return recorder_.disk.size() > before; }));
    EXPECT_EQ(recorder_.disk.back().first, lane);
    return recorder_.disk.back().second;
  }
  std::string content(const std::string& name) {
    const Result<std::unique_ptr<File>> file = disk().open(path(name), OpenMode::kRead);
    EXPECT_TRUE(file.ok());
    std::string bytes(file.value()->size().value(), '\0');
    EXPECT_EQ(file.value()->read(0, bytes.data(), bytes.size()).value(), bytes.size());
    return bytes;
  }
};

TEST_P(LoopLocalTest, DiskJobsWriteAndSync) {
  const Result<std::unique_ptr<File>> file = disk().open(path("f"), OpenMode::kCreate);
  ASSERT_TRUE(file.ok());
  File* const f = file.value().get();
  EXPECT_TRUE(
      run(Lane::kCommit, {.kind = DiskJob::Kind::kWrite, .file = f, .bytes = "hello ", .path = ""})
          .ok());
  EXPECT_TRUE(
      run(Lane::kCommit,
          {.kind = DiskJob::Kind::kWriteSync, .file = f, .offset = 6, .bytes = "world", .path = ""})
          .ok());
  EXPECT_TRUE(
      run(Lane::kBackground, {.kind = DiskJob::Kind::kSync, .file = f, .bytes = "", .path = ""})
          .ok());
  EXPECT_EQ(content("f"), "hello world");
}

TEST_P(LoopLocalTest, SyncedWritesOfWholeBlocksAndOthersFollowOneAnother) {
  const Result<std::unique_ptr<File>> file = disk().open(path("f"), OpenMode::kCreate);
  ASSERT_TRUE(file.ok());
  loop().poll(kNow, recorder_);
  std::string want;
  const auto append = [&](size_t size) {
    const std::string bytes(size, static_cast<char>('a' + want.size() % 26));
    const uint64_t offset = want.size();
    want += bytes;
    return run(Lane::kCommit, {.kind = DiskJob::Kind::kWriteSync,
                               .file = file.value().get(),
                               .offset = offset,
                               .bytes = bytes,
                               .path = ""})
        .ok();
  };
  for (const int size : {512, 4096, 1024, 512, 100, 412, 512, 3 << 20, 512})
    ASSERT_TRUE(append(static_cast<size_t>(size))) << size;
  for (size_t i = 0; i < 100; ++i) ASSERT_TRUE(append(512 * (1 + i * 7 % 50)));
  EXPECT_TRUE(content("f") == want);
}

TEST_P(LoopLocalTest, ASyncedWriteFollowsOneThatIsNotSynced) {
  const Result<std::unique_ptr<File>> file = disk().open(path("f"), OpenMode::kCreate);
  ASSERT_TRUE(file.ok());
  loop().poll(kNow, recorder_);
  File* const f = file.value().get();
  for (uint64_t at = 0; at < 10; at += 2) {
    const std::string block(512, static_cast<char>('a' + at));
    ASSERT_TRUE(run(Lane::kCommit, {.kind = DiskJob::Kind::kWrite,
                                    .file = f,
                                    .offset = 512 * at,
                                    .bytes = block,
                                    .path = ""})
                    .ok());
    EXPECT_EQ(f->direct_descriptor(), -1);
    ASSERT_TRUE(run(Lane::kCommit, {.kind = DiskJob::Kind::kWriteSync,
                                    .file = f,
                                    .offset = 512 * (at + 1),
                                    .bytes = block,
                                    .path = ""})
                    .ok());
    EXPECT_TRUE(content("f").substr(512 * at) == std::string(1024, static_cast<char>('a' + at)));
  }
}

TEST_P(LoopLocalTest, ASyncedWriteThatFailsSaysWhere) {
  const Result<std::unique_ptr<File>> file = disk().open(path("f"), OpenMode::kCreate);
  ASSERT_TRUE(file.ok());
  loop().poll(kNow, recorder_);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{1 << 20, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string block(512, 'x');
  const Status status = run(Lane::kCommit, {.kind = DiskJob::Kind::kWriteSync,
                                            .file = file.value().get(),
                                            .offset = 1 << 20,
                                            .bytes = block,
                                            .path = ""});
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::kFull);
  EXPECT_NE(status.error().detail.find(path("f")), std::string::npos);
}

TEST_P(LoopLocalTest, AStartedWriteIsDoneBeforeTheLoopIsGone) {
  const Result<std::unique_ptr<File>> file = disk().open(path("f"), OpenMode::kCreate);
  ASSERT_TRUE(file.ok());
  loop().poll(kNow, recorder_);
  const std::string first(4096, 'x');
  const std::string second(4096, 'y');
  DiskJob job{
      .kind = DiskJob::Kind::kWriteSync, .file = file.value().get(), .bytes = first, .path = ""};
  ASSERT_TRUE(run(Lane::kCommit, job).ok());
  job.offset = first.size();
  job.bytes = second;
  loop().start(Lane::kCommit, job);
  system_.reset();
  std::string bytes(8192, '\0');
  ASSERT_EQ(file.value()->read(0, bytes.data(), bytes.size()).value(), bytes.size());
  EXPECT_TRUE(bytes == first + second);
}

TEST_P(LoopLocalTest, WorkOfAnOwnerRunsOnTheLaneAndItsStatusComesBack) {
  class Note final : public DiskWork {
   public:
    Status run(Disk& disk) override {
      thread = std::this_thread::get_id();
      return disk.open("/does/not/exist", OpenMode::kRead).error();
    }
    std::thread::id thread;
  } note;
  const Status status =
      run(Lane::kFetch, {.kind = DiskJob::Kind::kWork, .bytes = "", .path = "", .work = &note});
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().detail.find("/does/not/exist"), std::string::npos);
  EXPECT_NE(note.thread, std::thread::id());
  EXPECT_NE(note.thread, std::this_thread::get_id());
}

TEST_P(LoopLocalTest, LanesRunAtTheSameTimeAndManyTimes) {
  const Result<std::unique_ptr<File>> a = disk().open(path("a"), OpenMode::kCreate);
  const Result<std::unique_ptr<File>> b = disk().open(path("b"), OpenMode::kCreate);
  std::string want;
  for (size_t round = 1; round <= 200; ++round) {
    const std::string text = "record " + std::to_string(round) + "\n";
    loop().start(Lane::kCommit, {.kind = DiskJob::Kind::kWrite,
                                 .file = a.value().get(),
                                 .offset = want.size(),
                                 .bytes = text,
                                 .path = ""});
    loop().start(Lane::kBackground, {.kind = DiskJob::Kind::kWrite,
                                     .file = b.value().get(),
                                     .offset = want.size(),
                                     .bytes = text,
                                     .path = ""});
    want += text;
    ASSERT_TRUE(poll_until([&] { return recorder_.disk.size() == 2 * round; }));
  }
  EXPECT_EQ(content("a"), want);
  EXPECT_EQ(content("b"), want);
}

TEST_P(LoopLocalTest, PrepareMakesAFileOfZeros) {
  constexpr uint64_t kSize = (uint64_t{10} << 20) + 12345;
  ASSERT_TRUE(
      run(Lane::kBackground,
          {.kind = DiskJob::Kind::kPrepare, .bytes = "", .path = path("log"), .size = kSize})
          .ok());
  EXPECT_EQ(content("log"), std::string(kSize, '\0'));
  const Status again =
      run(Lane::kBackground,
          {.kind = DiskJob::Kind::kPrepare, .bytes = "", .path = path("log"), .size = 1});
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Errc::kIo);
  EXPECT_NE(again.error().detail.find(path("log")), std::string::npos);
  EXPECT_EQ(content("log").size(), kSize) << "an existing file is left alone";
}

TEST_P(LoopLocalTest, ReserveMakesAFileOfZeros) {
  constexpr uint64_t kSize = (uint64_t{3} << 20) + 123;
  ASSERT_TRUE(
      run(Lane::kBackground,
          {.kind = DiskJob::Kind::kReserve, .bytes = "", .path = path("log"), .size = kSize})
          .ok());
  EXPECT_EQ(content("log"), std::string(kSize, '\0'));
}

TEST_P(LoopLocalTest, ReplaceAndRemoveWorkOnNames) {
  const std::string old_new = path("m") + ".new";
  ASSERT_TRUE(disk().open(old_new, OpenMode::kCreate).ok());
  for (const std::string& text : {std::string("first"), std::string("2nd")}) {
    ASSERT_TRUE(
        run(Lane::kCheckpoint, {.kind = DiskJob::Kind::kReplace, .bytes = text, .path = path("m")})
            .ok());
    EXPECT_EQ(content("m"), text);
    EXPECT_FALSE(disk().exists(old_new));
  }
  const DiskJob remove{.kind = DiskJob::Kind::kRemove, .bytes = "", .path = path("m")};
  EXPECT_TRUE(run(Lane::kCheckpoint, remove).ok());
  EXPECT_FALSE(disk().exists(path("m")));
  EXPECT_FALSE(run(Lane::kCheckpoint, remove).ok());
}

// Notes how urgent the thread is that does it.
class Niceness : public DiskWork {
 public:
  Status run(Disk&) override {
    found = of_this_thread();
    return {};
  }
  static int of_this_thread() { return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())); }
  int found = 0;
};

TEST_P(LoopLocalTest, WhatNobodyWaitsForRunsBehindTheReactor) {
  const int own = Niceness::of_this_thread();
  constexpr int kLowest = 19;
  ASSERT_LT(own, kLowest) << "nothing is below the priority that these tests were started with";
  for (size_t i = 0; i < kLanes; ++i) {
    const auto lane = static_cast<Lane>(i);
    const bool behind = lane == Lane::kCheckpoint || lane == Lane::kFrames;
    Niceness work;
    ASSERT_TRUE(run(lane, {.kind = DiskJob::Kind::kWork, .bytes = "", .work = &work}).ok());
    EXPECT_EQ(work.found, behind ? std::min(own + 10, kLowest) : own) << "lane " << i;
  }
}

TEST_P(LoopLocalTest, PrepareThatFailsLeavesNothing) {
  // The limit stands for a full disk: both are kFull, and this one needs no privilege.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{1 << 20, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status status = run(Lane::kBackground, {.kind = DiskJob::Kind::kPrepare,
                                                .bytes = "",
                                                .path = path("log"),
                                                .size = uint64_t{4} << 20});
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::kFull);
  EXPECT_FALSE(disk().exists(path("log")));
}

TEST_P(LoopLocalTest, WakeFromAnotherThreadEndsThePoll) {
  for (int round = 0; round < 50; ++round) {
    std::thread waker([this] { loop().wake(); });
    const MonoNs start = clock().mono();
    loop().poll({start.value + kPatience}, recorder_);
    EXPECT_LT(clock().mono().value - start.value, kPatience);
    waker.join();
  }
}

TEST_P(LoopLocalTest, WakeBeforeThePollEndsTheNextOne) {
  loop().poll(kNow, recorder_);
  loop().wake();
  const MonoNs start = clock().mono();
  loop().poll({start.value + kPatience}, recorder_);
  EXPECT_LT(clock().mono().value - start.value, kPatience);
}

TEST_P(LoopLocalTest, PollWaitsUntilItsDeadlineAndNotLonger) {
  loop().poll(kNow, recorder_);
  const MonoNs deadline{clock().mono().value + 20 * kNsPerMs};
  int polls = 0;
  while (clock().mono() < deadline) {
    loop().poll(deadline, recorder_);
    ++polls;
  }
  EXPECT_LT(polls, 5) << "the loop spins instead of waiting";
  EXPECT_LT(clock().mono().value - deadline.value, kPatience);
}

TEST_P(LoopLocalTest, SignalsAreReportedOneByOne) {
  ASSERT_EQ(::kill(::getpid(), SIGTERM), 0);
  ASSERT_EQ(::kill(::getpid(), SIGINT), 0);
  ASSERT_EQ(::kill(::getpid(), SIGHUP), 0);
  ASSERT_EQ(::kill(::getpid(), SIGPIPE), 0);
  ASSERT_TRUE(poll_until([&] { return recorder_.signals.size() == 2; }));
  std::sort(recorder_.signals.begin(), recorder_.signals.end());
  EXPECT_EQ(recorder_.signals, (std::vector<int>{SIGINT, SIGTERM}));
  ASSERT_EQ(::kill(::getpid(), SIGTERM), 0);
  ASSERT_TRUE(poll_until([&] { return recorder_.signals.size() == 3; }));
}

// In a child process, because the shortage would hit gtest as well: with no descriptor left nobody
// is accepted and the loop does not spin; when one is free again the client that waited is served.
TEST_P(LoopLocalTest, ShortageOfDescriptorsPausesAccepting) {
  system_.reset();  // Its threads do not exist in the child.
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    set_log_level(LogLevel::kNothing);
    // Before the loop exists: an armed accept keeps the limit of the moment when it was armed.
    const rlimit limit{64, 64};
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::_exit(11);
    Result<std::unique_ptr<SystemWorld>> made = SystemWorld::create(GetParam());
    if (!made.ok()) ::_exit(10);
    system_ = std::move(made).value();
    const uint16_t port = listen();
    // Once with descriptors to spare: sanitizers need some at the first call of each kind.
    const Client early(port);
    accept_one();
    const Client first(port);
    const Client second(port);
    std::vector<Descriptor> taken;
    for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) taken.emplace_back(fd);
    taken.pop_back();
    if (!poll_until([&] { return recorder_.accepted.size() == 2; })) ::_exit(12);
    int polls = 0;
    const MonoNs end{clock().mono().value + 250 * kNsPerMs};
    while (clock().mono() < end) {
      loop().poll(end, recorder_);
      ++polls;
    }
    if (recorder_.accepted.size() != 2) ::_exit(13);
    if (polls > 20) ::_exit(14);
    taken.clear();
    if (!poll_until([&] { return recorder_.accepted.size() == 3; })) ::_exit(15);
    second.send("served");
    if (!poll_until([&] { return !recorder_.received.empty(); })) ::_exit(16);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

INSTANTIATE_TEST_SUITE_P(Backends, LoopLocalTest, testing::Values(Backend::kEpoll, Backend::kUring),
                         backend_test_name);

}  // namespace
}  // namespace leat::io
