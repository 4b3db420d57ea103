// How kinds and encodings are called in replies, and the form of HELP replies.
#pragma once

#include <initializer_list>
#include <utility>

#include "engine/object.h"
#include "resp/reply_writer.h"

namespace leat {

// "string", "hash", "set", "stream".
[[nodiscard]] Bytes kind_name(ObjectKind kind);

// The encoding that Redis would have chosen for this value ("int", "embstr", "raw", "listpack", "hashtable",
// "intset", "stream"): tools and test suites ask for it. Ours has no such encodings. O(n) for small values.
[[nodiscard]] Bytes encoding_name(const Object& object);

// The reply of "<container> HELP": the call of each subcommand and, indented, what it does.
void reply_help(ReplyWriter& reply, Bytes container,
                std::initializer_list<std::pair<Bytes, Bytes>> subcommands);

}  // namespace leat
