// Sending a message to those who listen.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "command/host.h"
#include "command/subscriptions.h"

namespace leat {

// Sends `message` to all who listen to the channel, by its name or by a pattern; returns to how many. O(their number, and
// that of all patterns).
int64_t publish(Host& host, ChannelKind kind, Bytes channel, Bytes message);

}  // namespace leat
