// Problem  Two servers measured one after another on a shared machine are measured on two different
//          machines: load, clock rate and page cache change within minutes.
// Choice   Every figure comes from a fresh server in an empty folder, only one server runs at a
//          time, and the servers take turns within every round, each round starting with another.
//          Ratios are taken round by round (comparison.h).
// Rejected Keeping all servers running: the idle ones still tick, and what a run leaves behind
//          (memory, files) meets the next one.
#include "bench/compare.h"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bars.h"
#include "bench/comparison.h"
#include "bench/measure.h"
#include "bench/options.h"
#include "bench/report.h"
#include "bench/server_cpu.h"
#include "bench/server_process.h"
#include "bench/workload.h"

namespace leat::bench {
namespace {

struct CompareOptions {
  std::string leat = "/proc/self/exe";
  std::string redis = "redis-server";
  std::string servers = "leat,redis,null";
  std::string modes = "none,everysec,always";
  std::string pin = "auto";
  std::string folder = "/var/tmp";
  std::string gate;
  uint64_t rounds = 3;
  double seconds = 10;
  double margin = 0;
  bool csv = false;
  bool json = false;
  Changes changes;
};

// What the options mean, once they are known to make sense.
struct Plan {
  std::vector<Product> products;
  std::vector<Durability> durabilities;
  std::vector<Workload> workloads;
  std::vector<Bar> bars;
  std::optional<std::pair<int, int>> cores;  // Server's and client's; nothing: free.
  bool pin_by_mode = false;                  // "auto": `cores` hold for Durability::kNone only.
};

std::vector<Option> option_table(CompareOptions& options) {
  std::vector<Option> table = {
      // clang-format off
      {"--leat",    "PATH",             "the Leat binary (default: this one)",                                  &options.leat},
      {"--redis",   "PATH",             "the redis-server binary (default: redis-server of PATH)",              &options.redis},
      {"--servers", "NAME[,NAME]",      "which to start (default leat,redis,null)",                             &options.servers},
      {"--modes",   "NAME[,NAME]",      "durability: none, everysec, always (default all)",                     &options.modes},
      {"--runs",    "N",                "rounds; the median counts (default 3)",                                Whole{&options.rounds, 1, 1000}},
      {"--pin",     "auto|free|S,C",    "cores of server and client; auto (default): one each in mode none, free otherwise", &options.pin},
      {"--dir",     "DIR",              "where temporary data folders are made (default /var/tmp)",             &options.folder},
      {"--gate",    "FILE",             "check the bars of FILE; exit status 1 when one is missed",             &options.gate},
      {"--margin",  "X",                "how much a bar gives way, 0.1 for 10 % (default 0)",                   Decimal{&options.margin, 0, 10}},
      {"--seconds", "X",                "time limit of one workload (default 10)",                              Decimal{&options.seconds, 0.01, 86'400}},
      {"--csv",     "",                 "print every single run as CSV",                                        &options.csv},
      {"--json",    "",                 "print every single run and the ratios as JSON, one object per line",   &options.json},
      // clang-format on
  };
  const auto more = options_for(options.changes);
  table.insert(table.end(), more.begin(), more.end());
  return table;
}

// The values of a comma-separated list of names; a failure for a name that is none of `all`.
template <typename T>
Result<std::vector<T>> from_names(std::string_view list, std::initializer_list<T> all) {
  std::vector<T> found;
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    const std::string_view name = list.substr(0, end);
    const auto* match = std::ranges::find_if(all, [&](T each) { return name_of(each) == name; });
    if (match == all.end()) return failure(fmt::format("\"{}\" is not known", name));
    if (std::ranges::find(found, *match) == found.end()) found.push_back(*match);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  if (found.empty()) return failure("an empty list");
  return found;
}

Status plan_pinning(const std::string& pin, Plan& plan) {
  const auto& usable = usable_cores();
  if (pin == "free") return {};
  if (pin == "auto") {
    plan.pin_by_mode = true;
    if (usable.size() >= 2) plan.cores = {usable[0], usable[1]};
    return {};
  }
  int server = 0;
  int client = 0;
  char rest = 0;
  if (std::sscanf(pin.c_str(), "%d,%d%c", &server, &client, &rest) != 2) {
    return failure(fmt::format("--pin wants auto, free or two cores as 0,1; not \"{}\"", pin));
  }
  for (const int core : {server, client}) {
    if (std::ranges::find(usable, core) == usable.end()) {
      return failure(fmt::format("--pin: core {} may not be used here", core));
    }
  }
  plan.cores = {server, client};
  return {};
}

Status plan_bars(const std::string& path, Plan& plan) {
  if (path.empty()) return {};
  std::ifstream file(path);
  if (!file) return failure(fmt::format("{}: cannot be read", path));
  auto bars = parse_bars(std::string(std::istreambuf_iterator<char>(file), {}));
  if (!bars.ok()) return failure(fmt::format("{}: {}", path, bars.error().detail));
  plan.bars = std::move(bars.value());
  return {};
}

Result<Plan> plan_of(const CompareOptions& options) {
  Plan plan;
  auto products = from_names(options.servers, {Product::kLeat, Product::kRedis, Product::kNull});
  if (!products.ok()) return failure("--servers: " + products.error().detail);
  plan.products = std::move(products.value());
  auto durabilities =
      from_names(options.modes, {Durability::kNone, Durability::kEverysec, Durability::kAlways});
  if (!durabilities.ok()) return failure("--modes: " + durabilities.error().detail);
  plan.durabilities = std::move(durabilities.value());
  auto workloads = chosen(options.changes);
  if (!workloads.ok()) return workloads.error();
  plan.workloads = std::move(workloads.value());
  const Status pinned = plan_pinning(options.pin, plan);
  if (!pinned.ok()) return pinned.error();
  const Status read = plan_bars(options.gate, plan);
  if (!read.ok()) return read.error();
  return plan;
}

bool pinned(const Plan& plan, Durability durability) {
  return plan.cores && (!plan.pin_by_mode || durability == Durability::kNone);
}

class Campaign {
 public:
  Campaign(const CompareOptions& options, const Plan& plan, const std::string& folder)
      : options_(options), plan_(plan), folder_(folder) {}

  Status run() {
    Status introduced = introduce();
    if (!introduced.ok()) return introduced;
    if (options_.csv) fmt::print("{}", csv_heading());
    for (const Durability durability : plan_.durabilities) {
      for (const Workload& workload : plan_.workloads) {
        Status compared = compare(durability, workload);
        if (!compared.ok()) return compared;
      }
    }
    return {};
  }

  [[nodiscard]] const std::vector<Comparison>& comparisons() const { return comparisons_; }

 private:
  [[nodiscard]] bool as_text() const { return !options_.csv && !options_.json; }

  Launch launch(Product product, Durability durability, const std::string& folder) const {
    return {
        .product = product,
        .program = product == Product::kLeat ? options_.leat : options_.redis,
        .durability = durability,
        .folder = folder,
        .cores = pinned(plan_, durability) ? std::vector{plan_.cores->first} : std::vector<int>()};
  }

  // Starts each server once: a wrong path is found now, not in ten minutes.
  Status introduce() {
    std::string versions;
    for (const Product product : plan_.products) {
      auto folder = TemporaryFolder::create(folder_);
      if (!folder.ok()) return folder.error();
      auto server =
          ServerProcess::start(launch(product, plan_.durabilities[0], folder.value().path()));
      if (!server.ok()) return named(product, server.error());
      auto identity = identify(server.value().target());
      if (!identity.ok()) return named(product, identity.error());
      const std::string& version = identity.value().version;
      fmt::format_to(std::back_inserter(versions), "{}{}", versions.empty() ? "" : ", ",
                     version.empty() ? std::string(name_of(product)) : version);
    }
    if (as_text()) fmt::print("{}\n{}\n\n", versions, surroundings());
    return {};
  }

  std::string surroundings() const {
    utsname kernel{};
    ::uname(&kernel);
    struct statfs disk{};
    const bool in_memory = ::statfs(folder_.c_str(), &disk) == 0 && disk.f_type == TMPFS_MAGIC;
    const std::string cores =
        plan_.cores ? fmt::format("server on core {}, client on core {}{}", plan_.cores->first,
                                  plan_.cores->second,
                                  plan_.pin_by_mode ? " in mode none, free otherwise" : "")
                    : "server and client free";
    return fmt::format("{} {}, {} usable cores, {}, load {:.2f}{}", kernel.sysname, kernel.release,
                       usable_cores().size(), cores, load_average(),
                       in_memory ? fmt::format("\nwarning: {} is in memory: syncing costs nothing "
                                               "there; choose a disk with --dir",
                                               options_.folder)
                                 : "");
  }

  static Error named(Product product, const Error& error) {
    return failure(fmt::format("{}: {}", name_of(product), error.detail));
  }

  Status compare(Durability durability, const Workload& workload) {
    Comparison comparison{.durability = durability, .workload = workload, .servers = {}};
    for (const Product product : plan_.products) {
      if (product == Product::kNull && !null_server_can(workload)) continue;
      comparison.servers.push_back({.product = product, .rounds = {}});
    }
    for (uint64_t round = 0; round < options_.rounds; ++round) {
      for (size_t i = 0; i < comparison.servers.size(); ++i) {
        Runs& runs = comparison.servers[(i + round) % comparison.servers.size()];
        auto measured = measure_once(runs.product, durability, workload);
        if (!measured.ok()) {
          return failure(fmt::format("{}, {} mode={}: {}", name_of(runs.product), label(workload),
                                     name_of(durability), measured.error().detail));
        }
        runs.rounds.push_back(measured.value());
        show_run(runs.product, comparison, round, measured.value());
      }
    }
    if (options_.json) fmt::print("{}\n", json_ratios(comparison));
    if (as_text() && !comparison.servers.empty()) fmt::print("{}", table(comparison));
    std::fflush(stdout);
    comparisons_.push_back(std::move(comparison));
    return {};
  }

  Result<Measurement> measure_once(Product product, Durability durability,
                                   const Workload& workload) {
    auto folder = TemporaryFolder::create(folder_);
    if (!folder.ok()) return folder.error();
    auto server = ServerProcess::start(launch(product, durability, folder.value().path()));
    if (!server.ok()) return server.error();
    const bool pin = pinned(plan_, durability);
    const Status moved = run_on(pin ? std::vector{plan_.cores->second} : std::vector<int>());
    if (!moved.ok()) return moved.error();
    return measure(server.value().target(), workload,
                   {.synced = durability == Durability::kAlways, .seconds_max = options_.seconds});
  }

  void show_run(Product product, const Comparison& comparison, uint64_t round,
                const Measurement& measurement) const {
    if (as_text()) return;
    const std::string name = label(comparison.workload);
    const Circumstances around{.server = name_of(product),
                               .mode = name_of(comparison.durability),
                               .workload = name,
                               .run = round + 1};
    if (options_.csv) fmt::print("{}", csv_row(around, measurement));
    if (options_.json) fmt::print("{}\n", json_object(around, measurement));
  }

  const CompareOptions& options_;
  const Plan& plan_;
  const std::string& folder_;
  std::vector<Comparison> comparisons_;
};

// Whether the gate is open: every bar that was measured is met, and at least one was. What was left
// out with --workload or --modes is listed, but a bar cannot be passed by measuring nothing.
bool gate(const Plan& plan, const CompareOptions& options,
          const std::vector<Comparison>& comparisons) {
  const auto checked = check_bars(plan.bars, comparisons, options.margin);
  const auto missed = std::ranges::count(checked, Verdict::kMissed, &Checked::verdict);
  const auto met = std::ranges::count(checked, Verdict::kMet, &Checked::verdict);
  const auto out = checked.size() - static_cast<size_t>(missed + met);
  FILE* to = options.csv || options.json ? stderr : stdout;
  fmt::print(to, "{}, margin {:.0f} %:\n{}{} met, {} missed, {} not measured\n", options.gate,
             options.margin * 100, describe(checked), met, missed, out);
  const bool everything = options.changes.names.empty() && plan.durabilities.size() == 3;
  return missed == 0 && met > 0 && (out == 0 || !everything);
}

int work(const CompareOptions& options, const Plan& plan, const std::string& folder) {
  Campaign campaign(options, plan, folder);
  const Status ran = campaign.run();
  if (!ran.ok()) {
    fmt::print(stderr, "leat bench compare: {}\n", ran.error().detail);
    return kExitFailed;
  }
  if (options.gate.empty()) return 0;
  return gate(plan, options, campaign.comparisons()) ? 0 : kExitFailed;
}

// Runs `work` in a child and waits for it, so that an interrupted comparison leaves neither servers
// (they die with the child) nor data (removed here) behind.
int supervise(const CompareOptions& options, const Plan& plan) {
  auto folder = TemporaryFolder::create(options.folder);
  if (!folder.ok()) {
    fmt::print(stderr, "leat bench compare: --dir {}\n", folder.error().detail);
    return kExitFailed;
  }
  sigset_t watched;
  sigemptyset(&watched);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&watched, signal);
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &watched, &before);
  const pid_t child = ::fork();
  if (child == 0) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    const int status = work(options, plan, folder.value().path());
    std::fflush(stdout);
    ::_exit(status);
  }
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, WNOHANG) == 0) {
    int signal = 0;
    ::sigwait(&watched, &signal);
    if (signal != SIGCHLD) ::kill(child, SIGKILL);
  }
  return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : kExitFailed;
}

int print_compare_help() {
  CompareOptions options;
  fmt::print(
      "leat bench compare [OPTION VALUE]...\n\n"
      "Starts each server in turn in an empty folder, runs every workload in every mode against it "
      "and\nprints medians and ratios. How to read them: docs/benchmark.md.\n\n"
      "Workloads:\n{}\nOptions:\n{}",
      describe_workloads(), describe(option_table(options)));
  return 0;
}

}  // namespace

int compare_main(std::span<const std::string_view> args) {
  for (const std::string_view arg : args) {
    if (arg == "--help" || arg == "-h") return print_compare_help();
  }
  CompareOptions options;
  const Status parsed = parse_options(args, option_table(options));
  if (!parsed.ok()) {
    fmt::print(stderr, "leat bench compare: {}\n", parsed.error().detail);
    return kExitUsage;
  }
  auto plan = plan_of(options);
  if (!plan.ok()) {
    fmt::print(stderr, "leat bench compare: {}\n", plan.error().detail);
    return kExitUsage;
  }
  return supervise(options, plan.value());
}

}  // namespace leat::bench
