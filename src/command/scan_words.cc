#include "command/scan_words.h"

#include <charconv>

#include "base/numbers.h"

namespace leat {
namespace {

// One call looks at no more than this, whatever COUNT says: a turn stays short and the reply bounded.
constexpr int64_t kCountMax = 100'000;

}  // namespace

bool read_scan_words(Context& context, const Arguments& words, size_t at, ScanFor scan,
                     ScanWords& asked) {
  const Bytes cursor = words[at];
  const auto [stop, error] =
      std::from_chars(cursor.data(), cursor.data() + cursor.size(), asked.cursor);
  if (error != std::errc() || stop != cursor.data() + cursor.size()) {
    context.error("ERR invalid cursor");
    return false;
  }
  for (size_t i = at + 1; i < words.size(); i += 2) {
    const bool has_value = i + 1 < words.size();
    if (has_value && same_word(words[i], "count")) {
      const auto count = parse_int64(words[i + 1]);
      if (!count || *count < 1) {
        context.error(count ? kErrSyntax : kErrNotInteger);
        return false;
      }
      asked.count = static_cast<size_t>(std::min(*count, kCountMax));
    } else if (has_value && same_word(words[i], "match")) {
      asked.pattern = words[i + 1];
    } else if (has_value && scan == ScanFor::kKeys && same_word(words[i], "type")) {
      asked.type = words[i + 1];
    } else {
      context.error(kErrSyntax);
      return false;
    }
  }
  return true;
}

void reply_cursor(ReplyWriter& reply, uint64_t next) {
  char text[kDecimalBytesMax];
  reply.array(2);
  reply.bulk(Bytes(text, static_cast<size_t>(put_decimal(text, next) - text)));
}

}  // namespace leat
