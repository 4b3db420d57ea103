// Pieces: what a checkpoint's state is written in. Each stands for itself: a range of one object, or its head.
//
// Format     docs/formats/checkpoint.md, section "Pieces" (normative). Eight bytes of head, then the payload:
//              0  u32  payload size
//              4  u8   kind     PieceKind; an unknown kind is refused, never skipped
//              5  u8   version  1
//              6  u16  zero
//            The payload's fields are varints and byte strings in the order in which the struct lists them; ids as
//            eight bytes of milliseconds and a varint of sequence. Lists stand behind the fields, up to the end.
// Ownership  decoded structs are views into the piece's bytes.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/time.h"
#include "base/varint.h"
#include "engine/block.h"
#include "engine/extent.h"
#include "engine/idempotency.h"
#include "engine/pending_entries.h"
#include "model/ids.h"
#include "model/record.h"
#include "model/retention.h"
#include "model/stream_id.h"

namespace leat {

enum class PieceKind : uint8_t {
  kNode = 1,
  kObject = 2,
  kString = 3,
  kFields = 4,
  kBlock = 5,
  kFrame = 6,
  kGroup = 7,
  kPending = 8,
  kRemembered = 9,
};

constexpr size_t kPieceHeadSize = 8;
constexpr uint8_t kPieceVersion = 1;

// What the shard counts, and how many objects there are.
struct NodePiece {
  static constexpr auto kKind = PieceKind::kNode;
  Lsn lsn;  // S: the state is that after this record.
  ObjectId next_object;
  Lsn last_swap;
  uint64_t changes = 0;
  uint64_t objects = 0;
};

// The head of an object; stands before all other pieces of the object.
struct ObjectPiece {
  static constexpr auto kKind = PieceKind::kObject;
  ObjectId object;
  DbIndex db;
  ObjectKind kind = ObjectKind::kString;
  WallMs expires;
  Lsn changed;
  WallMs used;
  uint64_t elements = 0;  // Bytes of a string, fields of a hash or set, live entries of a stream.
  bool large = false;     // A hash or set in the form of large ones.
  Bytes key;
};
// What a stream remembers of idempotent producers.
struct IdempotencyPart {
  IdempotencyLimits limits;
  Idempotency::Counters counters;
  uint64_t size = 0;  // Iids.
};
// What follows the fields of an object piece of a stream.
struct StreamPart {
  uint64_t entries_added = 0;
  StreamId last_id;
  StreamId max_deleted;
  StreamId groups_reach;
  Retention retention;
  GroupId next_group;
  uint64_t blocks = 0;
  uint64_t groups = 0;
  std::optional<IdempotencyPart> idempotency;  // None: as that of a new stream.
};

struct StringPiece {
  static constexpr auto kKind = PieceKind::kString;
  ObjectId object;
  uint64_t offset = 0;
  Bytes bytes;
};

// Fields of a hash (name, value, name, value ...) or members of a set, as byte strings.
struct FieldsPiece {
  static constexpr auto kKind = PieceKind::kFields;
  ObjectId object;
  Bytes list;
};

struct BlockPiece {
  static constexpr auto kKind = PieceKind::kBlock;
  ObjectId object;
  BlockParts parts;
};

// A sealed frame: its fence; the blocks stand in a frame file (docs/formats/frame.md).
struct FramePiece {
  static constexpr auto kKind = PieceKind::kFrame;
  ObjectId object;
  StreamId first_id;
  Fence fence;
};

// The head of a group; stands before its pending pieces.
struct GroupPiece {
  static constexpr auto kKind = PieceKind::kGroup;
  ObjectId object;
  GroupId group;
  StreamId last_delivered;
  int64_t entries_read = kEntriesReadUnknown;
  uint64_t delivered_live = 0;
  ConsumerId next_consumer;
  WallMs last_release;
  uint64_t pending = 0;  // Entries.
  Bytes name;
  Bytes list;  // See ConsumerPart.
};
struct ConsumerPart {
  ConsumerId consumer;
  WallMs seen;
  WallMs active;
  Bytes name;
};

// Pending entries in id order; see PendingReader.
struct PendingPiece {
  static constexpr auto kKind = PieceKind::kPending;
  ObjectId object;
  GroupId group;
  Bytes list;
};

// Iids by their places: place, producer, iid, id, each.
struct RememberedPiece {
  static constexpr auto kKind = PieceKind::kRemembered;
  ObjectId object;
  Bytes list;
};

// OpenPiece: a piece at the end of a buffer; whole when this is destroyed.
class OpenPiece {
 public:
  // Writes the piece's head and fields; what is appended to the buffer afterwards belongs to it.
  template <typename Piece>
  OpenPiece(ByteBuffer& out, const Piece& piece);
  ~OpenPiece();
  OpenPiece(const OpenPiece&) = delete;
  OpenPiece& operator=(const OpenPiece&) = delete;

  void put(const StreamPart& part);
  void put(const ConsumerPart& part);
  void put(const Idempotency::View& part);
  // Bytes of the piece so far.
  [[nodiscard]] size_t size() const { return out_.size() - start_; }

 private:
  ByteBuffer& out_;
  size_t start_;
};

// Appends a piece that is whole with its fields.
template <typename Piece>
void write_piece(ByteBuffer& out, const Piece& piece) {
  const OpenPiece whole(out, piece);
}

// Appends pending entries, in id order, as the list of a pending piece.
void append_pending(ByteBuffer& out, const PendingEntry* entries, size_t count);

// PendingReader: reads the list of a pending piece.
class PendingReader {
 public:
  explicit PendingReader(Bytes list) : in_(list) {}
  // False at the end, or when the list is malformed: ok() tells.
  [[nodiscard]] bool next(PendingEntry& entry);
  [[nodiscard]] bool ok() const { return in_.ok(); }

 private:
  ByteReader in_;
  uint64_t left_ = 0;  // Of the run.
  PendingEntry entry_;
};

// One piece in a buffer: its head, checked, and its payload.
struct PieceView {
  PieceKind kind = PieceKind::kNode;
  Bytes payload;
};

// Takes the first piece off `input`. Nothing, and `input` unchanged, when its head is not valid or the payload is cut;
// the payload itself is not looked at.
[[nodiscard]] std::optional<PieceView> next_piece(Bytes& input);

// Decodes a payload; false when it is not one piece of that kind.
[[nodiscard]] bool decode(Bytes payload, NodePiece& piece);
// `stream` is filled for streams only.
[[nodiscard]] bool decode(Bytes payload, ObjectPiece& piece, StreamPart& stream);
[[nodiscard]] bool decode(Bytes payload, StringPiece& piece);
[[nodiscard]] bool decode(Bytes payload, FieldsPiece& piece);
[[nodiscard]] bool decode(Bytes payload, BlockPiece& piece);
[[nodiscard]] bool decode(Bytes payload, FramePiece& piece);
[[nodiscard]] bool decode(Bytes payload, GroupPiece& piece);
[[nodiscard]] bool decode(Bytes payload, PendingPiece& piece);
[[nodiscard]] bool decode(Bytes payload, RememberedPiece& piece);
// Takes one consumer off the list of a group piece.
[[nodiscard]] bool next_consumer(Bytes& list, ConsumerPart& part);
// Takes one iid off the list of a piece of remembered ones.
[[nodiscard]] bool next_remembered(Bytes& list, Idempotency::View& part);

}  // namespace leat
