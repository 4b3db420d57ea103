#include "bench/bench.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/socket.h>

#include "bench/compare.h"
#include "bench/measure.h"
#include "bench/null_server.h"
#include "bench/options.h"
#include "bench/report.h"
#include "bench/server_cpu.h"
#include "bench/server_process.h"
#include "bench/workload.h"

namespace leat::bench {
namespace {

int complain(std::string_view why, int status) {
  fmt::print(stderr, "leat bench: {}\n", why);
  return status;
}

struct RunOptions {
  Target target;
  uint64_t port = 6379;
  uint64_t pid = 0;
  double seconds = 10;
  bool csv = false;
  bool json = false;
  Changes changes;
};

std::vector<Option> option_table(RunOptions& options) {
  std::vector<Option> table = {
      // clang-format off
      {"--host",     "HOST",    "server to measure (default 127.0.0.1)",                          &options.target.address.host},
      {"--port",     "N",       "its port (default 6379)",                                        Whole{&options.port, 1, 65535}},
      {"--password", "TEXT",    "sent with AUTH on every connection",                             &options.target.password},
      {"--pid",      "N",       "the server's process, if INFO does not tell the right one",      Whole{&options.pid, 1, 1U << 30U}},
      {"--seconds",  "X",       "time limit of one workload (default 10)",                        Decimal{&options.seconds, 0.01, 86'400}},
      {"--csv",      "",        "print CSV",                                                      &options.csv},
      {"--json",     "",        "print one JSON object per line",                                 &options.json},
      // clang-format on
  };
  const auto more = options_for(options.changes);
  table.insert(table.end(), more.begin(), more.end());
  return table;
}

constexpr std::string_view kIntroduction =
    "leat bench [OPTION VALUE]...     measure a running server (Leat, Redis, any that speaks "
    "RESP)\n"
    "leat bench compare [OPTION]...   start Leat, redis-server and a null server and compare them\n"
    "leat bench null --port N         run the null server, which answers +OK to everything\n"
    "\n"
    "It writes only to keys that begin with leat-bench: and removes them. Figures are explained "
    "in\n"
    "docs/benchmark.md. `leat bench compare --help` lists the options of the comparison.\n";

int print_help() {
  RunOptions options;
  fmt::print("{}\nWorkloads:\n{}\nOptions:\n{}", kIntroduction, describe_workloads(),
             describe(option_table(options)));
  return 0;
}

void show(const RunOptions& options, const Identity& identity, const Workload& workload,
          const Measurement& measurement) {
  const std::string name = label(workload);
  const Circumstances around{
      .server = identity.version, .mode = identity.durability, .workload = name};
  if (options.csv) return fmt::print("{}", csv_row(around, measurement));
  if (options.json) return fmt::print("{}\n", json_object(around, measurement));
  const auto shown = metrics_present({&measurement, 1});
  std::vector<std::optional<double>> values;
  values.reserve(shown.size());
  for (const Metric* metric : shown) values.push_back(metric->of(measurement));
  fmt::print("{}, {} connections, {} x {} bytes: {} operations in {:.2f} s (load {:.2f})\n{}{}\n",
             name, workload.connections, workload.fields, workload.value_size,
             measurement.operations, measurement.seconds, measurement.load, table_heading(shown),
             table_row("", values, shown) + doubts({&measurement, 1}, usable_cores().size()));
  std::fflush(stdout);
}

// The process that INFO names is the server only when the server runs on this host.
void find_process(RunOptions& options, const Identity& identity) {
  const std::string& host = options.target.address.host;
  const bool here = host == "localhost" || host == "::1" || host.starts_with("127.");
  if (options.pid != 0) {
    options.target.pid = static_cast<pid_t>(options.pid);
  } else if (here && identity.pid && cpu_ns(*identity.pid)) {
    options.target.pid = identity.pid;
  }
}

int run(std::span<const std::string_view> args) {
  RunOptions options;
  auto parsed = parse_options(args, option_table(options));
  if (!parsed.ok()) return complain(parsed.error().detail, kExitUsage);
  auto workloads = chosen(options.changes);
  if (!workloads.ok()) return complain(workloads.error().detail, kExitUsage);
  options.target.address.port = static_cast<uint16_t>(options.port);

  auto identity = identify(options.target);
  if (!identity.ok()) return complain(identity.error().detail, kExitFailed);
  find_process(options, identity.value());
  if (options.csv) {
    fmt::print("{}", csv_heading());
  } else if (!options.json) {
    fmt::print("{}:{}: {}, durability {}, process {}\n\n", options.target.address.host,
               options.port,
               identity.value().version.empty() ? "unknown server" : identity.value().version,
               identity.value().durability.empty() ? "unknown" : identity.value().durability,
               options.target.pid ? std::to_string(*options.target.pid) : "not visible here");
  }
  const Effort effort{.synced = identity.value().durability == "always",
                      .seconds_max = options.seconds};
  for (const Workload& workload : workloads.value()) {
    auto measurement = measure(options.target, workload, effort);
    if (!measurement.ok()) {
      return complain(fmt::format("{}: {}", label(workload), measurement.error().detail),
                      kExitFailed);
    }
    show(options, identity.value(), workload, measurement.value());
  }
  return 0;
}

int run_null(std::span<const std::string_view> args) {
  uint64_t port = 0;
  const std::vector<Option> table = {
      {"--port", "N", "port on 127.0.0.1 (default 0: any that is free)", Whole{&port, 0, 65535}}};
  auto parsed = parse_options(args, table);
  if (!parsed.ok()) return complain(parsed.error().detail, kExitUsage);
  auto listener = listen_on_loopback(static_cast<uint16_t>(port));
  if (!listener.ok()) return complain(listener.error().detail, kExitFailed);
  auto bound = port_of(listener.value());
  if (!bound.ok()) return complain(bound.error().detail, kExitFailed);
  fmt::print("Ready to accept connections on 127.0.0.1:{}\n", bound.value());
  std::fflush(stdout);
  auto ended = run_null_server(listener.value());
  return ended.ok() ? 0 : complain(ended.error().detail, kExitFailed);
}

bool asks_for_help(std::span<const std::string_view> args) {
  return std::ranges::any_of(args,
                             [](std::string_view arg) { return arg == "--help" || arg == "-h"; });
}

}  // namespace

int bench_main(std::span<const std::string_view> args) {
  const std::string_view command = args.empty() ? "" : args[0];
  if (command == "compare") return compare_main(args.subspan(1));
  if (asks_for_help(args) || command == "help") return print_help();
  if (command == "null") return run_null(args.subspan(1));
  return run(args);
}

}  // namespace leat::bench
