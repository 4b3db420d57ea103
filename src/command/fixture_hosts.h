// For CommandFixture: the interfaces of the host, with nothing behind them but what a test sets and reads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "command/clients_host.h"
#include "command/config_host.h"
#include "command/host.h"
#include "command/latency_events.h"
#include "command/node_host.h"
#include "command/session.h"
#include "command/slow_log.h"
#include "command/subscriptions.h"

namespace leat {

// The connections of the fixture, each with the address "127.0.0.1:<its id>".
class FixtureClients final : public ClientsHost {
 public:
  void visit(const std::function<void(const ClientFacts&)>& visitor) const override {
    for (const Session* session : sessions_) show(*session, visitor);
  }
  void visit(ClientId client,
             const std::function<void(const ClientFacts&)>& visitor) const override {
    for (const Session* session : sessions_) {
      if (session->id == client) show(*session, visitor);
    }
  }
  void kill(ClientId client) override { killed_.push_back(client.value); }
  bool unblock(ClientId client, Unblock how) override {
    unblocked_.emplace_back(client.value, how);
    return client.value <= sessions_.size();
  }
  void pause(MonoNs until, bool only_writes) override {
    paused_until_ = until;
    only_writes_ = only_writes;
  }
  void unpause() override { paused_until_ = MonoNs{0}; }
  void watch_commands(Session& session, bool watches) override { session.monitor = watches; }
  [[nodiscard]] bool is_local(const Session&) const override { return local_; }

  void add(const Session& session) { sessions_.push_back(&session); }
  void set_local(bool local) { local_ = local; }
  [[nodiscard]] std::vector<uint64_t> take_killed() { return std::exchange(killed_, {}); }
  [[nodiscard]] const std::vector<std::pair<uint64_t, Unblock>>& unblocked() const {
    return unblocked_;
  }
  [[nodiscard]] MonoNs paused_until() const { return paused_until_; }
  [[nodiscard]] bool only_writes() const { return only_writes_; }

 private:
  static void show(const Session& session, const std::function<void(const ClientFacts&)>& visitor) {
    const std::string peer = "127.0.0.1:" + std::to_string(session.id.value);
    visitor({.session = session,
             .peer = peer,
             .local = "127.0.0.1:6379",
             .descriptor = session.id.value,
             .age_s = 5,
             .idle_s = 3});
  }

  std::vector<const Session*> sessions_;
  std::vector<uint64_t> killed_;
  std::vector<std::pair<uint64_t, Unblock>> unblocked_;
  MonoNs paused_until_{0};
  bool only_writes_ = false;
  bool local_ = true;
};

// One directive, "answer".
class FixtureConfig final : public ConfigHost {
 public:
  [[nodiscard]] Pairs matching(const std::vector<Bytes>&) const override {
    return {{"answer", answer_}};
  }
  [[nodiscard]] std::string set(const std::vector<std::pair<Bytes, Bytes>>& changes) override {
    for (const auto& [name, value] : changes) {
      if (name != "answer") return "ERR unknown " + std::string(name);
      answer_ = value;
    }
    return {};
  }
  [[nodiscard]] std::string rewrite() override { return "ERR there is no file"; }

 private:
  std::string answer_ = "42";
};

class FixtureNode final : public NodeHost {
 public:
  [[nodiscard]] NodeFacts facts() override { return facts_; }
  [[nodiscard]] const std::string& run_id() const override { return run_id_; }
  void reset_counters() override { ++resets_; }
  [[nodiscard]] Lsn durable() const override { return durable_; }
  void sync_soon() override { ++syncs_asked_; }
  [[nodiscard]] CheckpointFacts checkpoint() const override { return facts_.checkpoint; }
  uint64_t make_checkpoint(CheckpointReason reason) override {
    facts_.checkpoint.requested = reason;
    return facts_.checkpoint.ended + (facts_.checkpoint.running ? 2 : 1);
  }
  void shut_down() override { ended_ = true; }
  void shut_down_after(uint64_t checkpoint, bool force) override {
    ends_after_ = {checkpoint, force};
  }
  bool abort_shutdown() override { return std::exchange(ends_after_, {}).first != 0; }
  [[nodiscard]] SlowLog& slow_log() override { return slow_log_; }
  [[nodiscard]] LatencyEvents& latency_events() override { return latency_events_; }

