// Each piece lists its fields once, in fields(); encoder and decoder walk that list, so they cannot disagree.
#include "engine/state_pieces.h"

#include <cstring>
#include <limits>
#include <type_traits>

namespace leat {
namespace {

template <typename Walk, typename Part>
void idempotency_fields(Walk& walk, Part& p) {
  walk(p.limits.duration_s), walk(p.limits.size_max), walk(p.counters.added);
  walk(p.counters.duplicates), walk(p.size);
}

class Encoder {
 public:
  explicit Encoder(ByteBuffer& out) : out_(out) {}

  template <typename Tag, typename Rep>
  void operator()(const Strong<Tag, Rep>& strong) {
    append_varint(out_, strong.value);
  }
  void operator()(const WallMs& time) { append_varint(out_, zigzag(time.value)); }
  void operator()(const uint64_t& value) { append_varint(out_, value); }
  void operator()(const uint32_t& value) { append_varint(out_, value); }
  void operator()(const int64_t& value) { append_varint(out_, zigzag(value)); }
  void operator()(const bool& value) { out_.push_back(value ? 1 : 0); }
  void operator()(const ObjectKind& kind) { out_.push_back(static_cast<char>(kind)); }
  void operator()(const StreamId& id) {
    std::memcpy(out_.grow(sizeof(id.ms)), &id.ms, sizeof(id.ms));
    append_varint(out_, id.seq);
  }
  void operator()(const Retention& policy) {
    char* const end = put_retention(out_.room(kRetentionBytesMax), policy);
    out_.commit(static_cast<size_t>(end - (out_.bytes() + out_.size())));
  }
  void operator()(const std::optional<IdempotencyPart>& part) {
    (*this)(part.has_value());
    if (part) idempotency_fields(*this, *part);
  }
  void operator()(const Bytes& bytes) {
    append_varint(out_, bytes.size());
    out_.append(bytes);
  }
  void list(const Bytes& list) { out_.append(list); }

 private:
  ByteBuffer& out_;
};

class Decoder {
 public:
  explicit Decoder(Bytes payload) : in_(payload) {}
  [[nodiscard]] bool ok() const { return in_.ok(); }
  [[nodiscard]] bool complete() const { return in_.ok() && in_.done(); }
  [[nodiscard]] Bytes rest() { return in_.bytes(in_.left()); }

  template <typename Tag>
  void operator()(Strong<Tag, uint64_t>& strong) {
    strong.value = in_.varint();
  }
  template <typename Tag>
  void operator()(Strong<Tag, uint32_t>& strong) {
    (*this)(strong.value);
  }
  void operator()(WallMs& time) { time.value = in_.signed_varint(); }
  void operator()(uint64_t& value) { value = in_.varint(); }
  void operator()(uint32_t& value) {
    const uint64_t wide = in_.varint();
    if (wide > std::numeric_limits<uint32_t>::max()) return in_.fail();
    value = static_cast<uint32_t>(wide);
  }
  void operator()(int64_t& value) { value = in_.signed_varint(); }
  void operator()(bool& value) {
    const uint8_t byte = in_.u8();
    if (byte > 1) return in_.fail();
    value = byte == 1;
  }
  void operator()(ObjectKind& kind) {
    const uint8_t byte = in_.u8();
    if (byte < 1 || byte > static_cast<uint8_t>(ObjectKind::kStream)) return in_.fail();
    kind = static_cast<ObjectKind>(byte);
  }
  void operator()(StreamId& id) {
    id.ms = in_.u64();
    id.seq = in_.varint();
  }
  void operator()(Retention& policy) { read_retention(in_, policy); }
  void operator()(std::optional<IdempotencyPart>& part) {
    bool there = false;
    (*this)(there);
    if (there) idempotency_fields(*this, part.emplace());
  }
  void operator()(Bytes& bytes) { bytes = in_.string(); }
  void list(Bytes& list) { list = rest(); }

