// SystemWorld: the World that the operating system provides: clock, randomness, disk, memory and a loop.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "io/io.h"
#include "io/posix_clock.h"
#include "io/posix_disk.h"
#include "io/system_memory.h"

namespace leat::io {

enum class Backend {
  kAuto,   // io_uring where the system allows it, else epoll.
  kUring,  // As kAuto; a refused io_uring is logged as a warning.
  kEpoll,
};

struct LoopChoice {
  std::unique_ptr<Loop> loop;
  Backend backend = Backend::kEpoll;  // What it became: kUring or kEpoll.
};

// `clock` and `disk` outlive the loop. The thread that calls poll() first is the loop's reactor.
// See LocalEvents for what it does to signals.
//   errors  kIo when the system is out of descriptors.
[[nodiscard]] Result<LoopChoice> make_loop(Backend wanted, Clock& clock, Disk& disk);

// "io_uring" or "epoll", as INFO shows it. Not for kAuto.
[[nodiscard]] std::string_view backend_name(Backend backend);

// Owns what World borrows. Made by the thread that will be the reactor.
class SystemWorld {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SystemWorld>> create(Backend wanted);
  SystemWorld(const SystemWorld&) = delete;
  SystemWorld& operator=(const SystemWorld&) = delete;

  [[nodiscard]] World world() { return {clock_, random_, disk_, *loop_, &memory_}; }
  [[nodiscard]] Backend backend() const { return backend_; }

 private:
  SystemWorld() = default;

  PosixClock clock_;
  PosixRandom random_;
  PosixDisk disk_;
  SystemMemory memory_;
  std::unique_ptr<Loop> loop_;
  Backend backend_ = Backend::kEpoll;
};

}  // namespace leat::io
