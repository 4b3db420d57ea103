// split_arguments: one line of text to arguments, quoted as inline commands and configuration files
// write them.
//
// Contract   arguments are separated by white space. "..." knows \n \r \t \b \a \xHH and takes any
//            other escaped byte as it is; '...' knows only \'. A quote may open in the middle of a word
//            and must close before white space or the end of the line. Every other byte, NUL as well,
//            stands for itself.
// Ownership  the arguments are views into `line`, or into `storage` where unquoting changed them; both
//            must outlive them.
// Source     redis.io/docs/latest/develop/reference/protocol-spec, "Inline commands"; redis.conf
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"

namespace leat {

// Splits `line` (without its line end) into `arguments`, which may be none. Returns false if quotes
// do not balance; what `arguments` holds is unspecified then. O(line).
[[nodiscard]] bool split_arguments(Bytes line, std::string& storage, std::vector<Bytes>& arguments);

}  // namespace leat
