// Writes seeds that are too binary to be written by hand: what an engine puts into a checkpoint, as the fuzz target
// `state_loader` takes it.
//
// make_seeds DIRECTORY, which exists; one file for each seed.
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "engine/engine.h"
#include "engine/frame_fixture.h"
#include "engine/state_writer.h"
#include "engine/wire_fixture.h"
#include "model/record_lists.h"

namespace leat {
namespace {

class State {
 public:
  State() {
    engine_.share().set_size(2);
    engine_.share().seals.set_frame_bytes(1);
  }

  ObjectId create(ObjectKind kind, uint32_t db = 0) {
    const ObjectId id = engine_.keyspace().next_id();
    const std::string key = "k" + std::to_string(id.value);
    must(KeyCreate{.object = id, .db = DbIndex{db}, .kind = kind, .key = key});
    return id;
  }
  template <typename Record>
  void must(const Record& record) {
    LEAT_CHECK(apply_record(engine_, record));
  }
  // Entries 1-0 to `count`-0, three to a block.
  void fill(ObjectId stream, uint64_t count) {
    const std::string entry = wire({"f", "v"});
    for (uint64_t i = 1; i <= count; ++i) {
      must(StreamAppend{
          .object = stream, .new_block = i % 3 == 1, .id = {i, 0}, .elements = 2, .wire = entry});
    }
  }
  // A group that was given the entries `first` to `last`.
  void deliver(ObjectId stream, uint64_t first, uint64_t last) {
    const GroupId group{1};
    const ConsumerId consumer{1};
    must(GroupCreate{
        .object = stream, .group = group, .last_delivered = {}, .entries_read = 0, .name = "g"});
    must(ConsumerCreate{
        .object = stream, .group = group, .consumer = consumer, .at = WallMs{5}, .name = "c"});
    must(GroupDeliver{.object = stream,
                      .group = group,
                      .consumer = consumer,
                      .at = WallMs{9},
                      .entries_read = static_cast<int64_t>(last),
                      .first = {first, 0},
                      .last = {last, 0}});
  }
  void seal() { frames_.seal(engine_.share().seals); }

  std::string pieces() {
    StateWriter& writer = engine_.start_checkpoint();
    while (!writer.complete()) writer.step(1);
    std::string pieces(writer.out().view());
    engine_.end_checkpoint();
    return pieces;
  }

 private:
  MemoryFrames frames_;
  Engine engine_{3, &frames_};
};

std::string strings(const std::vector<std::string>& list) {
  ByteBuffer buffer;
  for (const std::string& string : list) append_string(buffer, string);
  return std::string(buffer.view());
}

std::string flat_pieces() {
  State state;
  const ObjectId text = state.create(ObjectKind::kString);
  state.must(StringSet{text, "value"});
  state.must(KeyExpire{.object = text, .at = WallMs{1'000}});
  state.must(HashSet{state.create(ObjectKind::kHash, 1), strings({"f", "1", "g", "2"})});
  state.must(SetAdd{state.create(ObjectKind::kSet, 2), strings({"a", "b", "c"})});
  return state.pieces();
}

std::string stream_pieces(bool sealed) {
  State state;
  const ObjectId stream = state.create(ObjectKind::kStream);
  state.fill(stream, 11);
  state.must(StreamTrim{stream, {1, 0}});
  state.deliver(stream, 2, 8);
  state.must(StreamConfigure{.object = stream, .policy = {.length_max = 20, .age_max_ms = 1'000}});
  if (sealed) state.seal();
  return state.pieces();
}

bool write(const std::string& path, const std::string& bytes) {
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return false;
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  return std::fclose(file) == 0 && written;
}

}  // namespace
}  // namespace leat

int main(int count, char** words) {
  if (count != 2) return 2;
  const std::string directory = words[1];
  const std::pair<const char*, std::string> seeds[] = {
      {"empty", leat::State().pieces()},
      {"flat", leat::flat_pieces()},
      {"stream", leat::stream_pieces(/*sealed=*/false)},
      {"sealed_stream", leat::stream_pieces(/*sealed=*/true)},
  };
  for (const auto& [name, pieces] : seeds) {
    if (!leat::write(directory + "/" + name, pieces)) return 1;
  }
  return 0;
}
