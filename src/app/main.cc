// leat: the program. What it does is in server/serve.h and bench/bench.h.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/crash_points.h"
#include "base/version.h"
#include "bench/bench.h"
#include "server/serve.h"

namespace {

constexpr const char* kUsage =
    "leat serve [file] [--name value ...]   starts a server; leat serve --help says more\n"
    "leat bench [options]                   measures a server; leat bench --help says more\n"
    "leat check DIR                         verifies a data directory\n"
    "leat backup DIR TARGET                 copies a data directory, also below a running server\n"
    "leat restore BACKUP DIR [options]      makes a data directory of a backup, up to a point if "
    "wished\n"
    "leat --version\n";

// For tests: they enumerate what this very program has.
void print_crash_points() {
  for (const leat::CrashPointRow& row : leat::kCrashPoints) {
    std::printf("%-26s %s\n", std::string(row.name).c_str(), std::string(row.step).c_str());
  }
}

// A test that names a point that is not there must not pass because nothing dies.
bool unlock_crash_points() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the only thread.
  const char* const armed = std::getenv("LEAT_CRASH_POINT");
  if (armed == nullptr) return true;
  const leat::Status status = leat::unlock_crash_points(armed);
  if (status.ok()) return true;
  std::fprintf(stderr, "leat: LEAT_CRASH_POINT: %s\n", status.error().detail.c_str());
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> args(argv + 1, argv + argc);
  const std::string_view command = args.empty() ? std::string_view() : args[0];
  const std::span<const std::string_view> rest = std::span(args).subspan(args.empty() ? 0 : 1);
  if (!unlock_crash_points()) return 2;
  if (command == "serve") return leat::serve_main(rest);
  if (command == "bench") return leat::bench::bench_main(rest);
  if (command == "check") return leat::check_main(rest);
  if (command == "backup") return leat::backup_main(rest);
  if (command == "restore") return leat::restore_main(rest);
  if (command == "--crash-points") {
    print_crash_points();
    return 0;
  }
  if (command == "--version" || command == "-v") {
    std::printf("leat %s\n", std::string(leat::version()).c_str());
    return 0;
  }
  const bool asked = command == "--help" || command == "-h" || command == "help";
  std::fputs(kUsage, asked ? stdout : stderr);
  return asked ? 0 : 2;
}
