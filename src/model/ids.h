// Names for the numbers that the layers pass to each other.
#pragma once

#include <cstdint>

#include "base/strong.h"

namespace leat {

// Position in a shard's log: the number of a record, counted from 1 over the life of the log. 0 stands
// before the first record.
using Lsn = Strong<struct LsnTag>;

// One value that a key names. Never reused within a log; rename keeps it, copy makes a new one.
using ObjectId = Strong<struct ObjectIdTag>;

// A group within its stream and a consumer within its group; never reused there. 0 names nothing.
using GroupId = Strong<struct GroupIdTag, uint32_t>;
using ConsumerId = Strong<struct ConsumerIdTag, uint32_t>;

// Number of a database, as SELECT names it.
using DbIndex = Strong<struct DbIndexTag, uint32_t>;

}  // namespace leat
