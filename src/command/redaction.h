// What MONITOR and SLOWLOG may show of a command: its words, with secrets replaced.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "resp/request_parser.h"

namespace leat {

// Views into `request`, or "(redacted)" where a password stands.
[[nodiscard]] std::vector<Bytes> shown_words(const Request& request);

}  // namespace leat
