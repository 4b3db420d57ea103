#include "server/server_host.h"

namespace leat {

Bytes ServerHost::write_refusal(uint64_t bytes, bool frees_space) {
  if (shard_->log().has_room(bytes, frees_space)) return {};
  return "MISCONF The disk is full: the log has no room for this write. Reads work, and so do "
         "XACK, XDEL, XTRIM and "
         "DEL; writes are accepted again as soon as there is space.";
}

void ServerHost::deliver(ClientId client, const PublishedMessage& message) {
  Connection* const connection = reactor_.find(client);
  if (connection == nullptr) return;
  reactor_.push(*connection, [&message](ReplyWriter& writer) {
    const bool pattern = message.kind == ChannelKind::kPattern;
    writer.push(pattern ? 4 : 3);
    writer.bulk(pattern                               ? "pmessage"
                : message.kind == ChannelKind::kShard ? "smessage"
                                                      : "message");
    if (pattern) writer.bulk(message.pattern);
    writer.bulk(message.channel);
    writer.bulk(message.message);
  });
}

void ServerHost::show_to_monitors(const Session& /*session*/, const Request& /*request*/) {}
void ServerHost::note_duration(const Session& /*session*/, const Request& /*request*/,
                               int64_t /*duration_ns*/) {}

}  // namespace leat
