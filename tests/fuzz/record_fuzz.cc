// Property: decoding never reads beyond its input, and what it accepts is a value of the record: encoded and
// decoded again it stays the same, and no encoding is longer than the canonical one unless a varint was padded.
// Framing: next_record() takes exactly what it returns, and what it returns is framed again as it was.
//
// Input: one byte that names the record type, then the payload; the whole once more as framed records.
#include <string>
#include <vector>

#include "base/check.h"
#include "model/record.h"
#include "model/record_lists.h"

namespace leat {
namespace {

// A copy whose end is the end of its allocation, so that a read beyond it is caught.
class Exact {
 public:
  explicit Exact(Bytes bytes) : bytes_(bytes.begin(), bytes.end()) {}
  [[nodiscard]] Bytes view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::vector<char> bytes_;
};

template <typename Record>
std::string encoded(const Record& record) {
  ByteBuffer out;
  RecordWriter(out).put(record);
  Bytes framed = out.view();
  const auto view = next_record(framed);
  LEAT_CHECK(view && framed.empty() && view->type == Record::kType);
  return std::string(view->payload);
}

template <typename Record>
void check(Bytes payload) {
  const Exact input(payload);
  Record record;
  if (!decode(input.view(), record)) return;
  const std::string once = encoded(record);
  LEAT_CHECK(once.size() <= payload.size());
  LEAT_CHECK(once.size() < payload.size() || once == payload);
  const Exact again(once);
  Record same;
  LEAT_CHECK(decode(again.view(), same));
  LEAT_CHECK(encoded(same) == once);
}

template <typename... Records>
void check_one_of(uint8_t choice, Bytes payload) {
  constexpr size_t kCount = sizeof...(Records);
  constexpr void (*kChecks[kCount])(Bytes) = {&check<Records>...};
  kChecks[choice % kCount](payload);
}

void check_framing(Bytes bytes) {
  const Exact input(bytes);
  Bytes rest = input.view();
  while (!rest.empty()) {
    const Bytes before = rest;
    const auto record = next_record(rest);
    if (!record) {
      LEAT_CHECK(rest == before);
      return;
    }
    LEAT_CHECK(before.size() - rest.size() == kRecordHeadSize + record->payload.size());
    LEAT_CHECK(record->payload.end() == rest.begin());
  }
}

void check_ids(Bytes bytes) {
  const Exact input(bytes);
  IdListReader reader(input.view());
  ByteBuffer out;
  IdListWriter writer(out);
  std::vector<StreamId> ids;
  for (StreamId id; reader.next(id);) {
    ids.push_back(id);
    writer.add(id);
  }
  IdListReader again(out.view());
  for (const StreamId expected : ids) {
    StreamId id;
    LEAT_CHECK(again.next(id) && id == expected);
  }
  StreamId end;
  LEAT_CHECK(!again.next(end) && again.ok());
}

void check_all(uint8_t type, Bytes payload) {
  check_one_of<KeyCreate, KeyDrop, KeyRename, KeyCopy, KeyExpire, DbSwap, DbFlush, StringSet,
               StringAppend, StringPatch, HashSet, HashDelete, SetAdd, SetRemove, StreamAppend,
               StreamTrim, StreamTrimRanges, StreamDelete, StreamSetId, StreamConfigure,
               StreamIdempotency, StreamRemember, StreamForget, StreamDuplicate, GroupCreate,
               GroupSetId, GroupDrop, ConsumerCreate, ConsumerDrop, GroupDeliver, GroupAck,
               GroupClaim, GroupRedeliver, GroupRelease>(type, payload);
  check_framing(payload);
  check_ids(payload);
}

}  // namespace
}  // namespace leat

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size != 0) leat::check_all(bytes[0], {reinterpret_cast<const char*>(bytes) + 1, size - 1});
  return 0;
}
