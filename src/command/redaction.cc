#include "command/redaction.h"

#include <algorithm>

#include "command/arguments.h"

namespace leat {
namespace {

constexpr Bytes kRedacted = "(redacted)";

// The words of AUTH in HELLO: user and password follow it.
void redact_hello(std::vector<Bytes>& words) {
  for (size_t i = 1; i < words.size(); ++i) {
    if (!same_word(words[i], "auth")) continue;
    for (size_t secret = i + 1; secret < std::min(i + 3, words.size()); ++secret) {
      words[secret] = kRedacted;
    }
    return;
  }
}

bool is_secret_directive(Bytes name) {
  return same_word(name, "requirepass") || same_word(name, "masterauth") ||
         same_word(name, "masteruser") || same_word(name, "tls-key-file-pass") ||
         same_word(name, "tls-client-key-file-pass");
}

}  // namespace

std::vector<Bytes> shown_words(const Request& request) {
  std::vector<Bytes> words = request.arguments;
  if (same_word(words[0], "auth")) {
    std::fill(words.begin() + 1, words.end(), kRedacted);
  } else if (same_word(words[0], "hello")) {
    redact_hello(words);
  } else if (words.size() > 2 && same_word(words[0], "config") && same_word(words[1], "set")) {
    for (size_t i = 2; i + 1 < words.size(); i += 2) {
      if (is_secret_directive(words[i])) words[i + 1] = kRedacted;
    }
  }
  return words;
}

}  // namespace leat
