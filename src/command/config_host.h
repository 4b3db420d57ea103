// ConfigHost: the configuration of the server, as CONFIG reads and changes it.
//
// Thread     called on the reactor thread, from inside a command.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace leat {

class ConfigHost {
 public:
  virtual ~ConfigHost() = default;

  using Pairs = std::vector<std::pair<std::string, std::string>>;
  // Name and value of everything that one of the patterns matches, each once, by name.
  [[nodiscard]] virtual Pairs matching(const std::vector<Bytes>& patterns) const = 0;
  // Sets all or none.
  //   returns  the error text to reply; empty: done.
  [[nodiscard]] virtual std::string set(const std::vector<std::pair<Bytes, Bytes>>& changes) = 0;
  // Writes the configuration to its file.
  //   returns  the error text to reply; empty: done.
  [[nodiscard]] virtual std::string rewrite() = 0;
};

}  // namespace leat
