// Idempotency: which idempotent ids (iids) of which producers a stream has taken, and what entries they became.
//
// All of them stand in one row, in the order in which they were remembered; those of a producer are a chain in it. What
// is forgotten goes at the head of the row, and of a chain when its producer has more than size_max.
//
// Invariants  an iid stands once per producer; a producer has at least one; places in the row grow and are not reused.
// Ownership   names are copied. What the views of visit_from() point at lives until the next change.
// Cost        O(log iids); trees throughout, so that none of it stalls for a rehash. Some 120 bytes an iid, and its
//             text if that is longer than 15.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include "base/bytes.h"
#include "model/idempotency.h"
#include "model/stream_id.h"

namespace leat {

class Idempotency {
 public:
  // One of the row.
  struct View {
    uint64_t place = 0;
    Bytes producer;
    Bytes iid;
    StreamId id;
  };
  struct Counters {
    uint64_t added = 0;       // Iids that were remembered, ever.
    uint64_t duplicates = 0;  // Entries that were not added as their iid was known.
    friend bool operator==(const Counters&, const Counters&) = default;
  };

  Idempotency() = default;
  Idempotency(Idempotency&&) = delete;
  Idempotency& operator=(Idempotency&&) = delete;

  [[nodiscard]] std::unique_ptr<Idempotency> clone() const;

  [[nodiscard]] const IdempotencyLimits& limits() const { return limits_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] size_t size() const { return row_.size(); }
  [[nodiscard]] size_t producers() const { return producers_.size(); }
  // The entry that the iid became; none when it is not remembered.
  [[nodiscard]] std::optional<StreamId> find(Bytes producer, Bytes iid) const;
  // The entry of the iid at the head of the row. Requires size() != 0.
  [[nodiscard]] StreamId oldest() const { return row_.begin()->second->id; }
  // The place of the one that add() would forget, as the producer would have too many.
  [[nodiscard]] std::optional<uint64_t> place_of_surplus(Bytes producer) const;
  // The place of the `nth` oldest, from 1. Requires nth <= size(). O(nth).
  [[nodiscard]] uint64_t place_of_nth(uint64_t nth) const;
  // The place of the next one; those of all others lie before it.
  [[nodiscard]] uint64_t next_place() const { return next_place_; }
  // Calls visit(const View&) for those from `place` on until it returns false.
  template <typename Visit>
  void visit_from(uint64_t place, Visit&& visit) const {
    for (auto at = row_.lower_bound(place); at != row_.end(); ++at) {
      const Iid& iid = *at->second;
      if (!visit(View{at->first, iid.producer->name, iid.text, iid.id})) return;
    }
  }
  // Bytes that it holds, about. O(1).
  [[nodiscard]] size_t memory() const;

  // Changes; only apply() calls them.

  void configure(const IdempotencyLimits& limits, const Counters& counters) {
    limits_ = limits;
    counters_ = counters;
  }
  // Puts the iid at the end of the row, and forgets the producer's first one when it has too many.
  //   returns  false, and nothing has changed, when the iid is remembered.
  [[nodiscard]] bool add(Bytes producer, Bytes iid, StreamId id);
  void count_duplicate() { ++counters_.duplicates; }
  // Forgets the `count` oldest; false, and nothing has changed, when there are fewer.
  [[nodiscard]] bool forget(uint64_t count);
  // Frees up to `count`, after which nothing but freeing may follow; less: nothing is left.
  size_t free_some(size_t count);

  // For checkpoints: puts one at its place, in any order; false when the place is taken or the iid remembered.
  [[nodiscard]] bool restore(const View& view);
  // Ends the loading; false when a producer has too many.
  [[nodiscard]] bool finish_restore();

 private:
  struct Iid;
  struct Producer {
    std::string name;
    Iid* first = nullptr;  // Of its chain.
    Iid* last = nullptr;
    uint64_t size = 0;
  };
  struct Iid {
    std::string text;
    StreamId id;
    Producer* producer = nullptr;
    Iid* next = nullptr;  // Of the producer.
    uint64_t place = 0;
  };
  // Ordered by a hash of producer and text; what is equal in it, by address.
  using Known = absl::btree_set<std::pair<uint64_t, Iid*>>;
  using Row = absl::btree_map<uint64_t, std::unique_ptr<Iid>>;

  struct ByName {
    using is_transparent = void;
    static Bytes name(Bytes name) { return name; }
    static Bytes name(const std::unique_ptr<Producer>& producer) { return producer->name; }
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return name(a) < name(b);
    }
  };

  [[nodiscard]] static uint64_t hash_of(Bytes producer, Bytes iid);
  [[nodiscard]] Known::const_iterator find_known(Bytes producer, Bytes iid) const;
  Producer& producer_named(Bytes name);
  // Inserts it at `place`, at the end of no chain.
  Iid& insert(uint64_t place, Bytes producer, Bytes iid, StreamId id);
  static void chain(Iid& iid);
  // Forgets the first one of its producer.
  void forget_first(Producer& producer);

  IdempotencyLimits limits_;
  Counters counters_;
  Row row_;
  Known known_;
  absl::btree_set<std::unique_ptr<Producer>, ByName> producers_;
  uint64_t next_place_ = 0;
  size_t text_bytes_ = 0;  // Of names and iids.
};

}  // namespace leat
