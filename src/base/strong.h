// Strong<Tag, Rep>: an integer that does not mix with other integers.
#pragma once

#include <compare>
#include <cstdint>
#include <utility>

namespace leat {

template <typename Tag, typename Rep = uint64_t>
struct Strong {
  Rep value = 0;

  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const Strong& strong) {
    return H::combine(std::move(state), strong.value);
  }
};

}  // namespace leat
