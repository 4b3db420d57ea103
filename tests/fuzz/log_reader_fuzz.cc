// Property: whatever happens to the files of a log, recovery yields a prefix of what was written or refuses;
// it never invents, changes or reorders a record. A log that was accepted goes on and is read back.
// In the second mode every damaged header gets a fresh checksum, as a liar would: then nothing is promised but
// that recovery ends, within its memory.
//
// Input: one byte of mode, then pieces of damage: what, which file, where (3 bytes), how long, with what.
#include <algorithm>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "storage/log_fixture.h"
#include "storage/log_format.h"
#include "storage/log_reader.h"

namespace leat {
namespace {

struct Original {
  FakeDisk::Image image;
  std::vector<std::string> values;
};

// Three segments with batches, markers, two epochs and an end that no clean shutdown made.
Original write_original() {
  set_log_level(LogLevel::kNothing);
  LogFixture fixture;
  for (int start = 0; start < 2; ++start) {
    LEAT_CHECK(fixture.open());
    fixture.settle();
    for (int turn = 0; turn < 9; ++turn) {
      fixture.turn({fixture.value(900), fixture.value(1)});
      if (turn % 3 == 0) fixture.pass(200);
    }
    if (start == 0) LEAT_CHECK(fixture.log->close(Lsn{fixture.lsn}, fixture.clock.wall()).ok());
    fixture.crash(Keep::kAll);
  }
  return {fixture.disk.image(), fixture.written};
}

class Damage {
 public:
  Damage(Bytes input, FakeDisk::Image& image) : in_(input), image_(image) {}

  void apply() {
    while (!in_.done() && !image_.empty()) one();
  }

 private:
  std::string& file() {
    auto file = image_.begin();
    std::advance(file, in_.u8() % image_.size());
    name_ = file->first;
    return file->second;
  }
  size_t place(const std::string& content) {
    const size_t raw = in_.u8() * size_t{512} + in_.u8() * size_t{2} + in_.u8() % 2;
    return content.empty() ? 0 : raw % content.size();
  }
  void one() {
    const uint8_t what = in_.u8();
    std::string& content = file();
    const size_t at = place(content);
    const size_t length = std::min<size_t>(in_.u8() * size_t{what < 128 ? 1U : 64U},
                                           content.size() - std::min(at, content.size()));
    switch (what % 8) {
      case 0:
      case 1:
        if (!content.empty()) content[at] = static_cast<char>(content[at] ^ (1 << (length % 8)));
        break;
      case 2:
        std::fill_n(content.begin() + static_cast<ptrdiff_t>(at), length, '\0');
        break;
      case 3:
        std::fill_n(content.begin() + static_cast<ptrdiff_t>(at), length,
                    static_cast<char>(in_.u8()));
        break;
      case 4:
        content.resize(at);
        break;
      case 5: {
        const std::string piece = content.substr(at / 512 * 512, 512 * (1 + length % 8));
        std::string& other = file();
        const size_t to = place(other) / 512 * 512;
        if (to + piece.size() <= other.size()) other.replace(to, piece.size(), piece);
        break;
      }
      case 6:
        image_.erase(name_);
        break;
      default: {
        const std::string copy = content;
        file() = copy;
        break;
      }
    }
  }

  ByteReader in_;
  FakeDisk::Image& image_;
  std::string name_;
};

template <typename Header>
void seal_at(std::string& content, size_t at) {
  Header header;
  if (at + sizeof header > content.size()) return;
  std::memcpy(&header, content.data() + at, sizeof header);
  if (header.magic != Header::kMagic) return;
  const Bytes bytes = sealed(header);
  bytes.copy(content.data() + at, bytes.size());
}

void seal_all(FakeDisk::Image& image) {
  for (auto& [path, content] : image) {
    for (size_t at = 0; at < content.size(); at += kLogAlignment) {
      seal_at<Superblock>(content, at);
      seal_at<SegmentHeader>(content, at);
      seal_at<BatchHeader>(content, at);
    }
  }
}

void expect_prefix(const std::vector<std::string>& found, const std::vector<std::string>& written) {
  LEAT_CHECK(found.size() <= written.size());
  LEAT_CHECK(std::equal(found.begin(), found.end(), written.begin()));
}

void recover(const FakeDisk::Image& image, const std::vector<std::string>& written, bool honest) {
  LogFixture fixture;
  fixture.disk.load(image);
  if (!fixture.open()) {
    LEAT_CHECK(!fixture.problem->detail.empty());
    return;
  }
  if (!honest) return;
  // Without any file left, it is a new log.
  expect_prefix(fixture.recovered.values, written);
  fixture.written = fixture.recovered.values;
  fixture.settle();
  fixture.turn({"after"});
  LEAT_CHECK(fixture.log->durable_lsn().value == fixture.written.size());
  fixture.crash(Keep::kNothing);
  LEAT_CHECK(fixture.open());
  LEAT_CHECK(fixture.recovered.values == fixture.written);
}

void check(uint8_t mode, Bytes damage) {
  static const Original kOriginal = write_original();
  const bool honest = mode % 2 == 0;
  FakeDisk::Image image = kOriginal.image;
  Damage(damage, image).apply();
  if (!honest) seal_all(image);
  recover(image, kOriginal.values, honest);
}

}  // namespace
}  // namespace leat

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size != 0) leat::check(bytes[0], {reinterpret_cast<const char*>(bytes) + 1, size - 1});
  return 0;
}
