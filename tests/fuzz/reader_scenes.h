// Readers that wait while what they wait with goes: scenes for the command fuzzer.
#pragma once

#include "fuzz/command_script.h"

namespace leat::fuzz {

// Puts a scene before step `at`, which may be the number of steps: clients wait for entries of stream `s`, alone or in a group, and then
// something happens to the stream, the group or the clients, or several things in one transaction.
void add_readers(Script& script, size_t at, Chance& chance);

}  // namespace leat::fuzz
