#include "sim/sim_loop.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "io/disk_lane.h"

namespace leat::sim {
namespace {

// Of a job that was in flight at a crash, so many calls may have been made.
constexpr uint64_t kCallsOfJob = 7;
constexpr int64_t kStallFactor = 100;

}  // namespace

Result<io::ListenerId> SimLoop::listen_tcp(const std::string& /*address*/, uint16_t /*port*/,
                                           int /*backlog*/) {
  listening_ = true;
  return io::ListenerId{1};
}

Result<io::ListenerId> SimLoop::listen_unix(const std::string& path, unsigned /*mode*/,
                                            int /*backlog*/) {
  return Error{Errc::kInvalid, path + ": the simulator has no unix sockets"};
}

int64_t SimLoop::arrival(Peer& peer) {
  const int64_t time = clock_.mono().value + random_.between(1, faults.network_ns);
  peer.last_arrival = std::max(peer.last_arrival + 1, time);
  return peer.last_arrival;
}

void SimLoop::send(io::ConnectionId connection, Bytes bytes) {
  const auto peer = peers_.find(connection.value);
  if (peer == peers_.end()) return;
  if (peer->second.sent_this_turn) violated("two sends on one connection between two polls");
  if (peer->second.waits_writable) violated("a send on a connection that waits for on_writable()");
  peer->second.sent_this_turn = true;
  sends_.push_back({connection, bytes, hash64(bytes)});
}

void SimLoop::pause_receive(io::ConnectionId connection) {
  const auto peer = peers_.find(connection.value);
  if (peer != peers_.end()) peer->second.paused = true;
}

void SimLoop::resume_receive(io::ConnectionId connection) {
  const auto found = peers_.find(connection.value);
  if (found == peers_.end() || !found->second.paused) return;
  Peer& peer = found->second;
  peer.paused = false;
  if (!peer.held.empty()) {
    at(arrival(peer), {Event::Kind::kBytes, connection.value, std::exchange(peer.held, {})});
  }
  if (std::exchange(peer.held_close, false)) {
    at(arrival(peer), {Event::Kind::kPeerClosed, connection.value, {}});
  }
}

void SimLoop::close(io::ConnectionId connection) {
  if (peers_.erase(connection.value) != 0) clients_->on_server_closed(connection);
}

void SimLoop::start(io::Lane lane, io::DiskJob job) {
  LaneState& state = lanes_[static_cast<size_t>(lane)];
  if (state.busy) violated("a job was started on a lane that is busy");
  state.busy = true;
  if (job.kind == io::DiskJob::Kind::kSync) disk_.begin_sync(job.file->path());
  state.hash = hash64(job.bytes);
  state.job = std::move(job);
  int64_t time = random_.between(1, faults.disk_ns);
  if (random_.one_in(faults.disk_stall) || faults.slow_lane == lane) time *= kStallFactor;
  at(clock_.mono().value + time, {Event::Kind::kDisk, static_cast<uint64_t>(lane), {}});
}

void SimLoop::flush_sends(io::Handler& handler) {
  for (auto& [id, peer] : peers_) peer.sent_this_turn = false;
  for (const Send& send : std::exchange(sends_, {})) {
    const auto peer = peers_.find(send.connection.value);
    if (peer == peers_.end()) continue;
    if (hash64(send.bytes) != send.hash)
      violated("bytes given to send() have changed before they left");
    size_t taken = send.bytes.size();
    if (random_.one_in(faults.send_short)) taken = random_.below(taken);
    if (taken != 0) clients_->on_sent(send.connection, send.bytes.substr(0, taken));
    if (taken == send.bytes.size()) continue;
    peer->second.waits_writable = true;
    at(clock_.mono().value + random_.between(1, faults.network_ns),
       {Event::Kind::kWritable, send.connection.value, {}});
    handler.on_send_short(send.connection, taken);
  }
}

void SimLoop::poll(MonoNs deadline, io::Handler& handler) {
  flush_sends(handler);
  woken_ = false;
  while (true) {
    bool told = false;
    while (!events_.empty() && events_.begin()->first.first <= clock_.mono().value) {
      Event event = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      told = dispatch(event, handler) || told;
    }
    if (told || clock_.mono() >= deadline) return;
    int64_t next = deadline.value;
    if (!events_.empty()) next = std::min(next, events_.begin()->first.first);
    clock_.advance_to(next);
  }
}

bool SimLoop::dispatch(Event& event, io::Handler& handler) {
  if (event.kind == Event::Kind::kClient) {
    clients_->on_time(event.subject);
    return false;
  }
  if (event.kind == Event::Kind::kDisk) return complete(event.subject, handler);
  const auto found = peers_.find(event.subject);
  if (found == peers_.end()) return false;
  Peer& peer = found->second;
  const io::ConnectionId connection{event.subject};
  switch (event.kind) {
    case Event::Kind::kAccept:
      peer.accepted = true;
      clients_->on_accepted(connection);
      handler.on_accepted(connection, io::ListenerId{1}, "127.0.0.1:50000", "127.0.0.1:6379");
      return true;
    case Event::Kind::kBytes:
      if (peer.paused) {
        peer.held += event.bytes;
        return false;
      }
      handler.on_received(connection, event.bytes);
      return true;
    case Event::Kind::kPeerClosed:
      if (peer.paused) {
        peer.held_close = true;
        return false;
      }
      peers_.erase(found);
      handler.on_closed(connection);
      clients_->on_client_closed(connection);
      return true;
    case Event::Kind::kWritable:
      peer.waits_writable = false;
      handler.on_writable(connection);
      return true;
    case Event::Kind::kDisk:
    case Event::Kind::kClient:
      break;
  }
  return false;
}

bool SimLoop::complete(size_t lane, io::Handler& handler) {
  LaneState& state = lanes_[lane];
  if (!state.busy) return false;
  if (hash64(state.job.bytes) != state.hash)
    violated("bytes of a job have changed before it completed");
  const Status status = io::run_disk_job(disk_, state.job);
  state.busy = false;
  state.job = {};
  handler.on_disk(static_cast<io::Lane>(lane), status);
  return true;
}

std::optional<io::ConnectionId> SimLoop::connect() {
  if (!listening_) return std::nullopt;
  const io::ConnectionId id{next_connection_++};
  Peer& peer = peers_[id.value];
  at(arrival(peer), {Event::Kind::kAccept, id.value, {}});
  return id;
}

void SimLoop::client_send(io::ConnectionId connection, Bytes bytes) {
  const auto peer = peers_.find(connection.value);
  if (peer == peers_.end()) return;
  while (!bytes.empty()) {
    size_t size = bytes.size();
    if (random_.one_in(faults.cut_receive)) size = 1 + random_.below(size);
    at(arrival(peer->second),
       {Event::Kind::kBytes, connection.value, std::string(bytes.substr(0, size))});
    bytes.remove_prefix(size);
  }
}

void SimLoop::disconnect(io::ConnectionId connection) {
  const auto peer = peers_.find(connection.value);
  if (peer == peers_.end()) return;
  at(arrival(peer->second), {Event::Kind::kPeerClosed, connection.value, {}});
}

void SimLoop::wake_client(uint64_t client, int64_t time) {
  at(time, {Event::Kind::kClient, client, {}});
}

void SimLoop::crash() {
  listening_ = false;
  sends_.clear();
  peers_.clear();
  std::erase_if(events_,
                [](const auto& event) { return event.second.kind != Event::Kind::kClient; });
  for (LaneState& state : lanes_) {
    if (!state.busy) continue;
    if (!disk_.dead()) {
      disk_.die_after(1 + random_.below(kCallsOfJob));
      static_cast<void>(io::run_disk_job(disk_, state.job).ok());
      disk_.revive();
    }
    state = {};
  }
}

}  // namespace leat::sim
