#include "bench/measure.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "bench/closed_loop.h"
#include "bench/delivery.h"
#include "bench/reply.h"
#include "bench/server_cpu.h"

namespace leat::bench {
namespace {

constexpr uint32_t kReadCount = 100;        // COUNT of XREADGROUP and XRANGE.
constexpr uint64_t kRangePreload = 20'000;  // Enough that the newest 100 are not the whole stream.

// How many operations the connections of one run may still begin.
struct Budget {
  uint64_t left = 0;
};

// The same batch again and again.
class RepeatedBatch final : public Dialogue {
 public:
  // `batch` is `pipeline` times the same request and outlives this. The last batch of a run may be
  // cut to what the budget has left.
  RepeatedBatch(std::string_view batch, uint32_t pipeline, Budget& budget)
      : batch_(batch), pipeline_(pipeline), budget_(budget) {}

  std::optional<Batch> next() override {
    asked_ = std::min<uint64_t>(pipeline_, budget_.left);
    if (asked_ == 0) return std::nullopt;
    budget_.left -= asked_;
    const size_t request_size = batch_.size() / pipeline_;
    return Batch{.requests = batch_.substr(0, asked_ * request_size), .replies = asked_};
  }

  Result<uint64_t> finish(std::string_view /*replies*/) override { return asked_; }

 private:
  std::string_view batch_;
  uint64_t pipeline_;
  Budget& budget_;
  uint64_t asked_ = 0;
};

// One consumer of a group: reads up to 100 new entries, acknowledges them, reads again, until there
// is nothing new.
class GroupConsumer final : public Dialogue {
 public:
  GroupConsumer(std::string_view key, std::string_view name) : key_(key) {
    append_request(read_, {"XREADGROUP", "GROUP", "g", name, "COUNT", std::to_string(kReadCount),
                           "STREAMS", key, ">"});
  }

  std::optional<Batch> next() override {
    if (ended_) return std::nullopt;
    if (unacked_ == 0) return Batch{.requests = read_, .replies = 1, .keep_replies = true};
    return Batch{.requests = ack_, .replies = 1, .timed = false, .keep_replies = true};
  }

  Result<uint64_t> finish(std::string_view reply) override {
    return unacked_ == 0 ? take_entries(reply) : take_ack(reply);
  }

 private:
  Result<uint64_t> take_entries(std::string_view reply) {
    entries_.clear();
    if (!read_stream_reply(reply, entries_)) return failure("XREADGROUP: not a stream reply");
    unacked_ = entries_.size();
    ended_ = entries_.empty();
    std::vector<std::string_view> words{"XACK", key_, "g"};
    for (const EntryView& entry : entries_) words.push_back(entry.id);
    ack_.clear();
    append_request(ack_, words);
    return uint64_t{0};
  }

  Result<uint64_t> take_ack(std::string_view reply) {
    const auto acked = integer_of(reply);
    if (!acked || static_cast<uint64_t>(*acked) != unacked_) {
      return failure(fmt::format("XACK of {} delivered entries answered {}", unacked_,
                                 reply.substr(0, reply.find('\r'))));
    }
    return std::exchange(unacked_, 0);
  }

  std::string key_;
  std::string read_;
  std::string ack_;
  std::vector<EntryView> entries_;  // Scratch of take_entries().
  uint64_t unacked_ = 0;            // Entries that ack_ names.
  bool ended_ = false;
};

Latency summary(const Histogram& histogram) {
  const auto microseconds = [](uint64_t ns) { return static_cast<double>(ns) / 1000.0; };
  return {.p50 = microseconds(histogram.percentile(50)),
          .p99 = microseconds(histogram.percentile(99)),
          .p999 = microseconds(histogram.percentile(99.9)),
          .max = microseconds(histogram.max())};
}

// Measures one workload. The steps are methods because each needs what the one before it left.
class Run {
 public:
  Run(const Target& target, const Workload& workload, const Effort& effort, Call call)
      : target_(target),
        workload_(workload),
        effort_(effort),
        call_(std::move(call)),
        key_(fmt::format("leat-bench:{}", ::getpid())) {}

  Result<Measurement> measure() {
    auto outcome = measure_kind();
    auto removed = call_({"DEL", key_});
    if (outcome.ok() && !removed.ok()) return removed.error();
    return outcome;
  }

 private:
  [[nodiscard]] uint64_t operations() const {
    return effort_.synced ? workload_.operations_synced : workload_.operations;
  }

  Result<Measurement> measure_kind() {
    result_.load = load_average();
    auto removed = call_({"DEL", key_});
    if (!removed.ok()) return removed.error();
    switch (workload_.kind) {
      case Kind::kAppend:
        return append();
      case Kind::kGroupRead:
        return group_read();
      case Kind::kRange:
        return range();
      case Kind::kDelivery:
        return delivery();
    }
    return failure("no such workload");
  }

