// leat-sim: runs simulations; a failure is repeated exactly by the command that it prints.
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "base/numbers.h"
#include "sim/flips.h"
#include "sim/simulation.h"

namespace leat::sim {
namespace {

constexpr const char* kUsage =
    "leat-sim [--seed N] [--trace]      one run, exactly\n"
    "leat-sim --seeds N [--first M]     N runs with the seeds from M on (default 1)\n"
    "leat-sim --minutes M [--first M]   runs for so long\n"
    "leat-sim --flips N [--first M]     N flipped bits in what the seeds from M on leave on disk\n";

constexpr uint64_t kFlipsEach = 100;  // In one directory.

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): a signal handler reads it.
uint64_t current_seed = 0;

// A failed check aborts: the seed must be known all the same.
void say_seed(int signal) {
  const std::string text =
      fmt::format("seed {} ended with signal {}; repeat it with\n  ./dev sim --seed {} --trace\n",
                  current_seed, signal, current_seed);
  static_cast<void>(::write(STDERR_FILENO, text.data(), text.size()));
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

struct Options {
  uint64_t first = 1;
  uint64_t seeds = 1;
  uint64_t minutes = 0;
  uint64_t flips = 0;
  bool trace = false;
  bool one = false;
};

bool read_options(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--trace") {
      options.trace = true;
      continue;
    }
    const auto number = i + 1 < argc ? parse_uint64(argv[i + 1]) : std::nullopt;
    if (!number) return false;
    ++i;
    if (word == "--seed") {
      options.first = *number;
      options.seeds = 1;
      options.one = true;
    } else if (word == "--seeds") {
      options.seeds = *number;
    } else if (word == "--first") {
      options.first = *number;
    } else if (word == "--flips") {
      options.flips = *number;
    } else if (word == "--minutes") {
      options.minutes = *number;
    } else {
      return false;
    }
  }
  return true;
}

int run_flips(const Options& options) {
  Flips::Counters sum;
  uint64_t done = 0;
  for (uint64_t seed = options.first; done < options.flips; ++seed) {
    current_seed = seed;
    Simulation simulation(seed);
    simulation.leave_disk_whole();
    std::string wrong = simulation.run();
    const uint64_t count = std::min(kFlipsEach, options.flips - done);
    Flips flips(simulation.config(), simulation.disk().image(), seed);
    if (wrong.empty()) wrong = flips.run(count);
    if (!wrong.empty()) {
      std::fputs(fmt::format("seed {}: {}\nrepeat it with\n  ./dev sim --flips {} --first {}\n",
                             seed, wrong, kFlipsEach, seed)
                     .c_str(),
                 stdout);
      return 1;
    }
    done += count;
    sum.refused += flips.counters().refused;
    sum.unreadable += flips.counters().unreadable;
    sum.harmless += flips.counters().harmless;
    sum.cut += flips.counters().cut;
  }
  std::fputs(fmt::format("{} flipped bits, each found by the check: {} refused, {} in frames that "
                         "then can't be read, {} harmless, {} cut off the end and reported; none "
                         "served as good data\n",
                         done, sum.refused, sum.unreadable, sum.harmless, sum.cut)
                 .c_str(),
             stdout);
  return 0;
}

int run(const Options& options) {
  Ledger::Counters sum;
  const std::time_t begun = std::time(nullptr);
  uint64_t done = 0;
  for (;; ++done) {
    const auto elapsed = static_cast<uint64_t>(std::time(nullptr) - begun);
    if (options.minutes != 0 ? elapsed >= options.minutes * 60 : done == options.seeds) break;
    current_seed = options.first + done;
    Simulation simulation(current_seed, options.trace);
    const std::string violation = simulation.run();
    if (!violation.empty()) {
      std::fputs(fmt::format("seed {}: {}\nrepeat it with\n  ./dev sim --seed {} --trace\n",
                             current_seed, violation, current_seed)
                     .c_str(),
                 stdout);
      return 1;
    }
    if (options.one)
      std::fputs(fmt::format("trace {:016x}\n", simulation.trace_hash()).c_str(), stdout);
    const Ledger::Counters& counters = simulation.counters();
    sum.commands += counters.commands;
    sum.replies += counters.replies;
    sum.recoveries += counters.recoveries;
    sum.rolled_back += counters.rolled_back;
    sum.wakes += counters.wakes;
    sum.timeouts += counters.timeouts;
    sum.refusals += counters.refusals;
    sum.evictions += counters.evictions;
    sum.long_replies += counters.long_replies;
  }
  std::fputs(
      fmt::format(
          "{} seeds from {} without a violation in {} s: {} commands, {} replies, {} recoveries, "
          "{} commands taken back by crashes, {} parked reads woken, {} timed out, {} commands "
          "refused for want of disk or memory, {} keys evicted, {} replies in pieces\n",
          done, options.first, std::time(nullptr) - begun, sum.commands, sum.replies,
          sum.recoveries, sum.rolled_back, sum.wakes, sum.timeouts, sum.refusals, sum.evictions,
          sum.long_replies)
          .c_str(),
      stdout);
  return 0;
}

}  // namespace
}  // namespace leat::sim

int main(int argc, char** argv) {
  leat::sim::Options options;
  if (!leat::sim::read_options(argc, argv, options)) {
    std::fputs(leat::sim::kUsage, stderr);
    return 2;
  }
  leat::set_log_level(options.trace ? leat::LogLevel::kVerbose : leat::LogLevel::kNothing);
  std::signal(SIGABRT, leat::sim::say_seed);
  std::signal(SIGSEGV, leat::sim::say_seed);
  return options.flips != 0 ? leat::sim::run_flips(options) : leat::sim::run(options);
}
