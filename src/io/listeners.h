// Listeners: the listening sockets of a loop, and the pause of one that may not accept for now.
//
// When the process is out of descriptors an accept fails while its connection keeps waiting, so
// asking again at once would spin. The listener then rests for kAcceptPauseNs; who wants to connect
// waits in the kernel's backlog meanwhile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/descriptor.h"
#include "io/io.h"

namespace leat::io {

constexpr int64_t kAcceptPauseNs = 100 * kNsPerMs;

struct Listener {
  ListenerId id;
  Descriptor fd;
  uint16_t port = 0;
  std::string unix_path;              // Empty for TCP.
  std::optional<MonoNs> paused_till;  // Set while accepting rests.
  bool shortage_logged = false;       // Until an accept succeeds again.
};

class Listeners {
 public:
  Listeners() = default;
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;
  ~Listeners();

  Result<ListenerId> add_tcp(const std::string& address, uint16_t port, int backlog);
  Result<ListenerId> add_unix(const std::string& path, unsigned mode, int backlog);

  // Null when it is closed or never was. Dies with the next add.
  [[nodiscard]] Listener* find(ListenerId id);
  [[nodiscard]] const Listener* find(ListenerId id) const;
  // Stops listening, closes, and removes the file of a unix socket.
  void close(ListenerId id);

  // Is `code`, an errno, one that only waiting can cure?
  [[nodiscard]] static bool is_shortage(int code);
  // Lets the listener rest until kAcceptPauseNs after `now`, and says so once.
  void pause(Listener& listener, int code, MonoNs now);

  // The end of the earliest pause, if any listener rests. O(1) while none does.
  [[nodiscard]] std::optional<MonoNs> next_resume() const;
  // One listener whose pause ended by `now`; its pause is over with that.
  [[nodiscard]] Listener* take_rested(MonoNs now);

 private:
  ListenerId add(Descriptor fd, uint16_t port, std::string unix_path);

  std::vector<Listener> listeners_;  // At most a handful.
  uint32_t last_id_ = 0;
  size_t paused_ = 0;
};

// What on_accepted() calls the two ends of `fd`, accepted by `listener`.
struct EndNames {
  std::string peer;
  std::string local;
};
[[nodiscard]] EndNames end_names(const Listener& listener, int fd);

}  // namespace leat::io
