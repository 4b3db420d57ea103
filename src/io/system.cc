#include "io/system.h"

#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "io/epoll_loop.h"
#include "io/uring_loop.h"

namespace leat::io {

Result<LoopChoice> make_loop(Backend wanted, Clock& clock, Disk& disk) {
  if (wanted != Backend::kEpoll) {
    Result<std::unique_ptr<Loop>> ring = UringLoop::create(clock, disk);
    if (ring.ok()) return LoopChoice{std::move(ring).value(), Backend::kUring};
    log(wanted == Backend::kUring ? LogLevel::kWarning : LogLevel::kNotice,
        "using epoll, because io_uring is not available here ({})", ring.error().detail);
  }
  Result<std::unique_ptr<Loop>> loop = EpollLoop::create(clock, disk);
  if (!loop.ok()) return loop.error();
  return LoopChoice{std::move(loop).value(), Backend::kEpoll};
}

std::string_view backend_name(Backend backend) {
  LEAT_CHECK(backend != Backend::kAuto);
  return backend == Backend::kUring ? "io_uring" : "epoll";
}

Result<std::unique_ptr<SystemWorld>> SystemWorld::create(Backend wanted) {
  std::unique_ptr<SystemWorld> created(new SystemWorld);
  Result<LoopChoice> choice = make_loop(wanted, created->clock_, created->disk_);
  if (!choice.ok()) return choice.error();
  created->loop_ = std::move(choice.value().loop);
  created->backend_ = choice.value().backend;
  return created;
}

}  // namespace leat::io
