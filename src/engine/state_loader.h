// StateLoader: puts an engine together from the pieces of a checkpoint.
//
// Contract   pieces come in any order, but for heads: an object's stands before its other pieces, a group's before its
//            pending entries. Each is there exactly once. What does not fit is refused, whatever the bytes are;
//            the engine is of no use then.
// Limits     memory in proportion to what was given, beside the engine's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <absl/container/btree_map.h>

#include "base/bytes.h"
#include "engine/engine.h"
#include "engine/state_pieces.h"
#include "model/ids.h"

namespace leat {

class StateLoader {
 public:
  // `engine` has applied nothing, and outlives the loader.
  explicit StateLoader(Engine& engine);

  // Takes whole pieces back to back: what StateWriter::out() held at some time.
  //   returns  false when something is malformed or does not fit; so it stays.
  [[nodiscard]] bool take(Bytes pieces);
  // Ends the loading: the engine's last LSN is the checkpoint's.
  //   returns  false when a piece was refused, is missing or surplus.
  [[nodiscard]] bool finish();

 private:
  // What is still to come of an object.
  struct Missing {
    Object* object = nullptr;
    uint64_t elements = 0;  // Bytes of a string, fields of a hash or set; not counted for streams.
    uint64_t blocks = 0;
    uint64_t groups = 0;
    uint64_t remembered = 0;                         // Iids.
    uint64_t pending = 0;                            // Of the groups that are there.
    absl::btree_map<GroupId, uint64_t> pending_of;   // Of those that miss some.
    absl::btree_map<uint64_t, std::string> strings;  // Parts of a string by offset.
    Stream::Counters counters;

    // The stream, if the object is one.
    [[nodiscard]] Stream* stream() const {
      auto* const value = std::get_if<std::unique_ptr<Stream>>(&object->value);
      return value == nullptr ? nullptr : value->get();
    }
    [[nodiscard]] bool nothing() const {
      return elements == 0 && blocks == 0 && groups == 0 && remembered == 0 && pending == 0;
    }
  };

  [[nodiscard]] bool add(const PieceView& piece);
  [[nodiscard]] bool add(const NodePiece& piece);
  [[nodiscard]] bool add(const ObjectPiece& piece, const StreamPart& stream);
  [[nodiscard]] bool add(const StringPiece& piece);
  [[nodiscard]] bool add(const FieldsPiece& piece);
  [[nodiscard]] bool add(const BlockPiece& piece);
  [[nodiscard]] bool add(const FramePiece& piece);
  [[nodiscard]] bool add(const GroupPiece& piece);
  [[nodiscard]] bool add(const PendingPiece& piece);
  [[nodiscard]] bool add(const RememberedPiece& piece);

  // The object, if something of it is still to come.
  Missing* missing(ObjectId object);
  // Ends the object if nothing of it is missing; false when its parts do not fit together.
  [[nodiscard]] bool settle(ObjectId object, Missing& missing);

  Engine& engine_;
  std::optional<NodePiece> node_;
  uint64_t objects_ = 0;
  ObjectId last_object_{0};  // The greatest id that was taken.
  absl::btree_map<ObjectId, Missing> missing_;
  bool refused_ = false;
};

}  // namespace leat
