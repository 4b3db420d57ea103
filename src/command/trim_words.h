// The trimming options that XADD and XTRIM share, and the trimming itself.
#pragma once

#include <cstdint>
#include <optional>

#include "command/context.h"
#include "engine/stream_plan.h"
#include "model/stream_id.h"

namespace leat {

// KEEPREF, DELREF or ACKED.
[[nodiscard]] std::optional<References> references_of(Bytes word);

// The trimming options of XADD and XTRIM, gathered word by word and checked at the end.
class TrimWords {
 public:
  enum class Read : uint8_t { kNotMine, kTaken, kFailed };
  // Looks at words[i]; when it is an option of ours, takes it and its values and moves `i` behind them.
  // kFailed: the error has been replied.
  Read read(Context& context, const Arguments& words, size_t& i);
  // The checks that need all options; XTRIM demands one that says what to drop. False after the error
  // has been replied.
  enum class Strategy : uint8_t { kOptional, kRequired };
  [[nodiscard]] bool complete(Context& context, Strategy strategy);
  // What to do; nothing when no strategy was given.
  [[nodiscard]] std::optional<Trim> trim(const Settings& settings) const;

 private:
  Read read_threshold(Context& context, const Arguments& words, size_t& i, Trim::By by);

  std::optional<Trim> trim_;
  std::optional<References> references_;
  int64_t limit_ = 0;
  bool limit_given_ = false;
};

// Applies `trim` to the stream; returns how many entries went.
uint64_t trim_stream(Context& context, const Object& object, const Trim& trim);

}  // namespace leat
