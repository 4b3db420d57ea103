// Measures the longest turns of dropping what is large, with and without a checkpoint, and what a running checkpoint adds
// to the hot records. Prints figures and judges none of them: times on a shared machine are no test.
//
//   dropping_perf [entries, default 5000000]

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/state_loader.h"
#include "engine/state_writer.h"
#include "engine/stream_plan.h"
#include "io/system_memory.h"
#include "model/record_lists.h"

namespace leat {
namespace {

constexpr size_t kReaped = 2000;               // As the reactor does in a turn.
constexpr size_t kBudget = size_t{256} << 10;  // Of a step, bytes.
constexpr ObjectId kObject{1};
constexpr GroupId kGroup{1};

// Processor time of this thread: what other programs on the machine take is not in it.
double now_us() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

template <typename Record>
void apply(Engine& engine, const Record& record) {
  if (!engine.apply_decoded(record)) std::abort();
}

void create(Engine& engine, ObjectId object, ObjectKind kind) {
  apply(engine,
        KeyCreate{
            .object = object, .db = {}, .kind = kind, .key = "k" + std::to_string(object.value)});
}

void fill_set(Engine& engine, size_t members) {
  create(engine, kObject, ObjectKind::kSet);
  ByteBuffer list;
  for (size_t i = 0; i < members; ++i) {
    list.clear();
    append_string(list, "member:" + std::to_string(i));
    apply(engine, SetAdd{kObject, list.view()});
  }
}

void append(Engine& engine, uint64_t n) {
  static const std::string kEntry = "$5\r\nfield\r\n$8\r\nvalue678\r\n";
  const Stream& stream = *engine.keyspace().find(kObject)->stream();
  apply(engine, StreamAppend{.object = kObject,
                             .new_block = plan_new_block(stream, kEntry.size(), {}),
                             .id = {1 + n / 4, n % 4},
                             .elements = 2,
                             .wire = kEntry});
}

void create_group(Engine& engine, uint32_t consumers) {
  apply(engine, GroupCreate{.object = kObject,
                            .group = kGroup,
                            .last_delivered = {},
                            .entries_read = 0,
                            .name = "g"});
  for (uint32_t i = 1; i <= consumers; ++i) {
    apply(engine, ConsumerCreate{.object = kObject,
                                 .group = kGroup,
                                 .consumer = ConsumerId{i},
                                 .at = WallMs{1},
                                 .name = "c" + std::to_string(i)});
  }
}

StreamId id_of(uint64_t n) {
  return {1 + n / 4, n % 4};
}

void deliver(Engine& engine, uint64_t from, uint64_t count, uint32_t consumer) {
  apply(engine, GroupDeliver{.object = kObject,
                             .group = kGroup,
                             .consumer = ConsumerId{consumer},
                             .at = WallMs{static_cast<int64_t>(1000 + from)},
                             .entries_read = 1,
                             .first = id_of(from),
                             .last = id_of(from + count - 1)});
}

void fill_stream(Engine& engine, size_t entries, uint32_t consumers) {
  create(engine, kObject, ObjectKind::kStream);
  for (size_t i = 0; i < entries; ++i) append(engine, i);
  if (consumers == 0) return;
  create_group(engine, consumers);
  for (size_t i = 0; i < entries; i += 100)
    deliver(engine, i, 100, 1 + static_cast<uint32_t>(i / 100) % consumers);
}

// Prints how long `drop` takes and the longest slice of freeing afterwards.
template <typename Fill, typename Drop>
void measure(const char* what, bool checkpoint, Fill&& fill, Drop&& drop) {
  Engine engine(16);
  fill(engine);
  if (checkpoint) engine.start_checkpoint().step(1000);
  const double start = now_us();
  drop(engine);
  const double dropped = now_us() - start;
  double longest = 0;
  double total = 0;
  const auto turn = [&](auto&& work) {
    const double before = now_us();
    work();
    longest = std::max(longest, now_us() - before);
    total += now_us() - before;
  };
  while (checkpoint && !engine.checkpoint()->complete()) {
    turn([&] {
      engine.checkpoint()->step(kBudget);
      engine.reap(kReaped);
    });
    engine.checkpoint()->out().clear();
  }
  if (checkpoint) turn([&] { engine.end_checkpoint(); });
  while (engine.reaping()) turn([&] { engine.reap(kReaped); });
  std::printf("  %-44s %-15s %9.0f us, longest turn after it %6.0f us, in all %8.0f us\n", what,
              checkpoint ? "with checkpoint" : "without", dropped, longest, total);
}

void measure_dropping(bool checkpoint, size_t entries) {
  const auto key_drop = [](Engine& engine) { apply(engine, KeyDrop{kObject}); };
  measure("DEL of a set", checkpoint, [entries](Engine& e) { fill_set(e, entries); }, key_drop);
  const auto small_stream = [entries](Engine& e) { fill_stream(e, entries, 0); };
  const auto stream = [entries](Engine& e) { fill_stream(e, entries, 5); };
  measure("DEL of a stream with all pending", checkpoint, stream, key_drop);
  measure("XTRIM to nearly nothing", checkpoint, small_stream,
          [entries](Engine& e) { apply(e, StreamTrim{kObject, id_of(entries - 1000)}); });
  measure("XTRIM of the half", checkpoint, small_stream,
          [entries](Engine& e) { apply(e, StreamTrim{kObject, id_of(entries / 2)}); });
  measure("XGROUP DESTROY with all pending", checkpoint, stream,
          [](Engine& e) { apply(e, GroupDrop{kObject, kGroup}); });
  measure(
      "XGROUP DELCONSUMER that has all", checkpoint,
      [entries](Engine& e) { fill_stream(e, entries, 1); },
      [](Engine& e) { apply(e, ConsumerDrop{kObject, kGroup, ConsumerId{1}}); });
  measure("XGROUP DELCONSUMER that has a fifth", checkpoint, stream,
          [](Engine& e) { apply(e, ConsumerDrop{kObject, kGroup, ConsumerId{2}}); });
  const auto keys = [entries](Engine& e) {
    for (uint64_t i = 1; i <= entries; ++i) create(e, ObjectId{i}, ObjectKind::kString);
  };
  measure("FLUSHALL of small keys", checkpoint, keys,
          [](Engine& e) { apply(e, DbFlush{.every = true, .db = {}}); });
  measure("SWAPDB of small keys", checkpoint, keys,
          [](Engine& e) { apply(e, DbSwap{DbIndex{0}, DbIndex{1}}); });
}

// Appends, deliveries and acknowledgements while a checkpoint stands still at its begin: the worst case.
void measure_hot(bool checkpoint, size_t entries) {
  Engine engine(16);
  fill_stream(engine, entries, 5);
  if (checkpoint) engine.start_checkpoint();
  const size_t count = entries / 4;
  double start = now_us();
  for (size_t i = 0; i < count; ++i) append(engine, entries + i);
  const double append_us = now_us() - start;
  start = now_us();
  for (size_t i = 0; i < count; ++i)
    deliver(engine, entries + i, 1, 1 + static_cast<uint32_t>(i) % 5);
  const double deliver_us = now_us() - start;
  ByteBuffer ranges;
  start = now_us();
  for (size_t i = 0; i < count; ++i) {
    ranges.clear();
    IdListWriter writer(ranges);
    writer.add(id_of(i));
    writer.add(id_of(i));
    apply(engine, GroupAck{kObject, kGroup, ranges.view()});
  }
  const double ack_us = now_us() - start;
  const double per = 1e3 / static_cast<double>(count);
  std::printf("  %-15s append %6.1f ns, deliver one %6.1f ns, acknowledge one %6.1f ns\n",
              checkpoint ? "with checkpoint" : "without", append_us * per, deliver_us * per,
              ack_us * per);
}

void measure_whole(size_t entries) {
  Engine engine(16);
  fill_stream(engine, entries, 5);
  StateWriter& writer = engine.start_checkpoint();
  ByteBuffer pieces;
  double start = now_us();
  while (!writer.complete()) {
    writer.step(kBudget);
    pieces.append(writer.out().view());
    writer.out().clear();
  }
  const double written = now_us() - start;
  start = now_us();
  Engine loaded(16);
  StateLoader loader(loaded);
  if (!loader.take(pieces.view()) || !loader.finish()) std::abort();
  const double per = 1e3 / static_cast<double>(entries);
  std::printf(
      "  writing %.1f ns, loading %.1f ns an entry with its pending entry; %.1f bytes each\n",
      written * per, (now_us() - start) * per,
      static_cast<double>(pieces.size()) / static_cast<double>(entries));
}

int run(size_t entries) {
  io::return_memory_in_background();
  std::printf("%zu entries, members or keys\n", entries);
  measure_whole(entries);
  for (const bool checkpoint : {false, true}) measure_hot(checkpoint, entries);
  for (const bool checkpoint : {false, true}) measure_dropping(checkpoint, entries);
  return 0;
}

}  // namespace
}  // namespace leat

int main(int count, char** words) {
  const size_t entries = count > 1 ? std::strtoull(words[1], nullptr, 10) : 5'000'000;
  return leat::run(entries / 100 * 100);
}
