#include "bench/workload.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "bench/reply.h"

namespace leat::bench {
namespace {

constexpr uint64_t kMany = 1'000'000'000;

// Long enough that a run takes about a second or more on a fast server, short enough that the whole
// comparison stays under a quarter of an hour.
constexpr Workload kWorkloads[] = {
    {.name = "append",
     .kind = Kind::kAppend,
     .connections = 50,
     .pipeline = 1,
     .operations = 400'000,
     .operations_synced = 200'000,
     .what = "XADD, every client waits for each reply"},
    {.name = "append",
     .kind = Kind::kAppend,
     .connections = 50,
     .pipeline = 16,
     .operations = 2'000'000,
     .operations_synced = 1'000'000,
     .what = "XADD, 16 requests per round trip"},
    {.name = "append",
     .kind = Kind::kAppend,
     .connections = 50,
     .pipeline = 64,
     .operations = 3'000'000,
     .operations_synced = 2'000'000,
     .what = "XADD, 64 requests per round trip"},
    {.name = "group-read",
     .kind = Kind::kGroupRead,
     .connections = 4,
     .operations = 1'000'000,
     .operations_synced = 500'000,
     .what = "XREADGROUP COUNT 100, then one XACK of the 100 ids; counted per entry"},
    {.name = "range",
     .kind = Kind::kRange,
     .connections = 4,
     .operations = 60'000,
     .operations_synced = 60'000,
     .what = "XRANGE COUNT 100 of the newest 100 entries; counted per call"},
    {.name = "delivery",
     .kind = Kind::kDelivery,
     .connections = 4,
     .operations = 100'000,
     .operations_synced = 100'000,
     .rate = 20'000,
     .consumers = 4,
     .what = "XADD at 20,000/s, delivered to 4 consumers blocked in XREAD; open loop"},
    {.name = "delivery",
     .kind = Kind::kDelivery,
     .connections = 1,
     .operations = 3'000,
     .operations_synced = 3'000,
     .rate = 1'000,
     .consumers = 1,
     .what = "XADD at 1,000/s to one blocked consumer: the latency of a single entry"},
};

bool names_it(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    if (list.substr(0, end) == name) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

template <typename T>
void change(T& value, uint64_t wanted) {
  if (wanted != 0) value = static_cast<T>(wanted);
}

uint64_t scaled(uint64_t operations, double scale) {
  return std::max<uint64_t>(1, static_cast<uint64_t>(static_cast<double>(operations) * scale));
}

Workload changed(Workload workload, const Changes& changes) {
  change(workload.connections, changes.connections);
  if (workload.kind == Kind::kAppend || workload.kind == Kind::kRange) {
    change(workload.pipeline, changes.pipeline);
  }
  if (workload.kind == Kind::kDelivery) {
    change(workload.rate, changes.rate);
    change(workload.consumers, changes.consumers);
  }
  change(workload.fields, changes.fields);
  change(workload.value_size, changes.value_size);
  workload.operations = scaled(workload.operations, changes.scale);
  workload.operations_synced = scaled(workload.operations_synced, changes.scale);
  change(workload.operations, changes.operations);
  change(workload.operations_synced, changes.operations);
  return workload;
}

Status check(const Workload& workload) {
  if (workload.kind == Kind::kDelivery && workload.value_size < 8) {
    return failure("delivery numbers its entries: --value-size must be at least 8");
  }
  const uint64_t batch = uint64_t{workload.pipeline} * workload.fields * (workload.value_size + 30);
  if (batch > uint64_t{256} << 20U) {
    return failure("pipeline x fields x value size is more than 256 MB");
  }
  return Status();
}

}  // namespace

std::span<const Workload> all_workloads() {
  return kWorkloads;
}

bool null_server_can(const Workload& workload) {
  return workload.kind == Kind::kAppend;
}

std::string label(const Workload& workload) {
  if (workload.kind == Kind::kDelivery) {
    return fmt::format("{} rate={} consumers={}", workload.name, workload.rate, workload.consumers);
  }
  if (workload.kind == Kind::kGroupRead) return std::string(workload.name);
  return fmt::format("{} pipeline={}", workload.name, workload.pipeline);
}

std::vector<Option> options_for(Changes& changes) {
  return {
      // clang-format off
      {"--workload",    "NAME[,NAME]", "only these; all by default",                                &changes.names},
      {"--pipeline",    "N",           "requests per round trip (append, range)",                   Whole{&changes.pipeline, 1, 10'000}},
      {"--connections", "N",           "clients; for delivery the producers",                       Whole{&changes.connections, 1, 10'000}},
      {"--requests",    "N",           "operations of one run; more than the time limit is cut",    Whole{&changes.operations, 1, kMany}},
      {"--rate",        "N",           "entries per second (delivery)",                             Whole{&changes.rate, 1, 10'000'000}},
      {"--consumers",   "N",           "blocked readers (delivery)",                                Whole{&changes.consumers, 1, 10'000}},
      {"--fields",      "N",           "fields of an entry (default 2)",                            Whole{&changes.fields, 1, 1'000}},
      {"--value-size",  "BYTES",       "size of each value (default 8)",                            Whole{&changes.value_size, 1, 16U << 20U}},
      {"--scale",       "X",           "multiplies the number of operations of every workload",     Decimal{&changes.scale, 0.0001, 1000}},
      // clang-format on
  };
}

Result<std::vector<Workload>> chosen(const Changes& changes) {
  std::string_view names = changes.names;
  while (!names.empty()) {
    const size_t end = std::min(names.find(','), names.size());
    const std::string_view name = names.substr(0, end);
    if (std::ranges::none_of(kWorkloads, [&](const Workload& row) { return row.name == name; })) {
      return failure(fmt::format("there is no workload \"{}\"", name));
    }
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  std::vector<Workload> rows;
  for (const Workload& row : kWorkloads) {
    if (!changes.names.empty() && !names_it(changes.names, row.name)) continue;
    const Workload workload = changed(row, changes);
    auto possible = check(workload);
    if (!possible.ok()) return possible.error();
    const bool again = std::ranges::any_of(
        rows, [&](const Workload& other) { return label(other) == label(workload); });
    if (!again) rows.push_back(workload);
  }
  return rows;
}

std::string describe_workloads() {
  std::string text;
  for (const Workload& row : kWorkloads) {
    fmt::format_to(std::back_inserter(text), "  {:<34}{}\n", label(row), row.what);
  }
  return text;
}

std::string append_request_for(const Workload& workload, std::string_view key,
                               std::string_view marker) {
  std::vector<std::string> words;
  words.reserve(size_t{workload.fields} * 2);
  for (size_t i = 0; i < workload.fields; ++i) {
    words.push_back(fmt::format("field{}", i));
    std::string value(i == 0 ? marker : std::string_view());
    // Values differ from each other, so that nothing is gained by storing one of them once.
    while (value.size() < workload.value_size) {
      value.push_back(static_cast<char>('a' + (i * 7 + value.size()) % 26));
    }
    words.push_back(std::move(value));
  }
  std::vector<std::string_view> arguments{"XADD", key, "*"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  std::string request;
  append_request(request, arguments);
  return request;
}

}  // namespace leat::bench
