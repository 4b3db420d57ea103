// Property: an engine takes any record or refuses it; it never crashes, and what it took leaves a state that can be
// copied, digested and read, and whose counters agree with what they count. Two engines that took the same records are
// equal.
//
// Input: pieces of one record each: type, then its fields, drawn from few values so that they meet; a type beyond the
// list frames arbitrary bytes.
#include <string>
#include <vector>

#include "base/check.h"
#include "engine/engine.h"
#include "engine/stream_plan.h"
#include "model/record.h"
#include "model/record_lists.h"

namespace leat {
namespace {

constexpr uint32_t kDatabases = 4;

class Drawn {
 public:
  explicit Drawn(Bytes input) : in_(input) {}

  [[nodiscard]] bool done() const { return in_.done(); }
  uint8_t byte() { return in_.u8(); }
  // Mostly small; now and then at an edge.
  uint64_t number() {
    const uint8_t raw = in_.u8();
    if (raw < 200) return raw % 16;
    if (raw < 220) return in_.u8() * uint64_t{257};
    constexpr uint64_t kEdges[] = {UINT64_MAX, INT64_MAX, uint64_t{1} << 63, UINT32_MAX,
                                   1ULL << 32};
    return kEdges[raw % 5];
  }
  // Any field of a record draws itself by its type. NOLINTBEGIN(google-explicit-constructor): that is the purpose.
  operator uint64_t() { return number(); }
  operator uint32_t() { return static_cast<uint32_t>(number()); }
  operator int64_t() { return static_cast<int64_t>(number()); }
  operator bool() { return byte() % 2 == 1; }
  operator StreamId() {
    const uint64_t ms = number();
    return {ms, number()};
  }
  template <typename Tag, typename Rep>
  operator Strong<Tag, Rep>() {
    return {static_cast<Rep>(number())};
  }
  operator ObjectKind() { return static_cast<ObjectKind>(1 + byte() % 4); }
  operator DeliveryCount() { return static_cast<DeliveryCount>(byte() % 4); }
  // NOLINTEND(google-explicit-constructor)
  Bytes name() { return Bytes("abcdefgh").substr(byte() % 8, 1); }
  Bytes raw() { return in_.bytes(std::min<uint64_t>(in_.u8(), in_.left())); }

  // Lists live until the next draw of a list.
  Bytes ids() {
    list_.clear();
    IdListWriter writer(list_);
    for (int left = byte() % 6; left > 0; --left) writer.add(*this);
    if (byte() == 255) list_.push_back('\xff');
    return list_.view();
  }
  Bytes strings() {
    list_.clear();
    for (int left = byte() % 6; left > 0; --left) append_string(list_, name());
    if (byte() == 255) append_varint(list_, 200);
    return list_.view();
  }
  // Fields and values as bulk strings, mostly well-formed.
  Bytes wire(uint32_t& elements) {
    elements = byte() % 8;
    text_.clear();
    for (uint32_t i = 0; i < elements; ++i) text_ += "$1\r\n" + std::string(name()) + "\r\n";
    if (byte() > 250) text_ += raw();
    if (byte() > 250) elements = static_cast<uint32_t>(number());
    return text_;
  }

