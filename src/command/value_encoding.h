// How kinds and encodings are called in replies.
#pragma once

#include "base/bytes.h"
#include "engine/object.h"

namespace leat {

// "string", "hash", "set", "stream".
[[nodiscard]] Bytes kind_name(ObjectKind kind);

// The encoding that Redis would have chosen for this value ("int", "embstr", "raw", "listpack", "hashtable",
// "intset", "stream"): tools and test suites ask for it. Ours has no such encodings. O(n) for small values.
[[nodiscard]] Bytes encoding_name(const Object& object);

}  // namespace leat
