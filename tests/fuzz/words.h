// Words that the command fuzzer draws: what commands understand, the names of things, ids and numbers.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace leat::fuzz {

using Chance = std::minstd_rand;

// Below `bound`; 0 if that is 0.
[[nodiscard]] size_t below(Chance& chance, size_t bound);
[[nodiscard]] inline bool once_in(Chance& chance, size_t times) {
  return below(chance, times) == 0;
}
template <typename List>
[[nodiscard]] const auto& drawn(const List& list, Chance& chance) {
  return list[below(chance, std::size(list))];
}

// The words of a line in the notation of the transcripts; none if its quotes do not balance. `"x"*200` is one word.
[[nodiscard]] std::vector<std::string> split_words(Bytes line);
// A word as split_words() reads it.
[[nodiscard]] std::string quoted(Bytes word);

[[nodiscard]] std::string drawn_word(Chance& chance);
// At the limits of 32 and 64 bits, around zero, and what is none.
[[nodiscard]] std::string drawn_number(Chance& chance);
[[nodiscard]] std::string drawn_id(Chance& chance);
// How often something is repeated: mostly once, else at the limits of what is kept in place, or very often.
[[nodiscard]] size_t drawn_times(Chance& chance);

}  // namespace leat::fuzz
