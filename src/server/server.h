// Server: puts a node together: shard, reactor, the host that commands see, listeners.
//
// Thread     everything runs on the thread that calls run() or turn().
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/heap_growth.h"
#include "io/io.h"
#include "server/config.h"
#include "server/reactor.h"
#include "server/server_host.h"
#include "server/shard.h"

namespace leat {

class Server {
 public:
  // When clients may connect: after all has been loaded, or at once (but for what loads within a tenth of a second).
  enum class Listen : uint8_t { kLoaded, kAtOnce };
  // Locks the data directory, recovers it and listens. Blocks for one of the two; with kAtOnce run() loads the rest, a
  // few milliseconds a turn, while commands that need data are refused. `config` comes from make_config().
  //   errors  one sentence each for the operator: port in use, directory not writable, damaged log ...
  static Result<std::unique_ptr<Server>> start(const io::World& world, const Config& config,
                                               Listen when = Listen::kLoaded);

  // Turns until a signal or SHUTDOWN ends it, then closes cleanly: replies flushed, log synced.
  //   returns  the exit code of the process.
  //   errors   those of start(), of what it has left to run().
  Result<int> run();
  // One turn; waits until `deadline` at most. For the simulator, which is its own run().
  void turn(MonoNs deadline) { reactor_.turn(deadline); }
  [[nodiscard]] bool stopping() const { return reactor_.stopped() || host_.shutdown_requested(); }
  // What run() does at the end.
  [[nodiscard]] Status close();

  // What it listens on, in words: "127.0.0.1:6379", "unix socket /run/leat".
  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }
  [[nodiscard]] Shard& shard() { return *shard_; }
  [[nodiscard]] Reactor& reactor() { return reactor_; }

 private:
  Server(const io::World& world, const Config& config);
  Status open_shard();
  // Loads until `until` has passed or all is there.
  Status load(MonoNs until);
  void say_progress(MonoNs now);
  Status listen();
  Status listen_tcp();
  void report_recovery() const;

  io::World world_;
  Config config_;
  Reactor reactor_;
  ServerHost host_;
  std::unique_ptr<io::File> lock_;
  std::unique_ptr<Shard> shard_;
  std::optional<io::HeapGrowth> heap_growth_;  // While it loads.
  MonoNs load_started_{0};
  MonoNs progress_said_{0};
  std::vector<io::ListenerId> unix_listeners_;
  std::vector<std::string> addresses_;
};

}  // namespace leat
