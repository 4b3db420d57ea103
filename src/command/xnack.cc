// XNACK: consumers give entries back that they will not finish.
#include <limits>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/numbers.h"
#include "command/stream_commands.h"
#include "command/stream_words.h"
#include "model/record_lists.h"

namespace leat {
namespace {

struct NackWords {
  DeliveryCount count = DeliveryCount::kKeep;
  uint64_t deliveries = 0;
  bool force = false;
  size_t first_id = 0;  // In the words.
  size_t ids = 0;
};

// SILENT: as if it had not been delivered; FAIL: that counts; FATAL: it is not to be tried again.
bool read_mode(Context& context, Bytes word, NackWords& asked) {
  if (same_word(word, "silent")) {
    asked.count = DeliveryCount::kDecrement;
  } else if (same_word(word, "fail")) {
    asked.count = DeliveryCount::kKeep;
  } else if (same_word(word, "fatal")) {
    asked.count = DeliveryCount::kSet;
    asked.deliveries = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  } else {
    context.error("ERR mode must be SILENT, FAIL, or FATAL");
    return false;
  }
  return true;
}

// IDS numids id [id ...], with words[i] on numids; leaves `i` behind the last id. Whether they are ids is looked at later.
bool read_ids_block(Context& context, const Arguments& words, size_t& i, NackWords& asked) {
  const auto count = parse_int64(words[i]);
  if (!count || *count <= 0 || *count > std::numeric_limits<int32_t>::max()) {
    context.error("ERR numids must be a positive integer");
    return false;
  }
  asked.first_id = i + 1;
  if (static_cast<uint64_t>(*count) > words.size() - asked.first_id) {
    context.error("ERR number of IDs doesn't match numids");
    return false;
  }
  asked.ids = static_cast<size_t>(*count);
  i = asked.first_id + asked.ids;
  return true;
}

bool read_retry_count(Context& context, Bytes word, NackWords& asked) {
  int64_t count = 0;
  if (!read_integer(context, word, count)) return false;
  if (count < 0) {
    context.error("ERR Invalid RETRYCOUNT value, must be >= 0");
    return false;
  }
  asked.count = DeliveryCount::kSet;
  asked.deliveries = static_cast<uint64_t>(count);
  return true;
}

bool read_nack_words(Context& context, const Arguments& words, NackWords& asked) {
  if (!read_mode(context, words[3], asked)) return false;
  size_t i = 4;
  while (i < words.size()) {
    const bool has_value = i + 1 < words.size();
    if (same_word(words[i], "force")) {
      asked.force = true;
      ++i;
    } else if (has_value && same_word(words[i], "retrycount")) {
      if (!read_retry_count(context, words[i + 1], asked)) return false;
      i += 2;
    } else if (has_value && same_word(words[i], "ids")) {
      if (!read_ids_block(context, words, ++i, asked)) return false;
    } else {
      context.error(fmt::format("ERR Unrecognized XNACK option '{}'", words[i]));
      return false;
    }
  }
  if (asked.ids != 0) return true;
  context.error("ERR syntax error, expected IDS keyword");
  return false;
}

// Release: what one command gives back, in records of ascending ids.
class Release {
 public:
  Release(Context& context, const Object& object, const Group& group, const NackWords& asked)
      : context_(context), object_(object), group_(group), asked_(asked) {}

  void take(StreamId id) {
    // It may have been named before: it is looked at as that has left it.
    if (id <= previous_) commit();
    previous_ = id;
    const bool there = group_.pending.find(id).has_value() ||
                       (asked_.force && object_.stream()->find(id).has_value());
    if (there) ids_.push_back(id);
  }
  void commit() {
    if (ids_.empty()) return;
    IdListWriter list(context_.scratch());
    for (const StreamId id : ids_) list.add(id);
    context_.commit(GroupRelease{.object = object_.id,
                                 .group = group_.id,
                                 .count = asked_.count,
                                 .deliveries = asked_.deliveries,
                                 .ids = list.buffer().view()});
    released_ += ids_.size();
    ids_.clear();
  }
  [[nodiscard]] size_t released() const { return released_; }

 private:
  Context& context_;
  const Object& object_;
  const Group& group_;
  const NackWords& asked_;
  StreamId previous_;
  std::vector<StreamId> ids_;
  size_t released_ = 0;
};

// What is written can't be planned again: FORCE looks at the entries before. False when the command has to wait, or can't
// be done.
bool foresee(const Context& context, const Object& object, const Group& group,
             const NackWords& asked, const std::vector<StreamId>& ids) {
  if (!asked.force || !object.stream()->sealed()) return true;
  for (const StreamId id : ids) {
    if (context.gives_up()) return false;
    if (!group.pending.find(id)) static_cast<void>(object.stream()->find(id));
  }
  return !context.lacks_entries();
}

}  // namespace

// XNACK key group SILENT|FAIL|FATAL IDS numids id [id ...] [RETRYCOUNT n] [FORCE]
//   ->  integer: how many ids are given back, each as often as it is named.
// They stay pending, but nobody owns them: they are the first to be claimed, in the order in which they were given back,
// whatever the idle time. Deliveries: SILENT one less, FAIL as they are, FATAL 2^63-1; RETRYCOUNT says otherwise. FORCE
// makes an entry of the stream pending that is not, with no delivery so far. One bad id refuses the whole command.
// Source: redis.io/docs/latest/commands/xnack
void cmd_xnack(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Group* group = nullptr;
  if (!find_group(context, words, object, group)) return;
  NackWords asked;
  if (!read_nack_words(context, words, asked)) return;
  std::vector<StreamId> ids(asked.ids);
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!read_id(context, words[asked.first_id + i], 0, ids[i])) return;
  }
  if (!foresee(context, *object, *group, asked, ids)) return;
  Release release(context, *object, *group, asked);
  for (const StreamId id : ids) release.take(id);
  release.commit();
  context.reply().integer(static_cast<int64_t>(release.released()));
}

}  // namespace leat
