// Long replies: written in pieces, as fast as their clients read.
#include <algorithm>

#include "base/log.h"
#include "server/reactor.h"

namespace leat {
namespace {

// What all of them write in a turn, about: some 0.3 ms of copying.
constexpr size_t kWrittenPerTurn = size_t{1} << 20;
// Frames that one waits for at once: a piece is about as much.
constexpr size_t kFramesAtOnce = 4;

}  // namespace

void Reactor::begin_reply(Connection& connection, Dispatcher::Outcome& outcome) {
  connection.replying = true;
  shard_->long_replies().begin(connection.session.id, std::move(outcome.rest), outcome.release);
  replying_.push_back(&connection);
}

void Reactor::write_replies() {
  replies_due_ = false;
  size_t left = kWrittenPerTurn;
  const size_t piece = shard_->dispatcher().piece_bytes();
  // Who has written goes behind those that had to wait.
  const std::vector<Connection*> all = std::exchange(replying_, {});
  std::vector<Connection*> written;
  for (Connection* const connection : all) {
    if (connection->dead) continue;
    const bool waits = shard_->frames().waits(connection->session.id);
    if (waits || connection->output.pending() > piece) {
      replying_.push_back(connection);
    } else if (left == 0) {
      replying_.push_back(connection);
      replies_due_ = true;
    } else {
      left -= std::min(left, write_reply(*connection, {}));
      if (connection->replying && !connection->dead) written.push_back(connection);
    }
  }
  replying_.insert(replying_.end(), written.begin(), written.end());
}

void Reactor::resume_reply(Connection& connection, OpenedFrames opened) {
  if (connection.output.pending() <= shard_->dispatcher().piece_bytes()) {
    write_reply(connection, std::move(opened));
  } else {
    shard_->long_replies().of(connection.session.id).opened = std::move(opened);
  }
}

size_t Reactor::write_reply(Connection& connection, OpenedFrames opened) {
  const ClientId client = connection.session.id;
  LongReplies::One& one = shard_->long_replies().of(client);
  FrameCache& cache = shard_->engine().share().frames;
  const size_t start = connection.output.buffer().size();
  cache.begin(FrameCache::Keep::kPinned, kFramesAtOnce);
  const LongReply::State state =
      one.reply->write(cache, connection.output.buffer(), shard_->dispatcher().piece_bytes());
  const std::vector<FrameRef> missing = cache.take_missing();
  cache.end();
  const size_t size = connection.output.buffer().size() - start;
  if (size != 0) {
    added(connection, one.release);
    connection.last_active = shard_->dispatcher().now().mono;
  }
  // What has come for this piece and is not used up is the next one's.
  one.opened = std::move(opened);
  if (state == LongReply::State::kUnreadable) {
    log(LogLevel::kWarning,
        "Client {} is closed: entries can't be read whose reply has begun; see above",
        connection.peer);
    close(connection);
  } else if (state == LongReply::State::kMissing) {
    shard_->frames().park(client, missing, {});
  } else if (state == LongReply::State::kDone) {
    end_reply(connection);
  } else if (connection.output.pending() <= shard_->dispatcher().piece_bytes()) {
    replies_due_ = true;
  }
  return std::max(size, size_t{1});
}

void Reactor::end_reply(Connection& connection) {
  connection.replying = false;
  std::erase(replying_, &connection);
  shard_->long_replies().end(connection.session.id);
  connection.session.end_skip();
  release_pushes(connection);
  connection.pushes.release();  // Many may have come meanwhile.
  make_runnable(connection);
  if (!connection.runnable) close_if_ended(connection);
  if (connection.session.close_after_reply && connection.output.empty()) close(connection);
}

void Reactor::forget_reply(Connection& connection) {
  if (!connection.replying) return;
  connection.replying = false;
  shard_->frames().forget(connection.session.id);
  shard_->long_replies().end(connection.session.id);
}

size_t Reactor::held_bytes(const Connection& connection) const {
  return connection.replying ? shard_->long_replies().held_bytes(connection.session.id) : 0;
}

}  // namespace leat