  [[nodiscard]] NodeFacts& change_facts() { return facts_; }
  void set_durable(Lsn durable) { durable_ = durable; }
  [[nodiscard]] size_t syncs_asked() const { return syncs_asked_; }
  [[nodiscard]] size_t resets() const { return resets_; }
  [[nodiscard]] bool ended() const { return ended_; }
  // The checkpoint that the shutdown waits for, 0: none; and whether it would come without it.
  [[nodiscard]] std::pair<uint64_t, bool> ends_after() const { return ends_after_; }

 private:
  NodeFacts facts_;
  std::string run_id_ = std::string(40, 'a');
  Lsn durable_{UINT64_MAX};  // The disk is always done, unless a test says otherwise.
  size_t syncs_asked_ = 0;
  size_t resets_ = 0;
  bool ended_ = false;
  std::pair<uint64_t, bool> ends_after_;
  SlowLog slow_log_;
  LatencyEvents latency_events_;
};

// A server with nothing in it but settings.
class FixtureHost final : public Host {
 public:
  [[nodiscard]] const Settings& settings() const override { return settings_; }
  [[nodiscard]] uint64_t random() override { return random_(); }
  [[nodiscard]] int64_t wall_us() override { return 0; }
  [[nodiscard]] int64_t stopwatch() override { return 0; }
  [[nodiscard]] Bytes write_refusal(uint64_t, bool frees_space) override {
    return frees_space ? Bytes{} : Bytes{refusal_};
  }
  [[nodiscard]] Subscriptions& subscriptions() override { return subscriptions_; }
  void deliver(ClientId, const PublishedMessage&) override { ++delivered_; }
  void invalidate(ClientId client, const std::vector<Bytes>& keys) override {
    std::string line = std::to_string(client.value) + ":";
    for (const Bytes key : keys) line += " " + std::string(key);
    invalidated_.push_back(keys.empty() ? line + " *" : line);
  }
  [[nodiscard]] bool monitored() const override { return false; }
  void show_to_monitors(const Session&, const Request&) override {}
  void note_slow(const Session&, const Request&, const CommandSpec&, int64_t) override {}
  [[nodiscard]] int64_t slow_ns() const override { return INT64_MAX; }
  [[nodiscard]] bool serving() const override { return failure_.empty() && !loading_; }
  [[nodiscard]] Bytes failure() const override { return failure_; }
  [[nodiscard]] bool loading() const override { return loading_; }
  [[nodiscard]] uint64_t memory_excess() override { return memory_excess_ ? memory_excess_() : 0; }
  [[nodiscard]] FixtureClients& clients() override { return clients_; }
  [[nodiscard]] ConfigHost& config() override { return config_; }
  [[nodiscard]] FixtureNode& node() override { return node_; }

  [[nodiscard]] Settings& change_settings() { return settings_; }
  // Every write that does not free space is refused with this text from now on.
  void refuse_writes(std::string text) { refusal_ = std::move(text); }
  // The log has failed: every command is refused with this text from now on.
  void fail(std::string text) { failure_ = std::move(text); }
  void set_loading(bool loading) { loading_ = loading; }
  // By how many bytes memory is over its limit, asked anew before each command and after each eviction.
  void set_memory_excess(std::function<uint64_t()> excess) { memory_excess_ = std::move(excess); }
  [[nodiscard]] size_t delivered() const { return delivered_; }
  // What clients have been told of since the last call: "<client>: <keys>", "<client>: *" for all.
  [[nodiscard]] std::vector<std::string> take_invalidated() {
    return std::exchange(invalidated_, {});
  }

 private:
  Settings settings_;
  std::mt19937_64 random_{1};
  std::string refusal_;
  std::string failure_;
  bool loading_ = false;
  std::function<uint64_t()> memory_excess_;
  FixtureClients clients_;
  FixtureConfig config_;
  FixtureNode node_;
  Subscriptions subscriptions_;
  size_t delivered_ = 0;
  std::vector<std::string> invalidated_;
};

}  // namespace leat
