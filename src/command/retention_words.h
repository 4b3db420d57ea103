// The words of a retention policy, as XCFGSET and the directive stream-retention have them:
//
//   MAXLEN n | MAXAGE duration | MAXBYTES n | RETAIN UNACKED|ANY | WHENFULL TRIM|REJECT
//
// A duration is a number of milliseconds, or has the unit ms, s, m, h, d or w; bytes have the units of the
// configuration. 0 turns a limit off.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "command/host.h"
#include "model/retention.h"

namespace leat {

// Options of one policy, gathered pair by pair.
class RetentionWords {
 public:
  enum class Read : uint8_t { kNotMine, kTaken, kWrong };
  // Takes the option `name`, in any case, with its value.
  //   returns  kWrong: problem() says what is wrong with it.
  Read read(Bytes name, Bytes value);
  // Without a code in front.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] bool any() const { return seen_ != 0; }
  // `base` with what has been said.
  [[nodiscard]] Retention over(Retention base) const;

 private:
  Retention said_;
  unsigned seen_ = 0;  // A bit per option.
  std::string problem_;
};

// Reads any number of `<pattern> <option> <value> [...]`, one behind the other. A word where an option may stand and
// that is none is the next pattern.
//   returns  what is wrong; empty: nothing.
[[nodiscard]] std::string read_retention_rules(const std::vector<Bytes>& words,
                                               std::vector<RetentionRule>& rules);
// The policy as the words that read_retention_rules() takes.
[[nodiscard]] std::string retention_text(const Retention& policy);

// The policy of a stream that is created under `key`: that of the last rule that matches.
[[nodiscard]] Retention default_retention(const Settings& settings, Bytes key);

}  // namespace leat
