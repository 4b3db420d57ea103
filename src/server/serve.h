// `leat serve` and `leat check`: what the program does with a server and with its data.
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

}  // namespace leat
