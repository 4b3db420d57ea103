// The only door outside: files, sockets, the wait for them, clocks and randomness.
//
// Three implementations: posix (epoll + a helper thread), uring (io_uring + the same helper), and the
// simulator in tests/sim. Nothing outside io/ opens a file or a socket or reads a clock.
//
// Thread     one Loop belongs to one reactor thread; only wake() may be called from others.
//            Disk's blocking calls are for start-up, for tools and for the helper lanes behind Loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/crash_points.h"
#include "base/result.h"
#include "base/strong.h"
#include "base/time.h"

namespace leat::io {

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallMs wall() = 0;
  [[nodiscard]] virtual int64_t wall_us() = 0;  // Unix time, microseconds (TIME, SLOWLOG).
  [[nodiscard]] virtual MonoNs mono() = 0;
  // Nanoseconds for durations of commands: cheaper than mono(), monotonic per thread, and off by a
  // part in a thousand at most. Not comparable with mono().
  [[nodiscard]] virtual int64_t stopwatch() = 0;
  // Nanoseconds that the calling thread has spent on a processor, in total. A system call; not comparable with mono().
  [[nodiscard]] virtual int64_t thread_cpu() = 0;
};

class Random {
 public:
  virtual ~Random() = default;
  // 64 uniformly distributed bits; good enough for run ids and UUIDs.
  [[nodiscard]] virtual uint64_t next() = 0;
};

// An open file. Errors carry path, operation and the system's text. One thread at a time, but for sync(): what is
// written elsewhere while it runs may or may not be covered.
class File {
 public:
  virtual ~File() = default;
  [[nodiscard]] virtual const std::string& path() const = 0;
  // Reads up to `size` bytes at `offset` into `out`; returns how many (fewer only at the end).
  virtual Result<size_t> read(uint64_t offset, char* out, size_t size) = 0;
  // Writes all of `bytes` at `offset`. After an error an unknown part has been written.
  //   errors  kFull when the device or a quota is full, else kIo.
  virtual Status write(uint64_t offset, Bytes bytes) = 0;
  // Makes what was written durable (fdatasync). After an error nothing of this file may be trusted
  // and no retry helps: the kernel may have dropped the pages (Rebello et al., USENIX ATC 2020).
  virtual Status sync() = 0;
  [[nodiscard]] virtual Result<uint64_t> size() = 0;
  virtual Status truncate(uint64_t size) = 0;
  // Makes the file `size` bytes long, with blocks reserved for all of it that read as zeros.
  //   errors  kFull; kUnavailable where the file system can't reserve.
  virtual Status reserve(uint64_t size) = 0;
  // Of this file: what is written there in whole, aligned blocks does not pass through memory and is durable when the
  // write has completed. -1 where there is none, and while something written is not synced, for then such a write would
  // be durable before what it follows. The file's own; for the thread that writes.
  [[nodiscard]] virtual int direct_descriptor() { return -1; }
  // [offset, offset + size) will be read soon: the system may begin to fetch it. Does not wait.
  virtual void expect(uint64_t /*offset*/, uint64_t /*size*/) {}
};

enum class OpenMode {
  kRead,       // Must exist.
  kReadWrite,  // Must exist.
  kCreate,     // Must not exist; its directory is not synced.
};

class Disk;

// Work of an owner's own on a helper lane or a Worker: reads and writes, and the computing that belongs to them.
//
// Thread     run() is called on the lane; until the job has completed nobody else touches what it uses.
class DiskWork {
 public:
  virtual ~DiskWork() = default;
  virtual Status run(Disk& disk) = 0;
};

// A thread beside the caller's, for one that may wait for it: who loads or checks files, before anything is served.
class Worker {
 public:
  // Waits for what runs.
  virtual ~Worker() = default;
  // Runs `work`, which is borrowed until wait() has returned. The worker is idle.
  virtual void start(DiskWork& work) = 0;
  // Waits for the end of what was started, and gives its status. The worker is idle again.
  virtual Status wait() = 0;
};

// Blocking operations on names. Paths are absolute or relative to the working directory.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  // Names (without directory) in `directory`, sorted; without "." and "..".
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
  [[nodiscard]] virtual bool exists(const std::string& path) = 0;
  // Creates `directory` and its missing parents.
  virtual Status make_directory(const std::string& directory) = 0;
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  // The same, and returns the file that had the name, so that its bytes can be given back bit by bit: freeing all at
  // once keeps some disks busy for long. Null where somebody else may use it, under another name or open, and where the
  // system can't tell.
  virtual Result<std::unique_ptr<File>> detach(const std::string& path);
  // Gives the file `from` a second name.
  //   errors  kUnavailable where the file systems give none: the two names are on different ones, for example.
  virtual Status link(const std::string& from, const std::string& to) = 0;
  // Makes creations, renames and removals in `directory` durable.
  virtual Status sync_directory(const std::string& directory) = 0;
  // Takes the advisory lock of `directory` until the returned object dies.
  //   errors  kUnavailable when another process holds it.
  virtual Result<std::unique_ptr<File>> lock_directory(const std::string& directory) = 0;
  // A disk that has no threads does the work when it is started, so that its reads always come in the same order.
  virtual std::unique_ptr<Worker> worker();
};

// The names of a job's steps.
struct CrashSteps {
  CrashPoint begun = CrashPoint::kNone;    // kPrepare, kReserve: created. kReplace: .new written.
  CrashPoint changed = CrashPoint::kNone;  // Written, filled, renamed or removed; not synced.
  CrashPoint durable = CrashPoint::kNone;  // All of it.
};

