// Workload: what simulated clients say: random commands over few keys, so that they meet.
//
// Ids and names are mostly taken from what the model holds, so that commands find something.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/model.h"
#include "sim/sim_random.h"

namespace leat::sim {

class Workload {
 public:
  // Switches classes of commands on or off by the seed; `policies`: streams are given policies.
  Workload(SimRandom& random, bool policies);
  // What a client sends at once: one command, a pipeline or a transaction.
  [[nodiscard]] std::vector<Words> next(const Model& model);

 private:
  Words command(const Model& model);
  Words stream_write(const Model& model);
  Words policy();
  Words set_id(const Model& model, const std::string& key);
  Words stream_read();
  Words group_read(const Model& model);
  Words group_admin(const Model& model);
  Words extended_deletion(const Model& model, Words words);
  Words claim(const Model& model, const std::string& key);
  Words autoclaim(const Model& model, const std::string& key);
  Words list_pending(const std::string& key);
  Words group_settle(const Model& model);
  Words key_command();
  Words companion();
  void add_trim(const Model& model, const std::string& key, Words& words);
  void add_iid(Words& words);
  Words with_fields(Words words, const std::string& id);
  void add_limits(uint64_t count, Words& words);
  Words nack(const Model& model, const std::string& key);
  [[nodiscard]] std::string stream_key() { return "s" + std::to_string(random_.below(streams_)); }
  [[nodiscard]] std::string any_key();
  [[nodiscard]] std::string group() { return "g" + std::to_string(random_.below(2)); }
  [[nodiscard]] std::string consumer() { return "c" + std::to_string(random_.below(3)); }
  // The id of an entry, of a pending entry, or near one.
  [[nodiscard]] std::string some_id(const Model& model, const std::string& key);
  [[nodiscard]] std::string number(uint64_t bound) { return std::to_string(random_.below(bound)); }
  [[nodiscard]] bool chance(uint64_t n) { return random_.one_in(n); }

  SimRandom& random_;
  uint64_t streams_ = 1;
  uint64_t payload_ = 8;
  uint64_t pipeline_ = 1;
  bool groups_ = true;
  bool blocking_ = true;
  bool trims_ = true;
  bool policies_ = false;
  bool deletes_ = true;
  bool keys_ = true;
  bool rare_keys_ = false;
  bool companions_ = true;
  bool transactions_ = true;
  bool idempotent_ = false;
  uint64_t sequence_ = 0;
};

}  // namespace leat::sim
