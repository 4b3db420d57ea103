// CommitDelay: how long a batch that could be written waits for more records.
//
// Idea       a commit costs much the same whatever its size up to some 64 KB, and the clients whose replies it releases
//            are about to send again. A batch written at once behind it holds only what the others sent meanwhile: the
//            clients are two halves from then on, each of which waits for the other's commit. So a batch waits until
//            most of them are back.
// Bounds     twice what the last commit took, and kMaxNs. Clients that send at a pace of their own do not come back in
//            time: they pay one such wait, then one in 2, 4 ... kSkippedMax commits. Where nothing had gathered there are no
//            halves: the next batch does not wait, so that of a client that is alone and waits for its replies never does.
// Cost       O(1), no memory.
// Rejected   A fixed time (commit_delay of other databases): nobody knows the right one. Waiting for all: the slowest
//            client's pace becomes everybody's.
// Source     docs/adr/0002, with what it gains.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"
#include "model/ids.h"

namespace leat {

class CommitDelay {
 public:
  static constexpr int64_t kMaxNs = kNsPerMs;
  static constexpr uint32_t kSkippedMax = 64;

  // At `now` a commit of `released` records has completed, which took `took_ns`; `gathered` more wait for theirs, the
  // last of them `last`.
  void begin(uint64_t released, uint64_t gathered, Lsn last, MonoNs now, int64_t took_ns) {
    active_ = gathered != 0 && to_skip_ == 0;
    if (!active_) {
      if (gathered != 0) --to_skip_;
      return;
    }
    const uint64_t most = (released + gathered) * 4 / 5;
    wanted_ = Lsn{last.value - gathered + most};
    until_ = MonoNs{now.value + std::min(2 * took_ns, kMaxNs)};
  }

  // Whether a batch whose last record is `last` waits; from the first false on until the next begin() none does.
  [[nodiscard]] bool holds(Lsn last, MonoNs now) {
    if (!active_) return false;
    if (last >= wanted_) {
      active_ = false;
      skipped_ = 1;
    } else if (now >= until_) {
      active_ = false;
      to_skip_ = skipped_;
      skipped_ = std::min(2 * skipped_, kSkippedMax);
    }
    return active_;
  }

  [[nodiscard]] bool active() const { return active_; }
  // While active(): when it ends at the latest.
  [[nodiscard]] MonoNs until() const { return until_; }

 private:
  bool active_ = false;
  Lsn wanted_;
  MonoNs until_{0};
  uint32_t to_skip_ = 0;  // Commits to come behind which nothing waits.
  uint32_t skipped_ = 1;  // What to_skip_ becomes with the next wait in vain.
};

}  // namespace leat
