#include "command/idempotency_words.h"

#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "base/hash.h"
#include "command/stream_words.h"

namespace leat {
namespace {

// The fields with their values in any order have one hash; what is a field and what a value, and where one ends, counts.
// Source: redis.io/docs/latest/commands/xadd, IDMPAUTO; the bytes are those of Redis 8.6, as payloads of DUMP hold them.
std::string content_hash(const Arguments& words, size_t first_field) {
  Hash128 sum;
  Hash128 mixed;
  std::string pair;
  for (size_t i = first_field; i + 1 < words.size(); i += 2) {
    const uint64_t size = words[i].size();
    pair.assign(words[i]);
    pair.append(reinterpret_cast<const char*>(&size), sizeof(size));
    pair.append(words[i + 1]);
    const Hash128 hash = hash128(pair);
    sum.low += hash.low;
    sum.high += hash.high;
    mixed.low ^= hash.low;
    mixed.high ^= hash.high;
  }
  const uint64_t halves[] = {sum.low ^ std::rotl(mixed.high, 1),
                             sum.high ^ std::rotl(mixed.low, 1)};
  std::string bytes(sizeof(halves), '\0');
  std::memcpy(bytes.data(), halves, sizeof(halves));
  return bytes;
}

// Whether the value was within 1 to `most`. False after the error has been replied.
bool read_limit(Context& context, Bytes name, Bytes unit, Bytes value, uint64_t most,
                std::optional<uint64_t>& limit) {
  if (limit) {
    context.error(fmt::format("ERR {} specified multiple times", name));
    return false;
  }
  int64_t number = 0;
  if (!read_integer(context, value, number)) return false;
  if (number < 1 || static_cast<uint64_t>(number) > most) {
    context.error(fmt::format("ERR {} must be between 1 and {} {}", name, most, unit));
    return false;
  }
  limit = static_cast<uint64_t>(number);
  return true;
}

}  // namespace

IdempotencyWords::Read IdempotencyWords::read(Context& context, const Arguments& words, size_t& i) {
  const bool automatic = same_word(words[i], "idmpauto");
  if (!automatic && !same_word(words[i], "idmp")) return Read::kNotMine;
  const size_t values = automatic ? 1 : 2;
  if (i + values >= words.size()) return Read::kNotMine;
  if (given()) {
    context.error("ERR syntax error, IDMP/IDMPAUTO specified multiple times");
    return Read::kFailed;
  }
  if (words[i + 1].empty()) {
    context.error(automatic ? "ERR syntax error, IDMPAUTO requires a non-empty producer ID"
                            : "ERR syntax error, IDMP requires a non-empty producer ID");
    return Read::kFailed;
  }
  if (!automatic && words[i + 2].empty()) {
    context.error("ERR syntax error, IDMP requires a non-empty idempotent ID");
    return Read::kFailed;
  }
  producer_ = words[i + 1];
  if (!automatic) iid_ = words[i + 2];
  i += values + 1;
  return Read::kTaken;
}

Bytes IdempotencyWords::iid(const Arguments& words, size_t first_field) {
  if (!iid_.empty()) return iid_;
  hash_ = content_hash(words, first_field);
  return hash_;
}

IdempotencyLimitWords::Read IdempotencyLimitWords::read(Context& context, Bytes name, Bytes value) {
  bool good = false;
  if (same_word(name, "idmp-duration")) {
    good =
        read_limit(context, "IDMP-DURATION", "seconds", value, kIdempotencyDurationMax, duration_);
  } else if (same_word(name, "idmp-maxsize")) {
    good = read_limit(context, "IDMP-MAXSIZE", "entries", value, kIdempotencySizeMax, size_);
  } else {
    return Read::kNotMine;
  }
  return good ? Read::kTaken : Read::kFailed;
}

IdempotencyLimits IdempotencyLimitWords::over(IdempotencyLimits base) const {
  return {.duration_s = duration_.value_or(base.duration_s),
          .size_max = size_.value_or(base.size_max)};
}

IdempotencyLimits idempotency_limits(const Stream& stream) {
  return stream.idempotency() == nullptr ? IdempotencyLimits{} : stream.idempotency()->limits();
}

}  // namespace leat
