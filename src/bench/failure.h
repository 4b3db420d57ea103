// How the benchmark fails: with one sentence. Nothing goes on after a failure (a figure from a run
// with an error is worth nothing), so nobody looks at the code.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace leat::bench {

// `why` is without a full stop and without a program name; who prints it adds both.
inline Error failure(std::string why) {
  return {.code = Errc::kUnavailable, .detail = std::move(why)};
}

}  // namespace leat::bench
