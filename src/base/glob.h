// glob_matches: the patterns of KEYS, SCAN MATCH, PSUBSCRIBE and CONFIG GET.
//
// Contract   *        any bytes, also none
//            ?        one byte
//            [ab] [^ab] [a-z]  one byte of a set, or not of it; a missing ] closes at the pattern's end
//            \x       x itself, also within a set; at the end of the pattern, a backslash
//            Bytes are compared as signed numbers in ranges, as Redis does on x86-64. An empty text
//            matches the patterns "" and "*" alone.
// Limits     no recursion; at most pattern.size() * text.size() steps, as only the last * is ever
//            tried again: an earlier one cannot help once what follows it has matched.
// Source     redis.io/docs/latest/commands/keys; oddities compared with redis-server 7.0.15
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace leat {

enum class LetterCase : uint8_t { kExact, kIgnored };  // Of ASCII letters.

[[nodiscard]] bool glob_matches(Bytes pattern, Bytes text,
                                LetterCase letter_case = LetterCase::kExact);

}  // namespace leat