  Result<Measurement> append() {
    const std::string request = append_request_for(workload_, key_);
    // The first tenth brings connections, caches and the allocator up to speed and is not counted.
    auto links = open_links(target_, workload_.connections);
    if (!links.ok()) return links.error();
    auto warmed = closed(links.value(), request, operations() / 10);
    if (!warmed.ok()) return warmed.error();
    const auto memory = used_memory();
    const auto resident = target_.pid ? resident_bytes(*target_.pid) : std::nullopt;
    begin_cpu();
    auto tally = closed(links.value(), request, operations());
    if (!tally.ok()) return tally.error();
    take(tally.value());
    result_.memory = per_operation(memory, used_memory());
    result_.rss =
        per_operation(resident, target_.pid ? resident_bytes(*target_.pid) : std::nullopt);
    return stored(warmed.value().operations + result_.operations);
  }

  Result<Measurement> group_read() {
    auto loaded = preload(operations());
    if (!loaded.ok()) return loaded.error();
    auto created = call_({"XGROUP", "CREATE", key_, "g", "0"});
    if (!created.ok()) return created.error();
    auto links = open_links(target_, workload_.connections);
    if (!links.ok()) return links.error();
    std::vector<std::unique_ptr<Dialogue>> says;
    says.reserve(workload_.connections);
    for (uint32_t i = 0; i < workload_.connections; ++i) {
      says.push_back(std::make_unique<GroupConsumer>(key_, fmt::format("consumer{}", i)));
    }
    begin_cpu();
    auto tally = run_closed_loop(links.value(), says, effort_.seconds_max);
    if (!tally.ok()) return tally.error();
    take(tally.value());
    const bool cut_short = result_.seconds >= effort_.seconds_max;
    if (!cut_short && result_.operations != operations()) {
      return failure(
          fmt::format("the group delivered {} of {} entries", result_.operations, operations()));
    }
    return result_;
  }

  Result<Measurement> range() {
    auto loaded = preload(kRangePreload);
    if (!loaded.ok()) return loaded.error();
    const std::string count = std::to_string(kReadCount);
    auto newest = call_({"XREVRANGE", key_, "+", "-", "COUNT", count});
    if (!newest.ok()) return newest.error();
    std::vector<EntryView> entries;
    if (!read_range_reply(newest.value(), entries) || entries.size() != kReadCount) {
      return failure("XREVRANGE did not answer the newest 100 entries");
    }
    std::string request;
    append_request(request, {"XRANGE", key_, entries.back().id, "+", "COUNT", count});
    auto links = open_links(target_, workload_.connections);
    if (!links.ok()) return links.error();
    auto warmed = closed(links.value(), request, operations() / 10);
    if (!warmed.ok()) return warmed.error();
    begin_cpu();
    auto tally = closed(links.value(), request, operations());
    if (!tally.ok()) return tally.error();
    take(tally.value());
    return result_;
  }

  Result<Measurement> delivery() {
    Workload workload = workload_;
    workload.operations = operations();
    const auto affordable = static_cast<uint64_t>(effort_.seconds_max * workload.rate);
    workload.operations =
        std::clamp<uint64_t>(workload.operations, 1, std::max<uint64_t>(1, affordable));
    begin_cpu();
    auto tally = run_delivery(target_, workload, key_);
    if (!tally.ok()) return tally.error();
    result_.operations = workload.operations;
    result_.seconds = static_cast<double>(tally.value().elapsed_ns) / 1e9;
    result_.latency = summary(tally.value().delivery);
    result_.ack = summary(tally.value().ack);
    result_.late = summary(tally.value().lateness);
    finish_cpu();
    return stored(workload.operations);
  }

  Result<Tally> closed(std::span<Link> links, std::string_view request, uint64_t count) {
    Budget budget{count};
    std::string batch;
    for (uint32_t i = 0; i < workload_.pipeline; ++i) batch.append(request);
    std::vector<std::unique_ptr<Dialogue>> says;
    says.reserve(links.size());
    for (size_t i = 0; i < links.size(); ++i) {
      says.push_back(std::make_unique<RepeatedBatch>(batch, workload_.pipeline, budget));
    }
    return run_closed_loop(links, says, effort_.seconds_max);
  }

  Status preload(uint64_t entries) {
    const std::string request = append_request_for(workload_, key_);
    const uint64_t at_once = std::clamp<uint64_t>((size_t{1} << 20U) / request.size(), 1, 512);
    std::string batch;
    for (uint64_t i = 0; i < at_once; ++i) batch.append(request);
    while (entries > 0) {
      const uint64_t count = std::min(entries, at_once);
      auto sent = call_.batch(std::string_view(batch).substr(0, count * request.size()), count);
      if (!sent.ok()) return sent;
      entries -= count;
    }
    return Status();
  }

