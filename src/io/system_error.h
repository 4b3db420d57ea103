// Turns an errno into the Error that the rest of Leat understands. errno goes no further than io/.
#pragma once

#include <string_view>

#include "base/result.h"

namespace leat::io {

// "<operation> <object>: <system's text>". `code` is an errno value.
//   returns  kFull when the device, a quota or the file size limit is full, else kIo.
[[nodiscard]] Error system_error(std::string_view operation, std::string_view object, int code);

// The same with a code that the caller has decided on.
[[nodiscard]] Error system_error_as(Errc errc, std::string_view operation, std::string_view object,
                                    int code);

}  // namespace leat::io
