// XACK.
#include <algorithm>
#include <vector>

#include "command/stream_commands.h"
#include "command/stream_words.h"

namespace leat {
namespace {

// Writes which of `ids` (ascending, each once) are pending, as ranges that hold no other pending entry; returns
// how many. One walk along the pending entries when the ids lie together, as those of one delivery do.
int64_t plan_ranges(const PendingEntries& pending, const std::vector<StreamId>& ids,
                    IdListWriter& ranges) {
  int64_t count = 0;
  bool open = false;
  StreamId last;
  auto cursor = pending.cursor_from(ids.front());
  const auto close = [&] {
    if (open) ranges.add(last);
    open = false;
  };
  for (const StreamId id : ids) {
    if (cursor.valid() && cursor.entry().id < id) {
      close();
      cursor = pending.cursor_from(id);
    }
    if (!cursor.valid()) break;
    if (cursor.entry().id != id) continue;
    if (!open) ranges.add(id);
    open = true;
    last = id;
    ++count;
    cursor.advance();
  }
  close();
  return count;
}

}  // namespace

// XACK key group id [id ...]  ->  integer: how many ids were pending and no longer are.
// A missing key or group gives 0, whatever the ids. One bad id refuses the whole command.
// Source: redis.io/docs/latest/commands/xack
void cmd_xack(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  if (!context.find(words[1], ObjectKind::kStream, object)) return;
  const Group* const group =
      object == nullptr ? nullptr : object->stream()->groups().find(words[2]);
  if (group == nullptr) return context.reply().integer(0);
  std::vector<StreamId> ids(words.size() - 3);
  for (size_t i = 3; i < words.size(); ++i) {
    if (!read_id(context, words[i], 0, ids[i - 3])) return;
  }
  if (!std::is_sorted(ids.begin(), ids.end())) std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  ByteBuffer& list = context.scratch();
  IdListWriter ranges(list);
  const int64_t acknowledged = plan_ranges(group->pending, ids, ranges);
  if (acknowledged != 0) {
    context.commit(GroupAck{.object = object->id, .group = group->id, .ranges = list.view()});
  }
  context.reply().integer(acknowledged);
}

}  // namespace leat
