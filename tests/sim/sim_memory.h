// SimMemory: what a simulated server holds: its objects, also those that are not freed yet, and the log's buffers. Unlike what a process has allocated, it
// is the same in every run of a seed.
#pragma once

#include "io/io.h"
#include "server/shard.h"

namespace leat::sim {

class SimMemory final : public io::Memory {
 public:
  // Null: no server runs.
  void serve(Shard* shard) { shard_ = shard; }

  // O(everything).
  [[nodiscard]] uint64_t allocated() override {
    if (shard_ == nullptr) return 0;
    const Engine& engine = shard_->engine();
    uint64_t bytes = shard_->log().buffer_bytes() + engine.dropped_bytes() + engine.cached_bytes();
    const Keyspace& keyspace = engine.keyspace();
    for (uint32_t db = 0; db < keyspace.databases(); ++db) {
      keyspace.visit(DbIndex{db}, [&bytes](const Object& object) {
        bytes += memory_of(object);
        return true;
      });
    }
    return bytes;
  }
  // More each time than can have been added: allocated() is asked for every time.
  [[nodiscard]] uint64_t handed_out() override { return handed_out_ += uint64_t{1} << 40; }

 private:
  uint64_t handed_out_ = 0;
  Shard* shard_ = nullptr;
};

}  // namespace leat::sim
