// Arguments: one command's words, its own name first, as views that live until the command returns.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "resp/request_parser.h"

namespace leat {

class Arguments {
 public:
  explicit Arguments(const Request& request) : request_(&request) {}

  [[nodiscard]] size_t size() const { return request_->arguments.size(); }
  [[nodiscard]] Bytes operator[](size_t i) const { return request_->arguments[i]; }
  [[nodiscard]] const Request& request() const { return *request_; }
  // The wire form (RESP bulk strings, back to back) of words [from, to), from < to; rendered into
  // `scratch` when the client did not send it in that form.
  [[nodiscard]] Bytes wire(size_t from, size_t to, ByteBuffer& scratch) const;

 private:
  const Request* request_;
};

// A request that outlives the bytes it came in: queued by MULTI or parked. Canonical.
class OwnedRequest {
 public:
  explicit OwnedRequest(const Request& request);
  OwnedRequest(OwnedRequest&&) noexcept = default;
  OwnedRequest& operator=(OwnedRequest&&) noexcept = default;

  [[nodiscard]] const Request& request() const { return request_; }
  [[nodiscard]] size_t bytes() const { return wire_.size(); }
  // What it holds: of many short words that is a multiple of their bytes.
  [[nodiscard]] size_t memory() const {
    constexpr size_t kTwoAllocations = 32;
    return sizeof *this + kTwoAllocations + wire_.capacity() +
           request_.arguments.capacity() * sizeof(Bytes);
  }
  // Replaces words, each by its index. O(request) once, however many they are.
  void replace(const std::vector<std::pair<size_t, std::string>>& replacements);

 private:
  void render(const std::vector<Bytes>& words);

  ByteBuffer wire_;
  Request request_;
};

// Case-insensitive comparison with an upper- or lower-case ASCII word.
[[nodiscard]] bool same_word(Bytes a, Bytes b);

}  // namespace leat
