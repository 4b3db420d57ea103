// ConfigValues: the value of every directive, as the text that CONFIG GET shows.
//
// Contract   a text that set() has taken is valid for its directive and in its one normal form: memory as
//            a number of bytes, choices in lower case, words joined by single spaces.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "server/config_directives.h"

namespace leat {

class ConfigValues {
 public:
  ConfigValues();  // The defaults.

  // What was wrong with a value, as CONFIG SET says it; empty: nothing. Then it is set.
  [[nodiscard]] std::string set(const Directive& directive, Bytes text);
  // The same for a line of a file: one that may come several times adds to what the lines before it said.
  [[nodiscard]] std::string add(const Directive& directive, Bytes text);

  [[nodiscard]] const std::string& text(Bytes name) const;
  [[nodiscard]] const std::string& text(const Directive& directive) const {
    return texts_[index_of(directive)];
  }
  [[nodiscard]] int64_t integer(Bytes name) const;
  [[nodiscard]] uint64_t memory(Bytes name) const;
  [[nodiscard]] bool flag(Bytes name) const { return text(name) == "yes"; }
  // Somebody has set it, to whatever value.
  [[nodiscard]] bool given(const Directive& directive) const { return given_[index_of(directive)]; }

 private:
  std::vector<std::string> texts_;
  std::vector<bool> given_;
};

// Words of a value, split at white space.
[[nodiscard]] std::vector<Bytes> words_of(Bytes text);

}  // namespace leat
