// Sets. A set that loses its last member is gone. What combines several sets is in set_algebra.cc.
// Source: redis.io/docs/latest/commands/?group=set
#include "command/context.h"
#include "command/random_picks.h"
#include "command/scan_words.h"
#include "command/set_commands.h"
#include "model/record_lists.h"

namespace leat {
namespace {

using Members = FieldMap<None>;

// Removes `members`, all of them in the set, and the key if nothing is left.
template <typename Range, typename Name>
void remove_members(Context& context, Bytes key, const Object& object, const Range& members,
                    Bytes event, Name&& name) {
  ByteBuffer& list = context.scratch();
  for (const auto& member : members) append_string(list, name(member));
  const bool all = object.set()->size() == members.size();
  if (all) {
    context.drop(object);
  } else {
    context.commit(SetRemove{.object = object.id, .list = list.view()});
  }
  context.notify(EventClass::kSet, event, key);
  if (all) context.notify(EventClass::kGeneric, "del", key);
}

}  // namespace

bool find_set(Context& context, Bytes key, const Object*& object, const FieldMap<None>*& members) {
  if (!context.find(key, ObjectKind::kSet, object)) return false;
  members = object == nullptr ? nullptr : object->set();
  return true;
}

// SADD key member [member ...]  ->  integer: how many are new.
void cmd_sadd(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Members* members = nullptr;
  if (!find_set(context, words[1], object, members)) return;
  ByteBuffer& list = context.scratch();
  bool any = false;
  for (size_t i = 2; i < words.size(); ++i) {
    if (members != nullptr && members->contains(words[i])) continue;
    append_string(list, words[i]);
    any = true;
  }
  if (!any) return context.reply().integer(0);
  const Object& set = object == nullptr ? context.create(words[1], ObjectKind::kSet) : *object;
  const size_t before = set.set()->size();
  context.commit(SetAdd{.object = set.id, .list = list.view()});
  context.notify(EventClass::kSet, "sadd", words[1]);
  context.reply().integer(static_cast<int64_t>(set.set()->size() - before));
}

// SREM key member [member ...]  ->  integer: how many there were.
void cmd_srem(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Members* members = nullptr;
  if (!find_set(context, words[1], object, members)) return;
  if (members == nullptr) return context.reply().integer(0);
  absl::flat_hash_set<Bytes> present;
  std::vector<Bytes> removed;
  for (size_t i = 2; i < words.size(); ++i) {
    if (members->contains(words[i]) && present.insert(words[i]).second) removed.push_back(words[i]);
  }
  if (!removed.empty()) {
    remove_members(context, words[1], *object, removed, "srem",
                   [](Bytes member) { return member; });
  }
  context.reply().integer(static_cast<int64_t>(removed.size()));
}

// SCARD key  ->  integer.
void cmd_scard(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Members* members = nullptr;
  if (!find_set(context, words[1], object, members)) return;
  context.reply().integer(members == nullptr ? 0 : static_cast<int64_t>(members->size()));
}

// SISMEMBER key member  ->  1 or 0. SMISMEMBER key member [member ...]  ->  array of them.
void cmd_sismember(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Members* members = nullptr;
  if (!find_set(context, words[1], object, members)) return;
  context.reply().integer(members != nullptr && members->contains(words[2]) ? 1 : 0);
}
void cmd_smismember(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Members* members = nullptr;
  if (!find_set(context, words[1], object, members)) return;
  context.reply().array(words.size() - 2);
  for (size_t i = 2; i < words.size(); ++i) {
    context.reply().integer(members != nullptr && members->contains(words[i]) ? 1 : 0);
  }
}

// SMEMBERS key  ->  set.
void cmd_smembers(Context& context, const Arguments& words) {
  const Object* object = nullptr;
  const Members* members = nullptr;
  if (!find_set(context, words[1], object, members)) return;
  ReplyWriter& reply = context.reply();
  if (members == nullptr) return reply.set(0);
  reply.set(members->size());
  members->visit([&reply](const std::string& member, None) { reply.bulk(member); });
}

// SMOVE source destination member  ->  1, or 0 when source does not have it.
void cmd_smove(Context& context, const Arguments& words) {
  const Object* source = nullptr;
  const Object* target = nullptr;
  const Members* from = nullptr;
  const Members* to = nullptr;
  if (!find_set(context, words[1], source, from)) return;
  if (from == nullptr) return context.reply().integer(0);
  if (!find_set(context, words[2], target, to)) return;
  if (!from->contains(words[3])) return context.reply().integer(0);
  context.reply().integer(1);
  if (source == target) return;
  remove_members(context, words[1], *source, std::vector<Bytes>{words[3]}, "srem",
                 [](Bytes member) { return member; });
  if (to != nullptr && to->contains(words[3])) return;
  const ObjectId id =
      target == nullptr ? context.create(words[2], ObjectKind::kSet).id : target->id;
  ByteBuffer& list = context.scratch();
  append_string(list, words[3]);
  context.commit(SetAdd{.object = id, .list = list.view()});
  context.notify(EventClass::kSet, "sadd", words[2]);
}

// SPOP key [count]  ->  a member, or a set of different ones, that are removed.
void cmd_spop(Context& context, const Arguments& words) {
  if (words.size() > 3) return context.error(kErrSyntax);
  PickCount asked{.count = 1};
  if (words.size() == 3) {
    const auto count = parse_int64(words[2]);
    if (!count || *count < 0) return context.error("ERR value is out of range, must be positive");
    asked.count = static_cast<uint64_t>(*count);
  }
  const Object* object = nullptr;
  const Members* members = nullptr;
  if (!find_set(context, words[1], object, members)) return;
  ReplyWriter& reply = context.reply();
  if (members == nullptr || asked.count == 0)
    return words.size() == 3 ? reply.set(0) : reply.null();
  const auto picks = pick_fields(*members, asked, context.host());
  if (words.size() == 3) reply.set(picks.size());
  for (const auto& [member, none] : picks) reply.bulk(*member);
  remove_members(context, words[1], *object, picks, "spop",
                 [](const auto& pick) { return Bytes(*pick.first); });
}

// SRANDMEMBER key [count]  ->  a member, or an array: different ones, or, with a negative count, so many picks.
void cmd_srandmember(Context& context, const Arguments& words) {
  if (words.size() > 3) return context.error(kErrSyntax);
  PickCount asked{.count = 1};
  if (words.size() == 3 && !read_pick_count(context, words[2], asked)) return;
  const Object* object = nullptr;
  const Members* members = nullptr;
  if (!find_set(context, words[1], object, members)) return;
  ReplyWriter& reply = context.reply();
  if (members == nullptr) return words.size() == 3 ? reply.array(0) : reply.null();
  if (words.size() == 2) return reply.bulk(*members->pick(context.host().random()).first);
  const auto picks = pick_fields(*members, asked, context.host());
  reply.array(picks.size());
  for (const auto& [member, none] : picks) reply.bulk(*member);
}

// SSCAN key cursor [MATCH pattern] [COUNT n]  ->  [next cursor, [members]]
void cmd_sscan(Context& context, const Arguments& words) {
  ScanWords asked;
  if (!read_scan_words(context, words, 2, ScanFor::kFields, asked)) return;
  const Object* object = nullptr;
  const Members* members = nullptr;
  if (!find_set(context, words[1], object, members)) return;
  std::vector<const std::string*> found;
  uint64_t next = 0;
  if (members != nullptr) {
    next = members->scan(asked.cursor, asked.count, [&](const std::string& member, None) {
      if (asked.matches(member)) found.push_back(&member);
    });
  }
  ReplyWriter& reply = context.reply();
  reply_cursor(reply, next);
  reply.array(found.size());
  for (const std::string* member : found) reply.bulk(*member);
}

}  // namespace leat
