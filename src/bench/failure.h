// How the benchmark fails: with one sentence. Nothing goes on after a failure (a figure from a run
// with an error is worth nothing), so nobody looks at the code.
#pragma once

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "base/result.h"

namespace leat::bench {

// What `leat bench` ends with: a run that failed or a gate that did not hold; words that it did not understand.
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

// `why` is without a full stop and without a program name; who prints it adds both.
inline Error failure(std::string why) {
  return {.code = Errc::kUnavailable, .detail = std::move(why)};
}

// The same, with what the last system call said.
inline Error system_failure(const std::string& what) {
  return failure(what + ": " + std::generic_category().message(errno));
}

}  // namespace leat::bench
