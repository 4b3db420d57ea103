// What the allocator (jemalloc) can be asked and told by name. Not where a sanitizer brings its own.
//
// Source: jemalloc(3), mallctl.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include <jemalloc/jemalloc.h>

#include "base/check.h"

namespace leat::io {

template <typename Value>
Value setting(const char* name) {
  std::array<Value, 1> value{};
  size_t size = sizeof(value);
  LEAT_CHECK(::mallctl(name, static_cast<void*>(value.data()), &size, nullptr, 0) == 0);
  return value[0];
}

// Refused where the allocator has been built without it.
template <typename Value>
void try_setting(const char* name, Value wanted) {
  std::array<Value, 1> value{wanted};
  void* const at = static_cast<void*>(value.data());
  static_cast<void>(::mallctl(name, nullptr, nullptr, at, sizeof(value)));
}

// The full name of a setting of the arena that the calling thread allocates from.
inline std::string setting_of_this_arena(const std::string& name) {
  return "arena." + std::to_string(setting<unsigned>("thread.arena")) + "." + name;
}

}  // namespace leat::io