 private:
  ByteReader in_;
};

// The piece's type, const or not.
template <typename Piece, typename Struct>
constexpr bool kIs = std::is_same_v<std::remove_const_t<Piece>, Struct>;

template <typename Walk, typename Piece>
void object_fields(Walk& walk, Piece& p) {
  walk(p.object), walk(p.db), walk(p.kind), walk(p.expires), walk(p.changed), walk(p.used);
  walk(p.elements), walk(p.large), walk(p.key);
}

template <typename Walk, typename Piece>
void stream_fields(Walk& walk, Piece& p) {
  walk(p.entries_added), walk(p.last_id), walk(p.max_deleted), walk(p.groups_reach);
  walk(p.retention), walk(p.next_group), walk(p.blocks), walk(p.groups), walk(p.idempotency);
}

template <typename Walk, typename Piece>
void group_fields(Walk& walk, Piece& p) {
  walk(p.object), walk(p.group), walk(p.last_delivered), walk(p.entries_read);
  walk(p.delivered_live), walk(p.next_consumer), walk(p.last_release), walk(p.pending);
  walk(p.name), walk.list(p.list);
}

template <typename Walk, typename Piece>
void block_fields(Walk& walk, Piece& p) {
  walk(p.object), walk(p.parts.first_id), walk(p.parts.last_id), walk(p.parts.live);
  walk(p.parts.deleted), walk(p.parts.start), walk(p.parts.node_bytes), walk.list(p.parts.rows);
}

template <typename Walk, typename Piece>
void frame_fields(Walk& walk, Piece& p) {
  walk(p.object), walk(p.first_id), walk(p.fence.last_id), walk(p.fence.first_live);
  walk(p.fence.live), walk(p.fence.deleted), walk(p.fence.blocks), walk(p.fence.bytes);
  walk(p.fence.live_bytes);
  walk(p.fence.ref.file), walk(p.fence.ref.offset), walk(p.fence.ref.size);
}

template <typename Walk, typename Piece>
void fields(Walk& walk, Piece& p) {
  if constexpr (kIs<Piece, NodePiece>) {
    walk(p.lsn), walk(p.next_object), walk(p.last_swap), walk(p.changes), walk(p.objects);
  } else if constexpr (kIs<Piece, ObjectPiece>) {
    object_fields(walk, p);
  } else if constexpr (kIs<Piece, StreamPart>) {
    stream_fields(walk, p);
  } else if constexpr (kIs<Piece, StringPiece>) {
    walk(p.object), walk(p.offset), walk.list(p.bytes);
  } else if constexpr (kIs<Piece, FieldsPiece> || kIs<Piece, RememberedPiece>) {
    walk(p.object), walk.list(p.list);
  } else if constexpr (kIs<Piece, BlockPiece>) {
    block_fields(walk, p);
  } else if constexpr (kIs<Piece, FramePiece>) {
    frame_fields(walk, p);
  } else if constexpr (kIs<Piece, GroupPiece>) {
    group_fields(walk, p);
  } else if constexpr (kIs<Piece, ConsumerPart>) {
    walk(p.consumer), walk(p.seen), walk(p.active), walk(p.name);
  } else if constexpr (kIs<Piece, Idempotency::View>) {
    walk(p.place), walk(p.producer), walk(p.iid), walk(p.id);
  } else {
    static_assert(kIs<Piece, PendingPiece>);
    walk(p.object), walk(p.group), walk.list(p.list);
  }
}

template <typename Piece>
bool decode_fields(Bytes payload, Piece& piece) {
  Decoder decoder(payload);
  fields(decoder, piece);
  return decoder.complete();
}

}  // namespace

template <typename Piece>
OpenPiece::OpenPiece(ByteBuffer& out, const Piece& piece) : out_(out), start_(out.size()) {
  char* const head = out_.grow(kPieceHeadSize);
  std::memset(head, 0, kPieceHeadSize);
  head[4] = static_cast<char>(Piece::kKind);
  head[5] = static_cast<char>(kPieceVersion);
  Encoder encoder(out_);
  fields(encoder, piece);
}
template OpenPiece::OpenPiece(ByteBuffer& out, const NodePiece& piece);
template OpenPiece::OpenPiece(ByteBuffer& out, const ObjectPiece& piece);
template OpenPiece::OpenPiece(ByteBuffer& out, const StringPiece& piece);
template OpenPiece::OpenPiece(ByteBuffer& out, const FieldsPiece& piece);
template OpenPiece::OpenPiece(ByteBuffer& out, const BlockPiece& piece);
template OpenPiece::OpenPiece(ByteBuffer& out, const FramePiece& piece);
template OpenPiece::OpenPiece(ByteBuffer& out, const GroupPiece& piece);
template OpenPiece::OpenPiece(ByteBuffer& out, const PendingPiece& piece);
template OpenPiece::OpenPiece(ByteBuffer& out, const RememberedPiece& piece);

OpenPiece::~OpenPiece() {
  const size_t size = out_.size() - start_ - kPieceHeadSize;
  LEAT_CHECK(size <= std::numeric_limits<uint32_t>::max());
  const auto stored = static_cast<uint32_t>(size);
  std::memcpy(out_.bytes() + start_, &stored, sizeof(stored));
}

void OpenPiece::put(const StreamPart& part) {
  Encoder encoder(out_);
  fields(encoder, part);
}
void OpenPiece::put(const ConsumerPart& part) {
  Encoder encoder(out_);
  fields(encoder, part);
}
void OpenPiece::put(const Idempotency::View& part) {
  Encoder encoder(out_);
  fields(encoder, part);
}

void append_pending(ByteBuffer& out, const PendingEntry* entries, size_t count) {
  StreamId previous;
  for (size_t from = 0, to = 0; from < count; from = to) {
    const PendingEntry& run = entries[from];
    for (to = from + 1; to < count && entries[to].owner == run.owner &&
                        entries[to].delivered == run.delivered &&
                        entries[to].deliveries == run.deliveries;)
      ++to;
    char* const start = out.room((4 + 2 * (to - from)) * kVarintBytesMax);
    char* at = put_varint(start, run.owner.value);
    at = put_varint(at, zigzag(run.delivered.value));
    at = put_varint(at, run.deliveries);
    at = put_varint(at, to - from);
    for (size_t i = from; i < to; ++i) {
      const StreamId id = entries[i].id;
      at = put_varint(at, id.ms - previous.ms);
      at = put_varint(at, id.ms == previous.ms ? id.seq - previous.seq : id.seq);
      previous = id;
    }
    out.commit(static_cast<size_t>(at - start));
  }
}

bool PendingReader::next(PendingEntry& entry) {
  if (left_ == 0) {
    if (in_.done()) return false;
    const uint64_t owner = in_.varint();
    if (owner > std::numeric_limits<uint32_t>::max()) in_.fail();
    entry_.owner = ConsumerId{static_cast<uint32_t>(owner)};
    entry_.delivered = WallMs{in_.signed_varint()};
    entry_.deliveries = in_.varint();
    left_ = in_.varint();
    if (left_ == 0) in_.fail();
  }
  --left_;
  const uint64_t step = in_.varint();
  entry_.id.ms += step;
  entry_.id.seq = in_.varint() + (step == 0 ? entry_.id.seq : 0);
  entry = entry_;
  return in_.ok();
}

std::optional<PieceView> next_piece(Bytes& input) {
  ByteReader head(input);
  const uint32_t size = head.u32();
  PieceView view;
  view.kind = static_cast<PieceKind>(head.u8());
  const uint8_t version = head.u8();
  const uint8_t zero = head.u8();
  const uint8_t last_zero = head.u8();
  if (version != kPieceVersion || zero != 0 || last_zero != 0) return std::nullopt;
  view.payload = head.bytes(size);
  if (!head.ok()) return std::nullopt;
  input.remove_prefix(kPieceHeadSize + size);
  return view;
}

bool decode(Bytes payload, NodePiece& piece) {
  return decode_fields(payload, piece);
}
bool decode(Bytes payload, ObjectPiece& piece, StreamPart& stream) {
  Decoder decoder(payload);
  fields(decoder, piece);
  if (decoder.ok() && piece.kind == ObjectKind::kStream) fields(decoder, stream);
  return decoder.complete();
}
bool decode(Bytes payload, StringPiece& piece) {
  return decode_fields(payload, piece);
}
bool decode(Bytes payload, FieldsPiece& piece) {
  return decode_fields(payload, piece);
}
bool decode(Bytes payload, BlockPiece& piece) {
  return decode_fields(payload, piece);
}
bool decode(Bytes payload, FramePiece& piece) {
  return decode_fields(payload, piece);
}
bool decode(Bytes payload, GroupPiece& piece) {
  return decode_fields(payload, piece);
}
bool decode(Bytes payload, PendingPiece& piece) {
  return decode_fields(payload, piece);
}
bool decode(Bytes payload, RememberedPiece& piece) {
  return decode_fields(payload, piece);
}

bool next_consumer(Bytes& list, ConsumerPart& part) {
  ByteReader in(list);
  const uint64_t id = in.varint();
  part.seen = WallMs{in.signed_varint()};
  part.active = WallMs{in.signed_varint()};
  part.name = in.string();
  if (!in.ok() || id > std::numeric_limits<uint32_t>::max()) return false;
  part.consumer = ConsumerId{static_cast<uint32_t>(id)};
  list.remove_prefix(list.size() - in.left());
  return true;
}

bool next_remembered(Bytes& list, Idempotency::View& part) {
  Decoder decoder(list);
  fields(decoder, part);
  if (!decoder.ok()) return false;
  list = decoder.rest();
  return true;
}

}  // namespace leat
