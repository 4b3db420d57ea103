// Intersections, unions and differences of sets, and the rows of all set commands.
#include <algorithm>
#include <vector>

#include "base/numbers.h"
#include "command/command_table.h"
#include "command/context.h"
#include "command/key_commands.h"
#include "command/set_commands.h"
#include "model/record_lists.h"

namespace leat {
namespace {

using Members = FieldMap<None>;
using Sources = std::vector<const Members*>;  // Null: no such key, an empty set.

enum class Operation : uint8_t { kIntersection, kUnion, kDifference };

// The sets of words [from, to). False after WRONGTYPE has been replied.
bool find_sources(Context& context, const Arguments& words, size_t from, size_t to,
                  Sources& sources) {
  for (size_t i = from; i < to; ++i) {
    const Object* object = nullptr;
    const Members* members = nullptr;
    if (!find_set(context, words[i], object, members)) return false;
    sources.push_back(members);
  }
  return true;
}

// Visits the members that all sources have until visit returns false. Walks the smallest one.
template <typename Visit>
void intersect(Sources sources, Visit&& visit) {
  if (std::find(sources.begin(), sources.end(), nullptr) != sources.end()) return;
  std::sort(sources.begin(), sources.end(),
            [](const Members* a, const Members* b) { return a->size() < b->size(); });
  bool more = true;
  sources[0]->visit([&](const std::string& member, None) {
    const auto has = [&member](const Members* source) { return source->contains(member); };
    if (more && std::all_of(sources.begin() + 1, sources.end(), has)) more = visit(member);
  });
}

Members combine(const Sources& sources, Operation operation) {
  Members result;
  const auto add = [&result](const std::string& member) {
    result.set(member, {});
    return true;
  };
  if (operation == Operation::kIntersection) {
    intersect(sources, add);
  } else if (operation == Operation::kUnion) {
    for (const Members* source : sources) {
      if (source != nullptr)
        source->visit([&add](const std::string& member, None) { add(member); });
    }
  } else if (sources[0] != nullptr) {
    sources[0]->visit([&](const std::string& member, None) {
      const auto has = [&member](const Members* source) {
        return source != nullptr && source->contains(member);
      };
      if (std::none_of(sources.begin() + 1, sources.end(), has)) add(member);
    });
  }
  return result;
}

void reply_combined(Context& context, const Arguments& words, Operation operation) {
  Sources sources;
  if (!find_sources(context, words, 1, words.size(), sources)) return;
  const Members result = combine(sources, operation);
  ReplyWriter& reply = context.reply();
  reply.set(result.size());
  result.visit([&reply](const std::string& member, None) { reply.bulk(member); });
}

// Stores the result under words[1], over whatever it held; an empty one deletes it.
void store_combined(Context& context, const Arguments& words, Operation operation) {
  Sources sources;
  if (!find_sources(context, words, 2, words.size(), sources)) return;
  const Members result = combine(sources, operation);
  const Object* const old = context.find(words[1]);
  const auto creates = old == nullptr ? Context::Creates::kNew : Context::Creates::kReplaces;
  if (old != nullptr) context.drop(*old);
  if (!result.empty()) {
    const Object& set = context.create(words[1], ObjectKind::kSet, creates);
    ByteBuffer& list = context.scratch();
    result.visit([&list](const std::string& member, None) { append_string(list, member); });
    context.commit(SetAdd{.object = set.id, .list = list.view()});
    context.notify(EventClass::kSet, lower_case(words[0]), words[1]);
  } else if (creates == Context::Creates::kReplaces) {
    context.notify(EventClass::kGeneric, "del", words[1]);
  }
  context.reply().integer(static_cast<int64_t>(result.size()));
}

// The keys of SINTERCARD: as many as its first word says.
std::vector<size_t> counted_keys(const Arguments& words) {
  std::vector<size_t> positions;
  const auto count = parse_int64(words[1]);
  if (!count || *count <= 0 || static_cast<uint64_t>(*count) > words.size() - 2) return positions;
  for (size_t i = 2; i < 2 + static_cast<size_t>(*count); ++i) positions.push_back(i);
  return positions;
}

constexpr uint32_t kSetReadFast = kAclRead | kAclSet | kAclFast;
constexpr uint32_t kSetReadSlow = kAclRead | kAclSet | kAclSlow;
constexpr uint32_t kSetWriteFast = kAclWrite | kAclSet | kAclFast;
constexpr uint32_t kSetWriteSlow = kAclWrite | kAclSet | kAclSlow;
constexpr uint32_t kSetStore = kWrite | kDenyOom;
constexpr KeyRange kSetKey = {1, 1, 1};
constexpr KeyRange kSetKeys = {1, -1, 1};

// clang-format off
constexpr CommandSpec kSetCommands[] = {
    {"sadd", -3, kSetStore | kFast, kSetWriteFast, kSetKey, cmd_sadd, "1.0.0", "set", "Adds members to a set."},
    {"scard", 2, kReadonly | kFast, kSetReadFast, kSetKey, cmd_scard, "1.0.0", "set", "Counts the members of a set."},
    {"sdiff", -2, kReadonly, kSetReadSlow, kSetKeys, cmd_sdiff, "1.0.0", "set", "Replies the members of a set that others do not have."},
    {"sdiffstore", -3, kSetStore, kSetWriteSlow, kSetKeys, cmd_sdiffstore, "1.0.0", "set", "Stores the difference of sets."},
    {"sinter", -2, kReadonly, kSetReadSlow, kSetKeys, cmd_sinter, "1.0.0", "set", "Replies the members that all sets have."},
    {"sintercard", -3, kReadonly | kMovableKeys, kSetReadSlow, {}, cmd_sintercard, "7.0.0", "set", "Counts the members that all sets have.", {}, counted_keys},
    {"sinterstore", -3, kSetStore, kSetWriteSlow, kSetKeys, cmd_sinterstore, "1.0.0", "set", "Stores the intersection of sets."},
    {"sismember", 3, kReadonly | kFast, kSetReadFast, kSetKey, cmd_sismember, "1.0.0", "set", "Tells whether a set has a member."},
    {"smembers", 2, kReadonly, kSetReadSlow, kSetKey, cmd_smembers, "1.0.0", "set", "Replies all members of a set."},
    {"smismember", -3, kReadonly | kFast, kSetReadFast, kSetKey, cmd_smismember, "6.2.0", "set", "Tells which members a set has."},
    {"smove", 4, kWrite | kFast, kSetWriteFast, {1, 2, 1}, cmd_smove, "1.0.0", "set", "Moves a member from a set to another."},
    {"spop", -2, kWrite | kFast, kSetWriteFast, kSetKey, cmd_spop, "1.0.0", "set", "Removes random members and replies them."},
    {"srandmember", -2, kReadonly, kSetReadSlow, kSetKey, cmd_srandmember, "1.0.0", "set", "Replies random members of a set."},
    {"srem", -3, kWrite | kFast | kFreesSpace, kSetWriteFast, kSetKey, cmd_srem, "1.0.0", "set", "Removes members of a set."},
    {"sscan", -3, kReadonly, kSetReadSlow, kSetKey, cmd_sscan, "2.8.0", "set", "Walks the members of a set in steps."},
    {"sunion", -2, kReadonly, kSetReadSlow, kSetKeys, cmd_sunion, "1.0.0", "set", "Replies the members that any of the sets has."},
    {"sunionstore", -3, kSetStore, kSetWriteSlow, kSetKeys, cmd_sunionstore, "1.0.0", "set", "Stores the union of sets."},
};
// clang-format on

}  // namespace

// SINTER key [key ...], SUNION, SDIFF  ->  set. With STORE, words[1] is the destination  ->  integer: its size.
void cmd_sinter(Context& context, const Arguments& words) {
  reply_combined(context, words, Operation::kIntersection);
}
void cmd_sunion(Context& context, const Arguments& words) {
  reply_combined(context, words, Operation::kUnion);
}
void cmd_sdiff(Context& context, const Arguments& words) {
  reply_combined(context, words, Operation::kDifference);
}
void cmd_sinterstore(Context& context, const Arguments& words) {
  store_combined(context, words, Operation::kIntersection);
}
void cmd_sunionstore(Context& context, const Arguments& words) {
  store_combined(context, words, Operation::kUnion);
}
void cmd_sdiffstore(Context& context, const Arguments& words) {
  store_combined(context, words, Operation::kDifference);
}

// SINTERCARD numkeys key [key ...] [LIMIT n]  ->  integer, at most n unless n is 0.
void cmd_sintercard(Context& context, const Arguments& words) {
  const auto keys = parse_int64(words[1]);
  if (!keys || *keys <= 0) return context.error("ERR numkeys should be greater than 0");
  if (static_cast<uint64_t>(*keys) > words.size() - 2) {
    return context.error("ERR Number of keys can't be greater than number of args");
  }
  const size_t end = 2 + static_cast<size_t>(*keys);
  int64_t limit = 0;
  for (size_t i = end; i < words.size(); i += 2) {
    if (i + 1 == words.size() || !same_word(words[i], "limit")) return context.error(kErrSyntax);
    const auto given = parse_int64(words[i + 1]);
    if (!given || *given < 0) return context.error("ERR LIMIT can't be negative");
    limit = *given;
  }
  Sources sources;
  if (!find_sources(context, words, 2, end, sources)) return;
  int64_t count = 0;
  intersect(sources, [&count, limit](const std::string& /*member*/) { return ++count != limit; });
  context.reply().integer(count);
}

std::span<const CommandSpec> set_commands() {
  return kSetCommands;
}

}  // namespace leat
