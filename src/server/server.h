// Server: puts a node together: shard, reactor, the host that commands see, listeners.
//
// Thread     everything runs on the thread that calls run() or turn().
#pragma once

#include <memory>

#include "base/result.h"
#include "io/io.h"
#include "server/config.h"
#include "server/reactor.h"
#include "server/server_host.h"
#include "server/shard.h"

namespace leat {

class Server {
 public:
  // Locks and recovers the data directory, then listens. Blocks.
  //   errors  one sentence each for the operator: port in use, directory not writable, damaged log ...
  static Result<std::unique_ptr<Server>> start(const io::World& world, const Config& config);

  // Turns until a signal or SHUTDOWN ends it, then closes cleanly: replies flushed, log synced.
  //   returns  the exit code of the process.
  int run();
  // One turn; waits until `deadline` at most. For the simulator, which is its own run().
  void turn(MonoNs deadline) { reactor_.turn(deadline); }
  [[nodiscard]] bool stopping() const { return reactor_.stopped() || host_.shutdown_requested(); }
  // What run() does at the end.
  [[nodiscard]] Status close();

  [[nodiscard]] Shard& shard() { return *shard_; }
  [[nodiscard]] Reactor& reactor() { return reactor_; }

 private:
  Server(const io::World& world, const Config& config);
  Status open_shard();
  Status listen();

  io::World world_;
  Config config_;
  Reactor reactor_;
  ServerHost host_;
  std::unique_ptr<io::File> lock_;
  std::unique_ptr<Shard> shard_;
  std::vector<io::ListenerId> unix_listeners_;
};

}  // namespace leat
