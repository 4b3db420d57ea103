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
//            In a command `[ f<i> v ]*1000` stands for the words between the brackets so many times, `"x"*200` is one word.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "fuzz/words.h"

namespace leat::fuzz {

constexpr size_t kClients = 6;  // The unnamed one and A to E.

struct Step {
  enum class Kind : uint8_t { kCommand, kBytes, kWait, kClose };
  Kind kind = Kind::kCommand;
  size_t client = 0;
  std::vector<std::string> words;  // kWait: the number.

  bool operator==(const Step&) const = default;
};

using Script = std::vector<Step>;

[[nodiscard]] Script parse_script(Bytes text);
[[nodiscard]] std::string script_text(const Script& script);
// The words as they are sent: what stands in brackets, so many times. None if they are more than `max`.
[[nodiscard]] std::vector<std::string> expanded(const std::vector<std::string>& words, size_t max);

// One small change: words, commands and readers that wait are replaced, added, moved and dropped. New ones come from the grammar of
// the command table (command_grammar.h), or are any words that commands understand.
void mutate_script(Script& script, Chance& chance);
// Steps of both in turns, each in its order.
[[nodiscard]] Script cross_scripts(const Script& one, const Script& other, Chance& chance);

}  // namespace leat::fuzz
