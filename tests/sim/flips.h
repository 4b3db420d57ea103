// Flips: single flipped bits in the files of a data directory that a simulation has left behind.
//
// For each bit a copy of the directory is checked as `leat check` does, and started. What must hold: the check names
// the file, and where it gives an extent, the bit stands in it. The start refuses and names the file, or says of a sealed frame
// that it can't be read instead of serving it, or serves
// exactly what it serves without the flip, or has cut the end of the log at the bit, says so, and serves exactly what
// stood before it, which no later write has noted as durable.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "server/config.h"
#include "sim/sim_disk.h"
#include "sim/sim_random.h"

namespace leat::sim {

class Flips {
 public:
  struct Counters {
    uint64_t refused = 0;
    uint64_t unreadable = 0;  // In a sealed frame.
    uint64_t harmless = 0;    // In a copy that has another one, or where nothing is read.
    uint64_t cut = 0;         // In a last batch that nothing durable follows.
  };

  // `disk`: every file of the directory that `config` names.
  Flips(const Config& config, SimDisk::Image disk, uint64_t seed);

  // `count` bits, drawn from the seed. Returns what was wrong with one of them, and which; empty when all was right.
  std::string run(uint64_t count);
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct Bit {
    std::string path;
    uint64_t offset = 0;
    unsigned bit = 0;
  };
  // What a start serves.
  struct Start {
    std::string refusal;  // Empty: it serves.
    uint64_t last_lsn = 0;
    uint64_t digest = 0;
    bool unreadable = false;  // Some of it can't be read.
    std::string cut;          // What it says to have cut; empty: nothing.
  };

  [[nodiscard]] Bit draw_any();
  [[nodiscard]] Bit draw();
  void note_known();
  // The check names what stands there without a flip.
  [[nodiscard]] bool known(const Bit& bit) const;
  [[nodiscard]] Start start(const SimDisk::Image& image);
  std::string judge(const Bit& bit);
  std::string judge_check(const Bit& bit, const SimDisk::Image& image);
  std::string judge_start(const Bit& bit, const Start& now);
  // The state after record `lsn`, of the directory without a flip.
  [[nodiscard]] uint64_t digest_at(uint64_t lsn);
  [[nodiscard]] uint64_t noted_durable() const;

  Config config_;
  SimDisk::Image image_;
  SimRandom random_;
  uint64_t bytes_ = 0;
  Start whole_;
  uint64_t durable_ = 0;
  std::map<uint64_t, uint64_t> digests_;
  std::vector<std::string> known_;  // Findings of the check in the directory as it is.
  Counters counters_;
};

}  // namespace leat::sim
