#include "engine/pending_columns.h"

#include <algorithm>

#include "base/check.h"

namespace leat {
namespace {

// Room left below the smallest value when a base is chosen, so that a slightly older one fits later.
constexpr uint64_t kIdSlackMs = uint64_t{1} << 20;    // 17 minutes.
constexpr uint64_t kTimeSlackMs = uint64_t{1} << 30;  // 12 days.
constexpr uint64_t kNarrowMax = std::numeric_limits<uint32_t>::max();

}  // namespace

// Ids mostly come at an even pace, so a key stands near where a line from the first to the last id has
// it: trying that place first touches two or three cache lines of a cold leaf where halving touches
// five, one after the other.
PendingIds::Stretch PendingIds::expected_at(uint64_t key) const {
  const uint64_t* const words = words_.data();
  const size_t count = words_.size();
  const Stretch all{0, count};
  constexpr size_t kReach = 8;
  if (count <= 2 * kReach) return all;
  const uint64_t first = words[0] >> 32;
  const uint64_t spread = (words[count - 1] >> 32) - first;
  const uint64_t offset = (key >> 32) - first;
  // Below the first id `offset` wraps around and is too large as well. With less than 2^24 ms between
  // the ids the product fits 32 bits, whose division is the cheap one.
  constexpr uint64_t kSpreadEnd = uint64_t{1} << 24;
  if (spread * kReach < count || spread >= kSpreadEnd || offset > spread) return all;
  const size_t guess = static_cast<uint32_t>(offset * count) / static_cast<uint32_t>(spread + 1);
  const size_t from = guess > kReach ? guess - kReach : 0;
  const size_t to = std::min(count, guess + kReach);
  if ((from > 0 && words[from - 1] >= key) || words[to - 1] < key) return all;
  return {from, to - from};
}

size_t PendingIds::lower_bound(StreamId id) const {
  if (wide_) {
    size_t from = 0;
    size_t left = size();
    while (left > 0) {
      const size_t half = left / 2;
      if (at(from + half) < id) {
        from += half + 1;
        left -= half + 1;
      } else {
        left = half;
      }
    }
    return from;
  }
  if (id.ms < base_ms_ || words_.empty()) return 0;
  if (id.ms - base_ms_ > kNarrowMax) return size();
  // A seq beyond 32 bits stands between this millisecond's last narrow id and the next millisecond.
  const bool between = id.seq > kNarrowMax;
  const uint64_t key = between ? (id.ms - base_ms_) << 32 | kNarrowMax : narrow(id);
  const uint64_t* const words = words_.data();
  auto [from, left] = expected_at(key);
  while (left > 1) {
    const size_t half = left / 2;
    from += words[from + half - 1] < key ? half : 0;
    left -= half;
  }
  from += words[from] < key ? 1 : 0;
  return between && from < words_.size() && words[from] == key ? from + 1 : from;
}

void PendingIds::insert(size_t slot, StreamId id) {
  if (!fits(id) || words_.empty()) recode(id);
  const auto position = static_cast<std::ptrdiff_t>(wide_ ? 2 * slot : slot);
  if (wide_) {
    words_.insert(words_.begin() + position, {id.ms, id.seq});
  } else {
    words_.insert(words_.begin() + position, narrow(id));
  }
}

void PendingIds::replace(size_t slot, StreamId id) {
  if (!fits(id)) recode(id);
  if (wide_) {
    words_[2 * slot] = id.ms;
    words_[2 * slot + 1] = id.seq;
  } else {
    words_[slot] = narrow(id);
  }
}

void PendingIds::retain(const LiveSlots& live) {
  size_t kept = 0;
  for (size_t slot = live.next(0); slot < kLeafSlots; slot = live.next(slot + 1)) {
    if (wide_) {
      words_[2 * kept] = words_[2 * slot];
      words_[2 * kept + 1] = words_[2 * slot + 1];
    } else {
      words_[kept] = words_[slot];
    }
    ++kept;
  }
  words_.resize(wide_ ? 2 * kept : kept);
  if (wide_ && kept > 0) recode(at(0));
}

void PendingIds::recode(StreamId id) {
  std::array<StreamId, kLeafSlots> ids;
  const size_t count = size();
  LEAT_CHECK(count <= kLeafSlots);
  uint64_t seq_max = id.seq;
  for (size_t i = 0; i < count; ++i) {
    ids[i] = at(i);
    seq_max = std::max(seq_max, ids[i].seq);
  }
  const uint64_t first = count == 0 ? id.ms : std::min(id.ms, ids[0].ms);
  const uint64_t last = count == 0 ? id.ms : std::max(id.ms, ids[count - 1].ms);
  wide_ = seq_max > kNarrowMax || last - first > kNarrowMax;
  const uint64_t slack =
      std::min({kIdSlackMs, first, kNarrowMax - std::min(kNarrowMax, last - first)});
  base_ms_ = first - slack;
  words_.resize(wide_ ? 2 * count : count);
  for (size_t i = 0; i < count; ++i) {
    if (wide_) {
      words_[2 * i] = ids[i].ms;
      words_[2 * i + 1] = ids[i].seq;
    } else {
      words_[i] = narrow(ids[i]);
    }
  }
}

size_t PendingRuns::run_of(size_t slot, size_t slots) const {
  const size_t count = size();
  if (count == slots) return slot;
  size_t from = 0;
  for (size_t left = count; left > 1;) {
    const size_t half = left / 2;
    from += first_of(from + half) <= slot ? half : 0;
    left -= half;
  }
  return from;
}

void PendingRuns::append(const PendingRun& attributes) {
  const size_t count = size();
  if (count > 0 && same_attributes(count - 1, attributes)) return;
  if (!fits(attributes)) recode(&attributes);
  const size_t old = words_.size();
  words_.resize(old + (wide_ ? 3 : 1));
  store(words_.data() + old, attributes);
}

void PendingRuns::assign(const PendingRun& attributes, size_t slots) {
  const size_t slot = attributes.first;
  const size_t run = run_of(slot, slots);
  const PendingRun old = at(run);
  if (old.same_attributes(attributes)) return;
  const size_t end = end_of(run, slots);
  const bool alone = end == old.first + 1;
  if (slot == old.first && run > 0 && same_attributes(run - 1, attributes)) {
    // Joins the run before; when nothing is left between, that one may now join the run after.
    if (!alone) return set_first(run, slot + 1);
    erase(run);
    if (same_attributes(run, attributes)) erase(run);
    return;
  }
  if (slot + 1 == end && same_attributes(run + 1, attributes)) {
    set_first(run + 1, slot);
    if (alone) erase(run);
    return;
  }
  // A run of its own, which may cut the old one in two.
  if (slot + 1 < end) {
    PendingRun rest = old;
    rest.first = slot + 1;
    insert(run + 1, rest);
  }
  if (slot > old.first) {
    insert(run + 1, attributes);
  } else {
    set(run, attributes);
  }
}

void PendingRuns::open_at(size_t slot) {
  for (size_t run = size() - 1; run > 0 && first_of(run) >= slot; --run) {
    set_first(run, first_of(run) + 1);
  }
}

void PendingRuns::retain(const LiveSlots& live, size_t slots, const std::vector<uint16_t>& shares) {
  const size_t count = size();
  size_t kept = 0;
  size_t next_slot = 0;
  for (size_t run = 0; run < count; ++run) {
    const size_t end = end_of(run, slots);
    PendingRun row = at(run);
    const size_t alive = live.count(row.first, end);
    if (alive == 0) continue;
    row.first = next_slot;
    row.share = shares[row.share];
    next_slot += alive;
    // Rows move to the front, so the row written is one that was read already.
    if (kept > 0 && same_attributes(kept - 1, row)) continue;
    set(kept++, row);
  }
  words_.resize(wide_ ? 3 * kept : kept);
  if (wide_) recode(nullptr);
}

bool PendingRuns::fits(const PendingRun& run) const {
  if (wide_) return true;
  const uint64_t delta = static_cast<uint64_t>(run.when) - base_[run.share == 0 ? 0 : 1];
  return delta <= kNarrowMax && (run.deliveries < 0xff || run.deliveries == kDeliveriesMax);
}

void PendingRuns::store(uint64_t* words, const PendingRun& run) const {
  const auto when = static_cast<uint64_t>(run.when);
  const uint64_t share = run.share;
  if (wide_) {
    words[0] = when;
    words[1] = run.deliveries;
    words[2] = share << 8 | run.first;
    return;
  }
  const uint64_t deliveries = std::min<uint64_t>(run.deliveries, 0xff);
  words[0] = (when - base_[share == 0 ? 0 : 1]) << 32 | share << 16 | deliveries << 8 | run.first;
}

void PendingRuns::set(size_t run, const PendingRun& value) {
  if (!fits(value)) recode(&value);
  store(words_.data() + (wide_ ? 3 * run : run), value);
}

void PendingRuns::set_first(size_t run, size_t slot) {
  uint64_t& word = words_[wide_ ? 3 * run + 2 : run];
  word = (word & ~uint64_t{0xff}) | slot;
}

void PendingRuns::insert(size_t run, const PendingRun& value) {
  if (!fits(value)) recode(&value);
  const size_t stride = wide_ ? 3 : 1;
  words_.insert(words_.begin() + static_cast<std::ptrdiff_t>(run * stride), stride, 0);
  store(words_.data() + run * stride, value);
}

void PendingRuns::erase(size_t run) {
  const size_t stride = wide_ ? 3 : 1;
  const auto start = words_.begin() + static_cast<std::ptrdiff_t>(run * stride);
  words_.erase(start, start + static_cast<std::ptrdiff_t>(stride));
}

void PendingRuns::recode(const PendingRun* run) {
  std::vector<PendingRun> rows;
  rows.reserve(size() + 1);
  for (size_t i = 0; i < size(); ++i) rows.push_back(at(i));
  const size_t count = rows.size();
  if (run != nullptr) rows.push_back(*run);

  std::array<int64_t, 2> low{std::numeric_limits<int64_t>::max(),
                             std::numeric_limits<int64_t>::max()};
  std::array<int64_t, 2> high{std::numeric_limits<int64_t>::min(),
                              std::numeric_limits<int64_t>::min()};
  bool fit = true;
  for (const PendingRun& row : rows) {
    const size_t kind = row.share == 0 ? 0 : 1;
    low[kind] = std::min(low[kind], row.when);
    high[kind] = std::max(high[kind], row.when);
    fit = fit && (row.deliveries < 0xff || row.deliveries == kDeliveriesMax);
  }
  for (size_t kind = 0; kind < 2; ++kind) {
    if (low[kind] > high[kind]) continue;
    const uint64_t spread = static_cast<uint64_t>(high[kind]) - static_cast<uint64_t>(low[kind]);
    fit = fit && spread <= kNarrowMax;
    const uint64_t slack = std::min(kTimeSlackMs, kNarrowMax - std::min(kNarrowMax, spread));
    base_[kind] = static_cast<uint64_t>(low[kind]) - slack;
  }
  wide_ = !fit;
  const size_t stride = wide_ ? 3 : 1;
  words_.resize(count * stride);
  for (size_t i = 0; i < count; ++i) store(words_.data() + i * stride, rows[i]);
}

}  // namespace leat