// One piece of work for a helper lane. At most one job per lane is in flight.
struct DiskJob {
  enum class Kind : uint8_t {
    kWrite,      // file->write(offset, bytes)
    kWriteSync,  // file->write(offset, bytes), then file->sync()
    kSync,       // file->sync()
    kPrepare,    // Creates `path`, fills it with `size` zeros, syncs file and directory.
    kReserve,    // The same, but only reserves the blocks where the file system can: cheaper to
                 // make, and slower to sync when it is written later.
    kReplace,  // Makes `bytes` the whole content of `path`, by way of a synced `path`.new: after a
               // crash either the old content is there or this one, whole.
    kRemove,   // Removes `path`; the directory is not synced.
    kWork,     // work->run(disk)
  };
  Kind kind = Kind::kWrite;
  File* file = nullptr;  // Borrowed; outlives the job. Null for kWork, and where `path` names it.
  uint64_t offset = 0;
  Bytes bytes;  // Borrowed; unchanged until the job has completed.
  std::string path;
  uint64_t size = 0;
  DiskWork* work = nullptr;  // Borrowed, as `file`.
  CrashSteps steps = {};
};

enum class Lane : uint8_t {
  kCommit,      // What replies wait for.
  kBackground,  // Files to be made ready, the superblock.
  kSync,        // Syncs of what has been written, while more is written.
  kCheckpoint,  // Checkpoints, and the removal of what they replace.
  kFrames,      // Sealed frames to be written and synced.
  kFetch,       // Sealed frames to be read.
};
constexpr size_t kLanes = 6;

// Never reused within a process.
using ConnectionId = Strong<struct ConnectionIdTag>;
using ListenerId = Strong<struct ListenerIdTag, uint32_t>;

// What a Loop tells its owner, from inside poll() only.
class Handler {
 public:
  virtual ~Handler() = default;
  // `peer` and `local` are "address:port", "[v6]:port" or the path of a unix socket.
  virtual void on_accepted(ConnectionId connection, ListenerId listener, const std::string& peer,
                           const std::string& local) = 0;
  // `bytes` is never empty and dies when the call returns.
  virtual void on_received(ConnectionId connection, Bytes bytes) = 0;
  // The peer sends nothing more, and all that it sent has been reported. It may still read, so what
  // it is owed can leave; who owns the connection close()s it when done.
  virtual void on_ended(ConnectionId connection) = 0;
  // The connection broke; the id is dead. What it had sent was reported in earlier polls, so that
  // commands of a client that does not wait for replies are not lost.
  virtual void on_closed(ConnectionId connection) = 0;
  // Of the bytes last given to send() only the first `taken` left; wait for on_writable().
  virtual void on_send_short(ConnectionId connection, size_t taken) = 0;
  virtual void on_writable(ConnectionId connection) = 0;
  virtual void on_disk(Lane lane, Status status) = 0;
  virtual void on_signal(int signal) = 0;
};

// Loop: the completion side of one reactor: sockets, helper lanes, signals and the wait for them.
//
// Contract   send() borrows its bytes until the next poll() returns. In that poll either all of them
//            leave, which is not reported, or on_send_short() tells how many did. One send per
//            connection between two polls; none while the connection waits for on_writable().
// Errors     a broken connection shows as on_closed(); calls naming a dead id are ignored.
class Loop {
 public:
  virtual ~Loop() = default;

  // `port` 0 takes any free port; see port().
  //   errors  kUnavailable when the address is in use, kInvalid when it is not an address, kIo else.
  virtual Result<ListenerId> listen_tcp(const std::string& address, uint16_t port, int backlog) = 0;
  // Creates the socket with `mode` permissions from the start (never wider), replacing a stale one.
  virtual Result<ListenerId> listen_unix(const std::string& path, unsigned mode, int backlog) = 0;
  [[nodiscard]] virtual uint16_t port(ListenerId listener) const = 0;
  virtual void close_listener(ListenerId listener) = 0;

  virtual void send(ConnectionId connection, Bytes bytes) = 0;
  // Stops and resumes on_received() for one connection; bytes wait in the kernel meanwhile.
  virtual void pause_receive(ConnectionId connection) = 0;
  virtual void resume_receive(ConnectionId connection) = 0;
  // Closes at once, dropping what was not sent. No on_closed() follows.
  virtual void close(ConnectionId connection) = 0;
  // Seconds of idleness after which the kernel probes the peer; 0 turns probing off.
  virtual void set_keepalive(ConnectionId connection, int seconds) = 0;

  // Starts `job`; on_disk(lane, status) follows in a later poll(). The lane must be idle.
  virtual void start(Lane lane, DiskJob job) = 0;

  // Sends what send() was given, then waits for events until `deadline` (or returns at once when it
  // has passed) and reports them to `handler`.
  virtual void poll(MonoNs deadline, Handler& handler) = 0;
  // Makes a poll() in progress, or the next one, return. From any thread.
  virtual void wake() = 0;
};

// What the process holds, for maxmemory.
class Memory {
 public:
  virtual ~Memory() = default;
  // Bytes allocated and not freed. Some hundred instructions.
  [[nodiscard]] virtual uint64_t allocated() = 0;
  // Bytes ever allocated by the calling thread, which is always the same: allocated() grows by no more than this,
  // but for what other threads do. Some ten instructions.
  [[nodiscard]] virtual uint64_t handed_out() = 0;
};

// Everything a server needs from outside. Borrowed: whoever made it owns it and outlives the server.
struct World {
  Clock& clock;
  Random& random;
  Disk& disk;
  Loop& loop;
  Memory* memory = nullptr;  // Null: nobody counts, and maxmemory is never reached.
};

}  // namespace leat::io