 private:
  ByteReader in_;
  ByteBuffer list_;
  std::string text_;
};

void draw_directory(Drawn& d, uint8_t type, RecordWriter& out) {
  switch (type) {
    case 0:
      return out.put(KeyCreate{d, d, d, d.name()});
    case 1:
      return out.put(KeyDrop{d});
    case 2:
      return out.put(KeyRename{d, d, d.name()});
    case 3:
      return out.put(KeyCopy{d, d, d, d.name()});
    case 4:
      return out.put(KeyExpire{d, d});
    case 5:
      return out.put(DbSwap{d, d});
    default:
      return out.put(DbFlush{d, d});
  }
}

void draw_value(Drawn& d, uint8_t type, RecordWriter& out) {
  switch (type) {
    case 7:
      return out.put(StringSet{d, d.raw()});
    case 8:
      return out.put(StringAppend{d, d.raw()});
    case 9:
      return out.put(StringPatch{d, d, d.raw()});
    case 10:
      return out.put(HashSet{d, d.strings()});
    case 11:
      return out.put(HashDelete{d, d.strings()});
    case 12:
      return out.put(SetAdd{d, d.strings()});
    default:
      return out.put(SetRemove{d, d.strings()});
  }
}

void draw_stream(Drawn& d, uint8_t type, RecordWriter& out) {
  switch (type) {
    case 14: {
      StreamAppend record{.object = d, .new_block = d, .id = d};
      record.wire = d.wire(record.elements);
      return out.put(record);
    }
    case 15:
      return out.put(StreamTrim{d, d});
    case 16:
      return out.put(StreamDelete{d, d.ids()});
    case 17:
      return out.put(StreamSetId{d, d, d, d});
    case 18:
      return out.put(GroupCreate{d, d, d, d, d.name()});
    case 19:
      return out.put(GroupSetId{d, d, d, d});
    default:
      return out.put(GroupDrop{d, d});
  }
}

void draw_group(Drawn& d, uint8_t type, RecordWriter& out) {
  switch (type) {
    case 21:
      return out.put(ConsumerCreate{d, d, d, d, d.name()});
    case 22:
      return out.put(ConsumerDrop{d, d, d});
    case 23:
      return out.put(GroupDeliver{d, d, d, d, d, d, d, d});
    case 24:
      return out.put(GroupAck{d, d, d.ids()});
    case 25:
      return out.put(GroupClaim{d, d, d, d, d, d, d, d.ids()});
    default:
      return out.put(GroupRedeliver{d, d, d, d, d, d});
  }
}

void draw_policy(Drawn& d, RecordWriter& out) {
  StreamConfigure record{.object = d};
  record.policy = {.length_max = d.number(), .age_max_ms = d.number(), .bytes_max = d.number()};
  if (d.byte() % 2 != 0) record.policy.retain = Retain::kUnacked;
  if (d.byte() % 2 != 0) record.policy.when_full = WhenFull::kReject;
  out.put(record);
}

void draw_idempotency(Drawn& d, RecordWriter& out) {
  switch (d.byte() % 8) {
    case 0:
      return out.put(StreamIdempotency{d, {d.number(), d.byte() % 4U}, d.number(), d.number()});
    case 1:
      return out.put(StreamForget{d, d.byte() % 4U});
    case 2:
      return out.put(StreamDuplicate{d});
    default:
      return out.put(StreamRemember{d, d, d.name(), d.name()});
  }
}

void draw_raw(Drawn& d, ByteBuffer& out) {
  const Bytes payload = d.raw();
  char* const head = out.grow(kRecordHeadSize);
  std::memset(head, 0, kRecordHeadSize);
  head[0] = static_cast<char>(payload.size());
  head[4] = static_cast<char>(d.byte());
  head[5] = static_cast<char>(kRecordVersion);
  out.append(payload);
}

void draw(Drawn& in, ByteBuffer& out) {
  RecordWriter writer(out);
  const uint8_t type = in.byte() % 32;
  if (type < 7) return draw_directory(in, type, writer);
  if (type < 14) return draw_value(in, type, writer);
  if (type < 21) return draw_stream(in, type, writer);
  if (type < 27) return draw_group(in, type, writer);
  if (type == 27) return draw_policy(in, writer);
  if (type == 28) return writer.put(StreamTrimRanges{in, in.ids()});
  if (type == 29) return writer.put(GroupRelease{in, in, in, in, in.ids()});
  if (type == 30) return draw_idempotency(in, writer);
  draw_raw(in, out);
}

void read(const Stream& stream) {
  uint64_t entries = 0;
  uint64_t bytes = 0;
  for (auto cursor = stream.seek(StreamId::min()); !cursor.done(); cursor.advance()) {
    ++entries;
    bytes += cursor.entry().wire.size();
  }
  LEAT_CHECK(entries == stream.length() && bytes == stream.bytes());
  for (const auto& [name, group] : stream.groups().by_name()) {
    LEAT_CHECK(lag_of(stream, *group) == stream.count_after(group->last_delivered));
  }
  static_cast<void>(stream.memory());
}

// Reads what the engine holds in the ways that commands do.
void read_all(const Engine& engine) {
  for (uint32_t db = 0; db < kDatabases; ++db) {
    size_t seen = 0;
    engine.keyspace().visit(DbIndex{db}, [&](const Object& object) {
      ++seen;
      if (object.stream() != nullptr) read(*object.stream());
      return true;
    });
    LEAT_CHECK(seen == engine.keyspace().size(DbIndex{db}));
  }
}

void check(Bytes input) {
  Drawn in(input);
  Engine engine(kDatabases);
  Engine twin(kDatabases);
  ByteBuffer framed;
  for (int left = 200; left > 0 && !in.done(); --left) {
    framed.clear();
    draw(in, framed);
    Bytes rest = framed.view();
    const auto record = next_record(rest);
    LEAT_CHECK(record && rest.empty());
    const bool taken = engine.apply(*record);
    LEAT_CHECK(twin.apply(*record) == taken);
    // A real log ends at the first record that does not fit; going on finds more.
  }
  read_all(engine);
  LEAT_CHECK(engine.digest() == twin.digest());
}

}  // namespace
}  // namespace leat

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  leat::check({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
