// XDELEX and XACKDEL: deletion that looks at what the groups still hold.
//
// Both decide id by id what is acknowledged and what is deleted, and then write one GroupAck for each group that loses
// something and one StreamDelete, which are one atomic group.
#include <algorithm>
#include <optional>
#include <vector>

#include "base/numbers.h"
#include "command/stream_commands.h"
#include "command/stream_words.h"
#include "command/trim_words.h"
#include "engine/reference_plan.h"
#include "model/record_lists.h"

namespace leat {
namespace {

constexpr int64_t kNotFound = -1;
constexpr int64_t kDeleted = 1;
constexpr int64_t kReferenced = 2;

struct DeletionWords {
  References references = References::kKeep;
  size_t first_id = 0;  // In the words.
  size_t count = 0;     // Ids.
};

// IDS numids id [id ...], with words[i] on IDS; leaves `i` behind the last id. Whether they are ids is looked at later.
bool read_ids_block(Context& context, const Arguments& words, size_t& i, DeletionWords& asked) {
  if (i + 1 == words.size()) {
    context.error(kErrSyntax);
    return false;
  }
  const auto count = parse_int64(words[i + 1]);
  if (!count || *count <= 0) {
    context.error("ERR Number of IDs must be a positive integer");
    return false;
  }
  asked.first_id = i + 2;
  if (static_cast<uint64_t>(*count) > words.size() - asked.first_id) {
    context.error("ERR The `numids` parameter must match the number of arguments");
    return false;
  }
  asked.count = static_cast<size_t>(*count);
  i = asked.first_id + asked.count;
  return true;
}

// [KEEPREF|DELREF|ACKED] IDS numids id [id ...] from words[i] on, in any order; of several blocks the last counts.
bool read_deletion(Context& context, const Arguments& words, size_t i, DeletionWords& asked) {
  bool chosen = false;
  while (i < words.size()) {
    const std::optional<References> references = references_of(words[i]);
    if (references && !chosen) {
      asked.references = *references;
      chosen = true;
      ++i;
    } else if (!references && same_word(words[i], "ids")) {
      if (!read_ids_block(context, words, i, asked)) return false;
    } else {
      context.error(kErrSyntax);
      return false;
    }
  }
  if (asked.count != 0) return true;
  context.error("ERR IDS option is required");
  return false;
}

// Nothing is there: the ids may be anything.
void reply_not_found(Context& context, size_t count) {
  context.reply().array(count);
  for (size_t i = 0; i < count; ++i) context.reply().integer(kNotFound);
}

bool read_ids(Context& context, const Arguments& words, const DeletionWords& asked,
              std::vector<StreamId>& ids) {
  ids.resize(asked.count);
  for (size_t i = 0; i < asked.count; ++i) {
    if (!read_id(context, words[asked.first_id + i], 0, ids[i])) return false;
  }
  return true;
}

// What the command does, decided for each id once, in ascending order.
struct Deletion {
  std::vector<StreamId> ids;       // Each once.
  std::vector<int64_t> outcomes;   // Of each.
  std::vector<StreamId> released;  // Lose what all groups hold of them.
  std::vector<StreamId> acknowledged;
  std::vector<StreamId> deleted;  // Live entries.

  explicit Deletion(std::vector<StreamId> asked) : ids(std::move(asked)) {
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    outcomes.reserve(ids.size());
  }

  // `acknowledging`: only what is pending there is deleted, and no longer is; null: XDELEX.
  void decide(const Stream& stream, StreamId id, References references,
              const Group* acknowledging) {
    if (acknowledging != nullptr) {
      if (!acknowledging->pending.find(id)) return outcomes.push_back(kNotFound);
      acknowledged.push_back(id);
    }
    if (references == References::kAcknowledged && is_referenced(stream, id, acknowledging)) {
      return outcomes.push_back(kReferenced);
    }
    if (references == References::kDrop) released.push_back(id);
    const bool live = stream.find(id).has_value();
    if (live) deleted.push_back(id);
    outcomes.push_back(live || acknowledging != nullptr ? kDeleted : kNotFound);
  }

