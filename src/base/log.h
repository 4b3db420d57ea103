// The server's own log lines: one sentence each, with a level, to standard output or a file.
//
// Contract   a line stays one line: control characters in it become spaces, whoever sent them.
// Thread     safe from any thread, but open_log() belongs to the start, before there are others.
// Format     "pid:role day month year time mark text", the form that tools reading Redis logs know.
#pragma once

#include <string>
#include <string_view>

#include <fmt/core.h>

namespace leat {

enum class LogLevel { kDebug, kVerbose, kNotice, kWarning, kNothing };

// Sends lines of `level` and above to `path`, or to standard output when it is empty.
// Returns false, and leaves the log as it was, if the file cannot be opened.
bool open_log(const std::string& path, LogLevel level);

void set_log_level(LogLevel level);
[[nodiscard]] bool log_enabled(LogLevel level);
void write_log(LogLevel level, std::string_view text);

template <typename... Args>
void log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(level)) write_log(level, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace leat
