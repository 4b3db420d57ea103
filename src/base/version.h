// Which Leat this is.
#pragma once

#include <string_view>

namespace leat {

// "0.1.0"; the number stands in CMakeLists.txt.
[[nodiscard]] std::string_view version();

}  // namespace leat
