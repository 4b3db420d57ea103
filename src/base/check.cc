#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace leat {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "leat: bug: %s does not hold at %s:%d\n", condition, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace leat
