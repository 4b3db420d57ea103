// Script: what several clients send, as text in the notation of the conformance transcripts, so that those are the seeds
// of the command fuzzer and what fails can be read; and how a fuzzer changes it without leaving the notation.
//
// Format     one step per line; lines of any other form, as the replies of a transcript, are skipped.
//                > XADD s 1-1 f "a b\x00"     a command of the unnamed client
//                A> XLEN s                    a command of client A (A to E)
//                >> "PING\r\n" "PI"           raw bytes, the words joined
//                ! wait 20                    milliseconds pass
//                ! close A                    client A hangs up
//                ! repeat 100 XADD s <i>-0 f v    a few times only; <i> counts from 1
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace leat::fuzz {

constexpr size_t kClients = 6;  // The unnamed one and A to E.

struct Step {
  enum class Kind : uint8_t { kCommand, kBytes, kWait, kClose };
  Kind kind = Kind::kCommand;
  size_t client = 0;
  std::vector<std::string> words;  // kWait: the number.
};

using Script = std::vector<Step>;

[[nodiscard]] Script parse_script(Bytes text);
[[nodiscard]] std::string script_text(const Script& script);

// One small change: words and commands are replaced, added, moved and dropped; new ones come from the command table and
// from what commands understand.
using Chance = std::minstd_rand;
void mutate_script(Script& script, Chance& chance);
// Steps of both in turns, each in its order.
[[nodiscard]] Script cross_scripts(const Script& one, const Script& other, Chance& chance);

}  // namespace leat::fuzz
