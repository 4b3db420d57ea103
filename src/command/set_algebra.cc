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
  const auto before = context.drop_replaced(context.find(words[1]));
  const auto creates = before ? Context::Creates::kReplaces : Context::Creates::kNew;
  if (!result.empty()) {
    const Object& set = context.create(words[1], ObjectKind::kSet, creates);
    ByteBuffer& list = context.scratch();
    result.visit([&list](const std::string& member, None) { append_string(list, member); });
    context.commit(SetAdd{.object = set.id, .list = list.view()});
    context.notify_overwritten(words[1], before, ObjectKind::kSet);
    context.notify(EventClass::kSet, lower_case(words[0]), words[1]);
  } else if (before) {
    context.notify(EventClass::kGeneric, "del", words[1]);
  }
  context.reply().integer(static_cast<int64_t>(result.size()));
}

constexpr uint32_t kSetStore = kWrite | kDenyOom;

// clang-format off
constexpr CommandSpec kSetCommands[] = {
    {"sadd", -3, kSetStore | kFast, kAclSet, "1 RW insert", cmd_sadd,
     "key member [member ...]", "count", "1.0.0", "set", "O(N) for N members", "Adds members to a set."},
    {"scard", 2, kReadonly | kFast, kAclSet, "1 RO", cmd_scard,
     "key", "count", "1.0.0", "set", "O(1)", "Counts the members of a set."},
    {"sdiff", -2, kReadonly, kAclSet, "1..-1 RO access", cmd_sdiff,
     "key [key ...]", "~[bulk ...]",
     "1.0.0", "set", "O(N) for N members in all sets", "Replies the members of a set that others do not have.", "nondeterministic_output_order"},
    {"sdiffstore", -3, kSetStore, kAclSet, "1 OW update, 2..-1 RO access", cmd_sdiffstore,
     "destination key [key ...]", "count", "1.0.0", "set", "O(N) for N members in all sets", "Stores the difference of sets."},
    {"sinter", -2, kReadonly, kAclSet, "1..-1 RO access", cmd_sinter,
     "key [key ...]", "~[bulk ...]",
     "1.0.0", "set", "O(N*M) for N members of the smallest of M sets", "Replies the members that all sets have.", "nondeterministic_output_order"},
    {"sintercard", -3, kReadonly | kMovableKeys, kAclSet, "1# RO access", cmd_sintercard,
     "numkeys key [key ...] [LIMIT limit]", "count",
     "7.0.0", "set", "O(N*M) for N members of the smallest of M sets", "Counts the members that all sets have."},
    {"sinterstore", -3, kSetStore, kAclSet, "1 RW update, 2..-1 RO access", cmd_sinterstore,
     "destination key [key ...]", "count", "1.0.0", "set", "O(N*M) for N members of the smallest of M sets", "Stores the intersection of sets."},
    {"sismember", 3, kReadonly | kFast, kAclSet, "1 RO", cmd_sismember,
     "key member", "0|1", "1.0.0", "set", "O(1)", "Tells whether a set has a member."},
    {"smembers", 2, kReadonly, kAclSet, "1 RO access", cmd_smembers,
     "key", "~[bulk ...]", "1.0.0", "set", "O(N) for N members", "Replies all members of a set.", "nondeterministic_output_order"},
    {"smismember", -3, kReadonly | kFast, kAclSet, "1 RO access", cmd_smismember,
     "key member [member ...]", "[0|1 ...]", "6.2.0", "set", "O(N) for N members", "Tells which members a set has."},
    {"smove", 4, kWrite | kFast, kAclSet, "1 RW access delete, 2 RW insert", cmd_smove,
     "source destination member", "0|1", "1.0.0", "set", "O(1)", "Moves a member from a set to another."},
    {"spop", -2, kWrite | kFast, kAclSet, "1 RW access delete", cmd_spop,
     "key [count]", "bulk|null|~[bulk ...]",
     "1.0.0", "set", "O(N) for N removed members", "Removes random members and replies them.", "nondeterministic_output"},
    {"srandmember", -2, kReadonly, kAclSet, "1 RO access", cmd_srandmember,
     "key [count]", "bulk|null|[bulk ...]",
     "1.0.0", "set", "O(N) for N replied members", "Replies random members of a set.", "nondeterministic_output"},
    {"srem", -3, kWrite | kFast | kFreesSpace, kAclSet, "1 RW delete", cmd_srem,
     "key member [member ...]", "count", "1.0.0", "set", "O(N) for N members", "Removes members of a set."},
    {"sscan", -3, kReadonly, kAclSet, "1 RO access", cmd_sscan,
     "key cursor [MATCH pattern] [COUNT count]", "[cursor: digits, members: [bulk ...]]",
     "2.8.0", "set", "O(N) for N members looked at", "Walks the members of a set in steps.", "nondeterministic_output"},
    {"sunion", -2, kReadonly, kAclSet, "1..-1 RO access", cmd_sunion,
     "key [key ...]", "~[bulk ...]",
     "1.0.0", "set", "O(N) for N members in all sets", "Replies the members that any of the sets has.", "nondeterministic_output_order"},
    {"sunionstore", -3, kSetStore, kAclSet, "1 OW update, 2..-1 RO access", cmd_sunionstore,
     "destination key [key ...]", "count", "1.0.0", "set", "O(N) for N members in all sets", "Stores the union of sets."},
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
