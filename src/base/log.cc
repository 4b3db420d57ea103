#include "base/log.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace leat {
namespace {

constexpr const char* kPattern = "%P:M %d %b %Y %H:%M:%S.%e %v";
constexpr const char* kMarks = ".-*# ";  // One for each LogLevel.

bool is_control(char c) {
  return (c >= 0 && c < ' ') || c == '\x7f';
}

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    spdlog::logger created("leat", std::make_shared<spdlog::sinks::stdout_sink_mt>());
    created.set_pattern(kPattern);
    created.flush_on(spdlog::level::trace);
    return created;
  }();
  return instance;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::trace;
    case LogLevel::kVerbose:
      return spdlog::level::debug;
    case LogLevel::kNotice:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kNothing:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

char mark(LogLevel level) {
  return kMarks[static_cast<int>(level)];
}

}  // namespace

bool open_log(const std::string& path, LogLevel level) {
  if (path.empty()) {
    logger().sinks() = {std::make_shared<spdlog::sinks::stdout_sink_mt>()};
  } else {
    // The sink would abort on a file that cannot be opened.
    std::FILE* const probe = std::fopen(path.c_str(), "ab");
    if (probe == nullptr) return false;
    std::fclose(probe);
    logger().sinks() = {std::make_shared<spdlog::sinks::basic_file_sink_mt>(path)};
  }
  logger().set_pattern(kPattern);
  set_log_level(level);
  return true;
}

void set_log_level(LogLevel level) {
  logger().set_level(spdlog_level(level));
}

bool log_enabled(LogLevel level) {
  return logger().should_log(spdlog_level(level));
}

void write_log(LogLevel level, std::string_view text) {
  if (std::any_of(text.begin(), text.end(), is_control)) {
    std::string clean(text);
    std::replace_if(clean.begin(), clean.end(), is_control, ' ');
    logger().log(spdlog_level(level), "{} {}", mark(level), clean);
  } else {
    logger().log(spdlog_level(level), "{} {}", mark(level), text);
  }
}

}  // namespace leat
