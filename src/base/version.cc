#include "base/version.h"

namespace leat {

std::string_view version() {
  return LEAT_VERSION;
}

}  // namespace leat
