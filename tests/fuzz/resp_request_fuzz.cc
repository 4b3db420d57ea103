// Property: how the network cuts the bytes of a client never changes what RequestParser returns: the
// same requests, the same wire form of their arguments, the same error.
// Besides: what is consumed adds up, arguments survive being written as RESP and parsed again, and the
// wire form of a canonical request is exactly what RESP prescribes.
//
// Input: one byte of limits, one byte that seeds the cuts, then what the client sends.
#include <string>
#include <vector>

#include "base/check.h"
#include "resp/reply_writer.h"
#include "resp/request_parser.h"

namespace leat {
namespace {

using Status = RequestParser::Status;

struct Parsed {
  Status status = Status::kNeedMore;
  size_t consumed = 0;
  bool canonical = false;
  std::vector<std::string> arguments;
  std::string error;

  friend bool operator==(const Parsed&, const Parsed&) = default;
};

RequestLimits limits_of(uint8_t choice) {
  RequestLimits limits;
  if ((choice & 1) != 0) limits.arguments_max = 12;
  if ((choice & 2) != 0) limits.bulk_bytes_max = 40;
  if ((choice & 4) != 0) limits.inline_bytes_max = kLineBytesMin;
  limits.authenticated = (choice & 8) == 0;
  return limits;
}

std::string as_resp(const std::vector<std::string>& arguments) {
  ByteBuffer out;
  ReplyWriter writer(out, Protocol::kResp2);
  for (const std::string& argument : arguments) writer.bulk(argument);
  return std::string(out.view());
}

// A connection: bytes arrive, requests come out. Each arrival copies what waits to an allocation of
// exactly that size, so that a read beyond it or a view of the past is caught.
class Connection {
 public:
  explicit Connection(const RequestLimits& limits) : parser_(limits) {}

  void receive(Bytes bytes) {
    waiting_.append(bytes);
    while (!dead_ && !waiting_.empty()) {
      const std::vector<char> exact(waiting_.begin(), waiting_.end());
      Parsed one;
      one.status = parser_.next({exact.data(), exact.size()}, request_, one.consumed);
      if (one.status == Status::kNeedMore) return;
      dead_ = one.status == Status::kError || one.status == Status::kHttp;
      if (one.status == Status::kError) one.error = parser_.error_text();
      if (one.status == Status::kRequest) note_request(one);
      LEAT_CHECK(one.consumed <= waiting_.size());
      LEAT_CHECK(dead_ || one.consumed > 0);
      waiting_.erase(0, one.consumed);
      parsed_.push_back(std::move(one));
    }
  }

  [[nodiscard]] const std::vector<Parsed>& parsed() const { return parsed_; }

 private:
  void note_request(Parsed& one) {
    LEAT_CHECK(!request_.arguments.empty());
    one.arguments.assign(request_.arguments.begin(), request_.arguments.end());
    one.canonical = request_.canonical;
    if (!one.canonical) return;
    const std::string wire = as_resp(one.arguments);
    LEAT_CHECK(request_.wire(0, one.arguments.size()) == wire);
    LEAT_CHECK(one.consumed > wire.size());
    LEAT_CHECK(Bytes(waiting_).substr(one.consumed - wire.size(), wire.size()) == wire);
  }

  RequestParser parser_;
  Request request_;
  std::string waiting_;
  std::vector<Parsed> parsed_;
  bool dead_ = false;
};

std::vector<Parsed> in_pieces(Bytes wire, const RequestLimits& limits, uint32_t seed) {
  Connection connection(limits);
  // Seed 0 is byte by byte; pieces of other seeds have mixed sizes, mostly small.
  while (!wire.empty()) {
    size_t size = 1;
    if (seed != 0) {
      seed = seed * 1664525 + 1013904223;
      size += (seed >> 16) % ((seed >> 28) == 0 ? 512 : 16);
    }
    connection.receive(wire.substr(0, size));
    wire.remove_prefix(std::min(size, wire.size()));
  }
  return connection.parsed();
}

void check_round_trip(const Parsed& one) {
  if (one.status != Status::kRequest) return;
  Connection again{RequestLimits{}};
  again.receive("*" + std::to_string(one.arguments.size()) + "\r\n" + as_resp(one.arguments));
  LEAT_CHECK(again.parsed().size() == 1);
  LEAT_CHECK(again.parsed()[0].arguments == one.arguments);
  LEAT_CHECK(again.parsed()[0].canonical);
}

void check(const RequestLimits& limits, uint32_t seed, Bytes wire) {
  Connection whole(limits);
  whole.receive(wire);
  LEAT_CHECK(in_pieces(wire, limits, seed) == whole.parsed());
  for (const Parsed& one : whole.parsed()) check_round_trip(one);
}

}  // namespace
}  // namespace leat

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size < 2) return 0;
  leat::check(leat::limits_of(bytes[0]), bytes[1],
              {reinterpret_cast<const char*>(bytes) + 2, size - 2});
  return 0;
}
