// EngineReplay: what recovery reads, applied to an engine.
//
// Thread     that of the engine.
// Ownership  borrows the engine, which is empty before the first piece or record.
#pragma once

#include "engine/engine.h"
#include "engine/state_loader.h"
#include "storage/log.h"

namespace leat {

class EngineReplay : public RecordSink {
 public:
  explicit EngineReplay(Engine& engine) : engine_(engine), loader_(engine) {}

  bool on_pieces(Bytes pieces) override { return loader_.take(pieces); }
  bool on_state(Lsn lsn) override { return loader_.finish() && engine_.last_lsn() == lsn; }
  bool on_record(Lsn lsn, const RecordView& record) override {
    // What the log drops by the way is freed by the way.
    constexpr size_t kReapedPerRecord = 256;
    if (engine_.reaping()) engine_.reap(kReapedPerRecord);
    return lsn.value == engine_.last_lsn().value + 1 && engine_.apply(record);
  }
  void on_progress(uint64_t /*done*/, uint64_t /*total*/) override {}

 private:
  Engine& engine_;
  StateLoader loader_;
};

}  // namespace leat
