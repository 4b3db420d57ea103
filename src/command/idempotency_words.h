// The words of idempotent producers: IDMP and IDMPAUTO of XADD, IDMP-DURATION and IDMP-MAXSIZE of XCFGSET.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "command/context.h"
#include "model/idempotency.h"

namespace leat {

// IDMP <producer> <iid> | IDMPAUTO <producer>, of one XADD.
class IdempotencyWords {
 public:
  enum class Read : uint8_t { kNotMine, kTaken, kFailed };
  // Looks at words[i]; when it is an option of ours, takes it and its values and moves `i` behind them.
  // kFailed: the error has been replied.
  Read read(Context& context, const Arguments& words, size_t& i);
  [[nodiscard]] bool given() const { return !producer_.empty(); }
  // Lent by the words that were read.
  [[nodiscard]] Bytes producer() const { return producer_; }
  // The iid: that of IDMP, or for IDMPAUTO a hash of the entry's fields and values, which are words[first_field] and on.
  // Lent until the next call.
  [[nodiscard]] Bytes iid(const Arguments& words, size_t first_field);

 private:
  Bytes producer_;
  Bytes iid_;  // Empty: IDMPAUTO.
  std::string hash_;
};

// IDMP-DURATION seconds | IDMP-MAXSIZE n, of one XCFGSET.
class IdempotencyLimitWords {
 public:
  enum class Read : uint8_t { kNotMine, kTaken, kFailed };
  // Takes the option `name`, in any case, with its value. kFailed: the error has been replied.
  Read read(Context& context, Bytes name, Bytes value);
  [[nodiscard]] bool any() const { return duration_ || size_; }
  // `base` with what has been said.
  [[nodiscard]] IdempotencyLimits over(IdempotencyLimits base) const;

 private:
  std::optional<uint64_t> duration_;
  std::optional<uint64_t> size_;
};

// What the stream has, or the default ones.
[[nodiscard]] IdempotencyLimits idempotency_limits(const Stream& stream);

}  // namespace leat