  void begin_cpu() {
    client_before_ = cpu_ns(::getpid());
    cpu_before_ = target_.pid ? cpu_ns(*target_.pid) : std::nullopt;
  }

  [[nodiscard]] std::optional<double> per_operation(std::optional<uint64_t> before,
                                                    std::optional<uint64_t> after) const {
    // Without growth there is no figure: the process id is that of another container's process, or
    // memory was given back meanwhile.
    if (!before || !after || *after <= *before || result_.operations == 0) return std::nullopt;
    return static_cast<double>(*after - *before) / static_cast<double>(result_.operations);
  }

  // After operations and seconds are known.
  void finish_cpu() {
    result_.rate = static_cast<double>(result_.operations) / result_.seconds;
    result_.cpu_ns = per_operation(cpu_before_, target_.pid ? cpu_ns(*target_.pid) : std::nullopt);
    result_.client_ns = per_operation(client_before_, cpu_ns(::getpid()));
  }

  void take(const Tally& tally) {
    result_.operations = tally.operations;
    result_.seconds = static_cast<double>(tally.elapsed_ns) / 1e9;
    result_.latency = summary(tally.latency);
    finish_cpu();
  }

  std::optional<uint64_t> used_memory() {
    auto reply = call_({"INFO", "memory"});
    if (!reply.ok()) return std::nullopt;
    const auto text = text_of(reply.value());
    const auto field = text ? info_field(*text, "used_memory") : std::nullopt;
    const auto value = field ? integer_of(fmt::format(":{}\r\n", *field)) : std::nullopt;
    if (!value) return std::nullopt;
    return static_cast<uint64_t>(*value);
  }

  // A server that answers quickly and forgets has not earned its figure. One that does not know
  // XLEN at all (the null server answers +OK) is a yardstick, and known to be.
  Result<Measurement> stored(uint64_t entries) {
    auto reply = call_({"XLEN", key_});
    if (!reply.ok()) return reply.error();
    const auto length = integer_of(reply.value());
    if (length && static_cast<uint64_t>(*length) != entries) {
      return failure(
          fmt::format("the server acknowledged {} entries and holds {}", entries, *length));
    }
    return result_;
  }

  const Target& target_;
  const Workload& workload_;
  const Effort& effort_;
  Call call_;
  std::string key_;
  std::optional<uint64_t> cpu_before_;
  std::optional<uint64_t> client_before_;
  Measurement result_;
};

std::string config_value(Call& call, std::string_view name) {
  auto reply = call({"CONFIG", "GET", name});
  if (!reply.ok()) return {};
  const auto strings = strings_of(reply.value());
  return strings && strings->size() == 2 ? std::string(strings->back()) : std::string();
}

}  // namespace

std::string doubts(std::span<const Measurement> rounds, size_t cores) {
  std::string text;
  const auto busy = std::ranges::count_if(
      rounds, [&](const Measurement& m) { return m.load > static_cast<double>(cores); });
  if (busy > 0) {
    text +=
        fmt::format("  note: load above {} cores in {} of {} runs\n", cores, busy, rounds.size());
  }
  const auto late = std::ranges::count_if(
      rounds, [](const Measurement& m) { return m.late && m.late->p99 > m.latency.p50; });
  if (late > 0) {
    text += fmt::format(
        "  note: in {} of {} runs the client itself sent late (late p99 above p50): the latencies "
        "are "
        "the machine's\n",
        late, rounds.size());
  }
  return text;
}

Result<Identity> identify(const Target& target) {
  auto call = Call::open(target);
  if (!call.ok()) return call.error();
  auto reply = call.value()({"INFO", "server"});
  if (!reply.ok()) return reply.error();
  Identity identity;
  const auto info = text_of(reply.value());
  if (!info || !reply.value().starts_with('$')) return identity;
  const auto redis = info_field(*info, "redis_version").value_or("?");
  const auto leat = info_field(*info, "leat_version");
  identity.version =
      leat ? fmt::format("leat {} (as redis {})", *leat, redis) : fmt::format("redis {}", redis);
  if (const auto pid = info_field(*info, "process_id")) {
    const auto number = integer_of(fmt::format(":{}\r\n", *pid));
    if (number) identity.pid = static_cast<pid_t>(*number);
  }
  const std::string logged = config_value(call.value(), "appendonly");
  const std::string synced = config_value(call.value(), "appendfsync");
  if (logged == "no" || synced == "no") {
    identity.durability = "none";
  } else if (logged == "yes") {
    identity.durability = synced;
  }
  return identity;
}

Result<Measurement> measure(const Target& target, const Workload& workload, const Effort& effort) {
  auto call = Call::open(target);
  if (!call.ok()) return call.error();
  return Run(target, workload, effort, std::move(call.value())).measure();
}

}  // namespace leat::bench
