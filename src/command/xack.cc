// XACK.
#include <algorithm>
#include <vector>

#include "command/stream_commands.h"
#include "command/stream_words.h"
#include "model/record_lists.h"

namespace leat {

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
  const int64_t acknowledged = plan_acknowledgement(group->pending, ids, ranges);
  if (acknowledged != 0) {
    context.commit(GroupAck{.object = object->id, .group = group->id, .ranges = list.view()});
  }
  context.reply().integer(acknowledged);
}

}  // namespace leat
