// Calls by the grammar of the command table (command/syntax.h), for the command fuzzer: whole ones, and changes that
// leave a call of the same command, or nearly one.
#pragma once

#include <string>
#include <vector>

#include "fuzz/words.h"

namespace leat::fuzz {

// What stands in a call as `[ f<i> v ]*1000`, words of their own: repeat what is between them. Within, <i> counts from 1.
constexpr Bytes kGroupBegin = "[";
constexpr Bytes kGroupEnd = "]*";  // And the number.

// A call of any command, mostly one of streams and keys: options left out or not, any of what excludes each other, repetitions,
// numbers at the limits, names that are words of the grammar.
[[nodiscard]] std::vector<std::string> drawn_call(Chance& chance);

// An option comes or goes or becomes another one, a number changes, something is repeated. Words that are no call stay.
void mutate_call(std::vector<std::string>& words, Chance& chance);

}  // namespace leat::fuzz
