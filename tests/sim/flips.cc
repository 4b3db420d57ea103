#include "sim/flips.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/crc32c.h"
#include "engine/engine.h"
#include "server/check_directory.h"
#include "server/engine_replay.h"
#include "server/server.h"
#include "sim/sim_clock.h"
#include "sim/sim_loop.h"
#include "storage/frame_format.h"
#include "storage/frame_reader.h"
#include "storage/log_format.h"
#include "storage/log_reader.h"

namespace leat::sim {
namespace {

// A client side that nobody uses.
class Nobody final : public SimLoop::Clients {
  void on_accepted(io::ConnectionId /*connection*/) override {}
  void on_sent(io::ConnectionId /*connection*/, Bytes /*bytes*/) override {}
  void on_server_closed(io::ConnectionId /*connection*/) override {}
  void on_client_closed(io::ConnectionId /*connection*/) override {}
  void on_time(uint64_t /*client*/) override {}
};

// The state after one record, by reading up to it.
class Until final : public EngineReplay {
 public:
  Until(Engine& engine, uint64_t lsn) : EngineReplay(engine), lsn_(lsn) {}
  bool on_record(Lsn lsn, const RecordView& record) override {
    return lsn.value > lsn_ || EngineReplay::on_record(lsn, record);
  }

 private:
  uint64_t lsn_;
};

std::string name_of(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

bool names(const std::string& text, const std::string& path) {
  return text.find(name_of(path)) != std::string::npos;
}

struct Extent {
  uint64_t from = 0;
  uint64_t to = 0;
};

// The extent of a file that the text gives; none when it gives none.
std::optional<Extent> extent_in(const std::string& text) {
  constexpr std::string_view kFrom = "offset ";
  constexpr std::string_view kTo = " to ";
  const size_t found = text.find(kFrom);
  if (found == std::string::npos) return std::nullopt;
  const char* const end = text.data() + text.size();
  Extent extent;
  const auto first = std::from_chars(text.data() + found + kFrom.size(), end, extent.from);
  if (!std::string_view(first.ptr, end).starts_with(kTo)) return std::nullopt;
  std::from_chars(first.ptr + kTo.size(), end, extent.to);
  return extent;
}

// False when the text gives an extent of the file in which `offset` does not stand.
bool covers(const std::string& text, uint64_t offset) {
  const auto extent = extent_in(text);
  return !extent || (extent->from <= offset && offset < extent->to);
}

}  // namespace

Flips::Flips(const Config& config, SimDisk::Image disk, uint64_t seed)
    : config_(config), image_(std::move(disk)), random_(seed) {
  for (const auto& [path, content] : image_) bytes_ += content.size();
  whole_ = start(image_);
  note_known();
  durable_ = noted_durable();
}

// Every byte of every file alike.
Flips::Bit Flips::draw_any() {
  uint64_t at = random_.below(bytes_);
  const auto bit = static_cast<unsigned>(random_.below(8));
  for (const auto& [path, content] : image_) {
    if (at < content.size()) return {path, at, bit};
    at -= content.size();
  }
  return {};
}

// Files of the log are mostly zeros: three of four bits stand in bytes that are not.
Flips::Bit Flips::draw() {
  constexpr int kTries = 200;
  Bit bit = draw_any();
  const bool zeros_too = random_.one_in(4);
  for (int i = 0; i < kTries; ++i, bit = draw_any()) {
    if (!known(bit) && (zeros_too || image_.at(bit.path)[bit.offset] != 0)) break;
  }
  return bit;
}

// A power failure may have left a bit of an unused byte flipped. Flipped back it is no damage, and nothing to be found.
void Flips::note_known() {
  SimRandom random(1);
  SimDisk disk(random);
  disk.load(image_);
  const auto checked = check_directory(disk, config_.directory);
  if (!checked.ok()) return;
  for (const CheckFinding& finding : checked.value().findings)
    if (extent_in(finding.text)) known_.push_back(finding.text);
}

bool Flips::known(const Bit& bit) const {
  return std::any_of(known_.begin(), known_.end(), [&bit](const std::string& text) {
    return names(text, bit.path) && covers(text, bit.offset);
  });
}

Flips::Start Flips::start(const SimDisk::Image& image) {
  SimRandom random(1);
  SimClock clock;
  SimDisk disk(random);
  disk.load(image);
  SimLoop loop(random, clock, disk);
  Nobody nobody;
  loop.serve(nobody);
  auto server = Server::start({clock, random, disk, loop}, config_);
  if (!server.ok()) return {.refusal = server.error().detail, .cut = {}};
  const Engine& engine = server.value()->shard().engine();
  Start done{.refusal = {},
             .last_lsn = engine.last_lsn().value,
             .digest = engine.digest(),
             .unreadable = engine.share().frames.counters().failures != 0,
             .cut = server.value()->shard().recovery().cut_detail};
  loop.crash();
  return done;
}

// The highest that the header of a whole batch gives: what stands in the log up to there was promised.
uint64_t Flips::noted_durable() const {
  uint64_t durable = 0;
  for (const auto& [path, content] : image_) {
    if (segment_number(0, name_of(path)) == 0) continue;
    const Bytes bytes = content;
    for (uint64_t at = kSegmentHeaderSpace; at + sizeof(BatchHeader) <= bytes.size();
         at += kLogAlignment) {
      BatchHeader header;
      if (!read_header(bytes.substr(at), header)) continue;
      const Bytes body = bytes.substr(at + sizeof(BatchHeader)).substr(0, header.body_size);
      if (crc32c(body) == header.body_crc) durable = std::max(durable, header.durable_lsn);
    }
  }
  return durable;
}

uint64_t Flips::digest_at(uint64_t lsn) {
  const auto known = digests_.find(lsn);
  if (known != digests_.end()) return known->second;
  SimRandom random(1);
  SimDisk disk(random);
  disk.load(image_);
  LogScan scan;
  if (!read_superblock(disk, config_.directory, scan).ok()) return digests_[lsn] = 0;
  FrameReader frames(disk, {.directory = config_.directory, .uuid = scan.superblock.uuid});
  Engine engine(config_.settings.databases, &frames);
  Until until(engine, lsn);
  RecoveryReport report;
  const auto findings = check_log(disk, config_.directory, until, report);
  return digests_[lsn] = findings.ok() ? engine.digest() : 0;
}

std::string Flips::judge_check(const Bit& bit, const SimDisk::Image& image) {
  SimRandom random(1);
  SimDisk disk(random);
  disk.load(image);
  const auto checked = check_directory(disk, config_.directory);
  // One sentence that refuses the directory as a whole is an answer as well.
  if (!checked.ok()) {
    return names(checked.error().detail, bit.path)
               ? std::string()
               : "the check does not name the file: " + checked.error().detail;
  }
  std::string all;
  for (const CheckFinding& finding : checked.value().findings) {
    if (names(finding.text, bit.path) && covers(finding.text, bit.offset)) return {};
    all += finding.text + "; ";
  }
  return "the check does not find it; it says: " + all;
}

std::string Flips::judge_start(const Bit& bit, const Start& now) {
  if (!now.refusal.empty()) {
    ++counters_.refused;
    return names(now.refusal, bit.path) ? std::string()
                                        : "the refusal does not name the file: " + now.refusal;
  }
  if (now.unreadable && frame_file_number(0, name_of(bit.path)) != 0) {
    ++counters_.unreadable;
    return now.last_lsn == whole_.last_lsn ? std::string() : "records are missing";
  }
  if (now.last_lsn == whole_.last_lsn) {
    ++counters_.harmless;
    return now.digest == whole_.digest ? std::string() : "other data is served as good";
  }
  ++counters_.cut;
  if (now.last_lsn > whole_.last_lsn) return "there are records that were never written";
  if (now.cut.empty()) return "records are missing, and nothing is said";
  if (!names(now.cut, bit.path) || !covers(now.cut, bit.offset))
    return "something else is said to have been cut: " + now.cut;
  if (now.last_lsn < durable_)
    return fmt::format("cut to record {}, when {} was noted as durable", now.last_lsn, durable_);
  return now.digest == digest_at(now.last_lsn) ? std::string() : "what is left is not a prefix";
}

std::string Flips::judge(const Bit& bit) {
  SimDisk::Image image = image_;
  char& byte = image.at(bit.path)[bit.offset];
  byte = static_cast<char>(byte ^ (1 << bit.bit));
  const std::string missed = judge_check(bit, image);
  return missed.empty() ? judge_start(bit, start(image)) : missed;
}

std::string Flips::run(uint64_t count) {
  if (!whole_.refusal.empty()) return "the directory is refused as it is: " + whole_.refusal;
  for (uint64_t i = 0; i < count && bytes_ != 0; ++i) {
    const Bit bit = draw();
    const std::string wrong = judge(bit);
    if (!wrong.empty())
      return fmt::format("bit {} of byte {} of {}: {}", bit.bit, bit.offset, bit.path, wrong);
  }
  return {};
}

}  // namespace leat::sim
