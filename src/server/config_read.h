// Reading the configuration: files, and the words behind `leat serve`.
//
//   leat serve [file] [--name value ...]
//
// The command line is read after the file, whatever the order, so that it has the last word. A file has
// one directive per line: name, white space, words, quoted like inline commands where needed; `#` starts a
// comment line; `include path` reads another file (a pattern: all that match, in order) in its place.
//
// Source     redis.conf of Redis 7.2, its first comment; command lines compared with redis-server 7.0.15
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/io.h"
#include "server/config_values.h"

namespace leat {

struct ReadConfig {
  ConfigValues values;
  std::string file;  // The absolute path of the file; empty: none.
};

// `args` is what stands behind `serve`. `working_directory` is absolute: relative paths of files and `dir`
// are below it.
//   errors  kInvalid: one sentence that names file and line, or the option.
[[nodiscard]] Result<ReadConfig> read_config(std::span<const std::string_view> args, io::Disk& disk,
                                             const std::string& working_directory);

// The text of a configuration file.
[[nodiscard]] Result<std::string> read_config_text(io::Disk& disk, const std::string& path);

// Names of directives that were set and have no effect here, joined by ", ".
[[nodiscard]] std::string ignored_names(const ConfigValues& values);

// The text of a configuration file that says what `values` says: `previous` with its lines replaced where a
// value has changed, and what is missing appended. What stands in included files is left to them.
[[nodiscard]] std::string rewritten_config(const std::string& previous, const ConfigValues& values);

// A value as a line of a file has it: quoted where it must be.
[[nodiscard]] std::string quoted_word(Bytes word);

}  // namespace leat