  // The answer for an id of the command. `again`: it stood there before, and what was there is gone.
  [[nodiscard]] int64_t outcome(size_t place, bool again, bool acknowledging) const {
    const int64_t first = outcomes[place];
    if (!again) return first;
    return first == kReferenced && !acknowledging ? kReferenced : kNotFound;
  }
};

void acknowledge(Context& context, const Object& object, const Group& group,
                 const std::vector<StreamId>& ids) {
  if (ids.empty()) return;
  ByteBuffer& list = context.scratch();
  IdListWriter ranges(list);
  if (plan_acknowledgement(group.pending, ids, ranges) == 0) return;
  context.commit(GroupAck{.object = object.id, .group = group.id, .ranges = list.view()});
}

void write(Context& context, const Object& object, const Deletion& deletion,
           const Group* acknowledging) {
  if (acknowledging != nullptr) {
    acknowledge(context, object, *acknowledging, deletion.acknowledged);
  }
  for (const auto& [name, group] : object.stream()->groups().by_name()) {
    acknowledge(context, object, *group, deletion.released);
  }
  if (deletion.deleted.empty()) return;
  IdListWriter list(context.scratch());
  for (const StreamId id : deletion.deleted) list.add(id);
  context.commit(StreamDelete{.object = object.id, .ids = list.buffer().view()});
  context.notify(EventClass::kStream, "xdel", object.key);
}

void delete_ids(Context& context, const Object& object, const Group* acknowledging,
                References references, const std::vector<StreamId>& asked) {
  Deletion deletion(asked);
  for (const StreamId id : deletion.ids) {
    if (context.gives_up()) return;
    deletion.decide(*object.stream(), id, references, acknowledging);
  }
  write(context, object, deletion, acknowledging);
  context.reply().array(asked.size());
  std::vector<bool> replied(deletion.ids.size());
  for (const StreamId id : asked) {
    const auto place = static_cast<size_t>(
        std::lower_bound(deletion.ids.begin(), deletion.ids.end(), id) - deletion.ids.begin());
    context.reply().integer(deletion.outcome(place, replied[place], acknowledging != nullptr));
    replied[place] = true;
  }
}

}  // namespace

// XDELEX key [KEEPREF|DELREF|ACKED] IDS numids id [id ...]
//   ->  an integer per id: 1 deleted, -1 not there, 2 not deleted, as a group still needs it (ACKED).
// A missing key gives -1 for all, whatever the ids. One bad id refuses the whole command. With ACKED an id that some
// group has yet to come to gives 2 even if it is not there.
// Source: redis.io/docs/latest/commands/xdelex
void cmd_xdelex(Context& context, const Arguments& words) {
  DeletionWords asked;
  if (!read_deletion(context, words, 2, asked)) return;
  const Object* object = nullptr;
  if (!context.find(words[1], ObjectKind::kStream, object)) return;
  if (object == nullptr) return reply_not_found(context, asked.count);
  std::vector<StreamId> ids;
  if (!read_ids(context, words, asked, ids)) return;
  delete_ids(context, *object, nullptr, asked.references, ids);
}

// XACKDEL key group [KEEPREF|DELREF|ACKED] IDS numids id [id ...]
//   ->  an integer per id: 1 acknowledged and deleted, or no longer there, -1 not pending in the group, 2 acknowledged
//       but not deleted, as another group still needs it (ACKED).
// A missing key or group gives -1 for all, whatever the ids.
// Source: redis.io/docs/latest/commands/xackdel
void cmd_xackdel(Context& context, const Arguments& words) {
  DeletionWords asked;
  if (!read_deletion(context, words, 3, asked)) return;
  const Object* object = nullptr;
  if (!context.find(words[1], ObjectKind::kStream, object)) return;
  const Group* const group =
      object == nullptr ? nullptr : object->stream()->groups().find(words[2]);
  if (group == nullptr) return reply_not_found(context, asked.count);
  std::vector<StreamId> ids;
  if (!read_ids(context, words, asked, ids)) return;
  delete_ids(context, *object, group, asked.references, ids);
}

}  // namespace leat
