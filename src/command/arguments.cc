#include "command/arguments.h"

#include "resp/reply_writer.h"

namespace leat {

Bytes Arguments::wire(size_t from, size_t to, ByteBuffer& scratch) const {
  if (request_->canonical) return request_->wire(from, to);
  scratch.clear();
  ReplyWriter writer(scratch, Protocol::kResp2);
  for (size_t i = from; i < to; ++i) writer.bulk(request_->arguments[i]);
  return scratch.view();
}

OwnedRequest::OwnedRequest(const Request& request) {
  render(request.arguments);
}

void OwnedRequest::replace(const std::vector<std::pair<size_t, std::string>>& replacements) {
  if (replacements.empty()) return;
  std::vector<Bytes> words = request_.arguments;
  for (const auto& [i, word] : replacements) words[i] = word;
  const ByteBuffer previous = std::move(wire_);  // The words are views into it.
  wire_ = ByteBuffer();
  render(words);
}

void OwnedRequest::render(const std::vector<Bytes>& words) {
  std::vector<size_t> starts;
  ReplyWriter writer(wire_, Protocol::kResp2);
  for (const Bytes word : words) {
    writer.bulk(word);
    starts.push_back(wire_.size() - 2 - word.size());
  }
  request_.canonical = true;
  request_.arguments.clear();
  request_.arguments.reserve(words.size());
  for (size_t i = 0; i < words.size(); ++i) {
    request_.arguments.emplace_back(wire_.bytes() + starts[i], words[i].size());
  }
}

bool same_word(Bytes a, Bytes b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const auto lower = [](char byte) { return byte >= 'A' && byte <= 'Z' ? byte + 32 : byte; };
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace leat
