// What the benchmark understands of RESP2: where a value ends, whether it is an error, and the few
// things it has to look up inside a reply.
//
// It is not the server's parser on purpose: a yardstick that shares code with what it measures
// shares its mistakes, and it must cost the client core as little as possible.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leat::bench {

// Counts whole RESP2 values in a byte stream that may be cut anywhere, without keeping payloads.
// Requests are RESP2 values as well, so the null server counts its requests with it.
//
// Limits  64 KB for a line, 16 levels of arrays; more is a failure, as is an error reply.
class ReplySkipper {
 public:
  // Returns how many top-level values ended within `bytes`. After failed() it returns 0.
  size_t feed(std::string_view bytes);

  [[nodiscard]] bool failed() const { return !failure_.empty(); }
  // The first error reply ("-ERR ..."), or what is wrong with the bytes.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  // True between two values.
  [[nodiscard]] bool idle() const { return depth_ == 0 && skip_ == 0 && line_.empty(); }

 private:
  static constexpr size_t kDepthMax = 16;
  static constexpr size_t kLineMax = size_t{64} * 1024;

  // Both take a part of `bytes`, which are not empty, and return its size.
  size_t take(std::string_view bytes);
  size_t take_part_of_line(std::string_view bytes);
  void take_line(std::string_view line);
  void take_count(char kind, uint64_t count);
  void end_value();
  void fail(std::string why) { failure_ = std::move(why); }

  uint64_t skip_ = 0;  // Bytes of the current bulk string that are still to come, CRLF included.
  size_t depth_ = 0;
  size_t ended_ = 0;
  std::array<uint64_t, kDepthMax> open_{};  // Values still missing in each array around us.
  std::string line_;                        // The begin of a line that was cut.
  std::string failure_;
};

// One entry inside a reply; both views point into the reply.
struct EntryView {
  std::string_view id;
  std::string_view first_value;  // Value of the first field; empty when there is none.
};

// Reads the entries of one complete reply of XREAD or XREADGROUP that names one stream. A null
// reply has none. False when the bytes are not such a reply; `entries` is then not to be used.
bool read_stream_reply(std::string_view reply, std::vector<EntryView>& entries);

// The same for XRANGE and XREVRANGE.
bool read_range_reply(std::string_view reply, std::vector<EntryView>& entries);

// The number of a complete integer reply, the text of a complete bulk or simple string reply.
std::optional<int64_t> integer_of(std::string_view reply);
std::optional<std::string_view> text_of(std::string_view reply);

// The strings of a complete reply that is an array of bulk strings.
std::optional<std::vector<std::string_view>> strings_of(std::string_view reply);

// `name:value` in the text of INFO; nullopt when there is no such line.
std::optional<std::string_view> info_field(std::string_view info, std::string_view name);

// Appends `arguments` to `out` as one request.
void append_request(std::string& out, const std::vector<std::string_view>& arguments);

}  // namespace leat::bench
