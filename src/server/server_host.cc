#include "server/server_host.h"

namespace leat {

Bytes ServerHost::write_refusal(bool frees_space) {
  const Log& log = shard_->log();
  // What a command appends is hardly more than what it was sent; the batch header and the padding are counted there.
  const uint64_t expected =
      reactor_.executing() == nullptr ? 0 : reactor_.executing()->unread().size();
  if (log.has_room(expected, frees_space)) return {};
  return "MISCONF The disk is full: the log has no room for this write. Reads work, and so do "
         "XACK, XDEL, XTRIM and "
         "DEL; writes are accepted again as soon as there is space.";
}

void ServerHost::show_to_monitors(const Session& /*session*/, const Request& /*request*/) {}
void ServerHost::note_duration(const Session& /*session*/, const Request& /*request*/,
                               int64_t /*duration_ns*/) {}

}  // namespace leat
