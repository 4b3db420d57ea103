// The version of Redis whose surface is here: clients switch features by it.
#pragma once

#include <string_view>

namespace leat {

constexpr std::string_view kRedisVersion = "8.10.2";

}  // namespace leat
