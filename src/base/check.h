// LEAT_CHECK: an invariant that only a bug can break. On in every build, aborts with a message.
//
// Never reachable from input or from disk: what a client sends or a disk returns is an error value.
#pragma once

namespace leat {

// Prints the failed condition to standard error and aborts. Does not return.
[[noreturn, gnu::cold]] void check_failed(const char* condition, const char* file, int line);

}  // namespace leat

#define LEAT_CHECK(condition)                               \
  do {                                                      \
    if (!(condition)) [[unlikely]]                          \
      ::leat::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
