#include "io/listeners.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "io/sockets.h"

namespace leat::io {

Listeners::~Listeners() {
  while (!listeners_.empty()) close(listeners_.back().id);
}

Result<ListenerId> Listeners::add_tcp(const std::string& address, uint16_t port, int backlog) {
  Result<Descriptor> fd = open_tcp_listener(address, port, backlog);
  if (!fd.ok()) return fd.error();
  const uint16_t bound = bound_port(fd.value().get());
  return add(std::move(fd).value(), bound, "");
}

Result<ListenerId> Listeners::add_unix(const std::string& path, unsigned mode, int backlog) {
  Result<Descriptor> fd = open_unix_listener(path, mode, backlog);
  if (!fd.ok()) return fd.error();
  return add(std::move(fd).value(), 0, path);
}

ListenerId Listeners::add(Descriptor fd, uint16_t port, std::string unix_path) {
  const ListenerId id{++last_id_};
  Listener& listener = listeners_.emplace_back();
  listener.id = id;
  listener.fd = std::move(fd);
  listener.port = port;
  listener.unix_path = std::move(unix_path);
  return id;
}

Listener* Listeners::find(ListenerId id) {
  const auto at = std::ranges::find(listeners_, id, &Listener::id);
  return at == listeners_.end() ? nullptr : &*at;
}

const Listener* Listeners::find(ListenerId id) const {
  const auto at = std::ranges::find(listeners_, id, &Listener::id);
  return at == listeners_.end() ? nullptr : &*at;
}

void Listeners::close(ListenerId id) {
  Listener* const listener = find(id);
  if (listener == nullptr) return;
  if (listener->paused_till) --paused_;
  // An accept that the kernel still runs for us keeps the socket open: shutdown() ends both.
  ::shutdown(listener->fd.get(), SHUT_RDWR);
  if (!listener->unix_path.empty()) ::unlink(listener->unix_path.c_str());
  listeners_.erase(listeners_.begin() + (listener - listeners_.data()));
}

bool Listeners::is_shortage(int code) {
  return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM;
}

void Listeners::pause(Listener& listener, int code, MonoNs now) {
  if (!listener.shortage_logged) {
    log(LogLevel::kWarning, "cannot accept connections for now, trying again: {}",
        ::strerrordesc_np(code));
    listener.shortage_logged = true;
  }
  if (!listener.paused_till) ++paused_;
  listener.paused_till = MonoNs{now.value + kAcceptPauseNs};
}

std::optional<MonoNs> Listeners::next_resume() const {
  if (paused_ == 0) return std::nullopt;
  std::optional<MonoNs> earliest;
  for (const Listener& listener : listeners_) {
    if (listener.paused_till && (!earliest || *listener.paused_till < *earliest)) {
      earliest = listener.paused_till;
    }
  }
  return earliest;
}

Listener* Listeners::take_rested(MonoNs now) {
  if (paused_ == 0) return nullptr;
  for (Listener& listener : listeners_) {
    if (listener.paused_till && *listener.paused_till <= now) {
      listener.paused_till.reset();
      --paused_;
      return &listener;
    }
  }
  return nullptr;
}

EndNames end_names(const Listener& listener, int fd) {
  if (!listener.unix_path.empty()) return {listener.unix_path, listener.unix_path};
  return {peer_name(fd), local_name(fd)};
}

}  // namespace leat::io
