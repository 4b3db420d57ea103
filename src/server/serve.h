// `leat serve`, `check`, `backup` and `restore`: what the program does with a server and with its data.
#pragma once

#include <span>
#include <string_view>

namespace leat {

// Runs a server until a signal or SHUTDOWN ends it. `args` is what stands behind `serve`.
//   returns  the exit status: 0 after a clean end; 1, with one sentence on standard error, when it can't
//            start or could not end cleanly.
int serve_main(std::span<const std::string_view> args);

// Verifies a data directory without changing it. `args` is what stands behind `check`.
//   returns  0: clean; 1: damaged or not readable; 2: arguments that it does not understand.
int check_main(std::span<const std::string_view> args);

// Makes a backup of a data directory, and a data directory of a backup. `args` is what stands behind the word.
//   returns  0: done and verified; 1: not, with one sentence on standard error; 2: arguments that it does not understand.
int backup_main(std::span<const std::string_view> args);
int restore_main(std::span<const std::string_view> args);

}  // namespace leat
