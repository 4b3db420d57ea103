// Measures PendingEntries: nanoseconds per delivery, acknowledgement and read, and bytes per entry.
// Prints figures and judges none of them: times on a shared machine are no test.
//
//   pending_entries_perf [entries, default 1000000]

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <random>
#include <vector>

#include <absl/container/btree_map.h>

#include "engine/pending_entries.h"
#include "perf/timer.h"

namespace leat {
namespace {

constexpr int64_t kNow = 1'764'000'000'000;

// The id of the n-th entry of a busy stream: four entries a millisecond.
StreamId id_of(uint64_t n) {
  return {static_cast<uint64_t>(kNow) + n / 4, n % 4};
}

void print(const char* what, double total_ns, size_t operations) {
  std::printf("  %-58s %8.1f ns\n", what, total_ns / static_cast<double>(operations));
}

// Delivers `count` entries: reads of `batch`, by `consumers` in turn, each with a time of its own.
double deliver(PendingEntries& list, size_t count, size_t batch, uint32_t consumers) {
  std::vector<StreamId> ids(batch);
  const Timer timer;
  for (size_t n = 0, read = 0; n < count; n += batch, ++read) {
    const size_t size = std::min(batch, count - n);
    for (size_t i = 0; i < size; ++i) ids[i] = id_of(n + i);
    list.put_run(ids.data(), size, ConsumerId{1 + static_cast<uint32_t>(read) % consumers},
                 WallMs{kNow + static_cast<int64_t>(read)}, 1);
  }
  return timer.ns();
}

// The order in which entries are acknowledged: in windows that are shuffled.
std::vector<uint64_t> ack_order(size_t count, size_t window) {
  std::vector<uint64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 random(7);
  for (size_t n = 0; n < count && window > 1; n += window) {
    const auto start = order.begin() + static_cast<std::ptrdiff_t>(n);
    std::shuffle(start, start + static_cast<std::ptrdiff_t>(std::min(window, count - n)), random);
  }
  return order;
}

double ack(PendingEntries& list, const std::vector<uint64_t>& order, size_t count) {
  const Timer timer;
  for (size_t n = 0; n < count; ++n)
    if (!list.erase(id_of(order[n]))) std::abort();
  return timer.ns();
}

double per_entry(const PendingEntries& list) {
  return static_cast<double>(list.memory()) / static_cast<double>(list.size());
}

// The yardstick: the same deliveries and acknowledgements on a b-tree with an entry per node slot.
void measure_btree(const std::vector<uint64_t>& order) {
  absl::btree_map<StreamId, PendingEntry> list;
  const Timer fill;
  for (size_t n = 0; n < order.size(); ++n) {
    const auto read = static_cast<int64_t>(n / 100);
    const ConsumerId owner{1 + static_cast<uint32_t>(read) % 4};
    list.emplace_hint(list.end(), id_of(n), PendingEntry{id_of(n), owner, WallMs{kNow + read}, 1});
  }
  print("deliver, absl::btree_map", fill.ns(), order.size());
  const Timer timer;
  for (const uint64_t n : order)
    if (list.erase(id_of(n)) != 1) std::abort();
  print("acknowledge, absl::btree_map", timer.ns(), order.size());
}

void measure_orders(size_t count) {
  const struct {
    const char* name;
    size_t window;
  } orders[] = {{"in order", 1}, {"in windows of 400 shuffled", 400}, {"at random", count}};
  for (const auto& [name, window] : orders) {
    const auto order = ack_order(count, window);
    std::printf("4 consumers x COUNT 100, acknowledged %s\n", name);
    PendingEntries list;
    print("deliver", deliver(list, count, 100, 4), count);
    std::printf("  %-58s %8.2f\n", "bytes per entry", per_entry(list));
    print("acknowledge", ack(list, order, count), count);
    measure_btree(order);
  }
  std::printf("8 consumers x COUNT 1\n");
  PendingEntries list;
  print("deliver", deliver(list, count, 1, 8), count);
  std::printf("  %-58s %8.2f\n", "bytes per entry", per_entry(list));
  const auto order = ack_order(count, count);
  print("acknowledge 3/4 at random", ack(list, order, count / 4 * 3), count / 4 * 3);
  std::printf("  %-58s %8.2f\n", "bytes per entry left", per_entry(list));
  list = PendingEntries();
  deliver(list, count, 1, 8);
  print("acknowledge in order", ack(list, ack_order(count, 1), count), count);
}

void measure_steady(size_t count, size_t depth) {
  PendingEntries list;
  const Timer timer;
  for (size_t n = 0; n < count; ++n) {
    list.put({id_of(n), ConsumerId{1 + static_cast<uint32_t>(n / 100) % 4},
              WallMs{kNow + static_cast<int64_t>(n / 100)}, 1});
    if (n >= depth && !list.erase(id_of(n - depth))) std::abort();
  }
  std::printf("steady, %zu pending\n", depth);
  print("deliver one + acknowledge one", timer.ns(), count);
}

void measure_reads(size_t count) {
  PendingEntries list;
  deliver(list, count, 100, 4);
  list.put({id_of(count / 2), ConsumerId{9}, WallMs{kNow}, 2});
  std::printf("reading %zu pending\n", count);
  std::mt19937_64 random(7);
  uint64_t sum = 0;
  constexpr size_t kReads = 100'000;
  {
    const Timer timer;
    list.visit_from(StreamId::min(), [&](const PendingEntry& entry) {
      sum += entry.id.seq;
      return true;
    });
    print("visit all in id order, per entry", timer.ns(), count);
  }
  {
    const Timer timer;
    for (size_t i = 0; i < kReads; ++i) sum += list.find(id_of(random() % count))->deliveries;
    print("find at random", timer.ns(), kReads);
  }
  {
    const Timer timer;
    for (size_t i = 0; i < kReads; ++i)
      sum += list.first_from(StreamId::min(), ConsumerId{9})->deliveries;
    print("first of a consumer that has one entry in the middle", timer.ns(), kReads);
  }
  {
    const Timer timer;
    for (size_t i = 0; i < kReads; ++i) sum += list.oldest()->deliveries;
    print("oldest", timer.ns(), kReads);
  }
  {
    const Timer timer;
    list.visit_by_age([&](const PendingEntry& entry) {
      sum += entry.id.seq;
      return true;
    });
    print("visit all by age, per entry", timer.ns(), count);
  }
  {
    const Timer timer;
    for (size_t n = 0; n < count; ++n)
      list.put({id_of(n), ConsumerId{5}, WallMs{kNow + 1'000'000}, 2});
    print("claim all one by one in order", timer.ns(), count);
  }
  {
    const Timer timer;
    for (size_t i = 0; i < kReads; ++i)
      list.put({id_of(random() % count), ConsumerId{6}, WallMs{kNow + 2'000'000}, 3});
    print("claim at random", timer.ns(), kReads);
  }
  {
    const Timer timer;
    for (size_t n = 0; n < count; n += 100) list.erase_run(id_of(n), id_of(n + 99));
    print("erase_run of 100, per entry", timer.ns(), count);
  }
  std::printf("  (checksum %llu)\n", static_cast<unsigned long long>(sum));
}

}  // namespace
}  // namespace leat

int main(int argc, char** argv) {
  const size_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  leat::measure_orders(count);
  for (const size_t depth : {size_t{1}, size_t{10}, size_t{1000}})
    leat::measure_steady(count, depth);
  leat::measure_reads(count);
  return 0;
}
