#include "bench/server_cpu.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <fmt/format.h>

namespace leat::bench {
namespace {

std::optional<std::string> file_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

std::optional<uint64_t> parse_schedstat(std::string_view text) {
  uint64_t run_ns = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), run_ns);
  if (error != std::errc() || end == text.data() + text.size() || *end != ' ') return std::nullopt;
  return run_ns;
}

std::optional<uint64_t> cpu_ns(pid_t pid) {
  std::error_code error;
  std::filesystem::directory_iterator task(fmt::format("/proc/{}/task", pid), error);
  if (error) return std::nullopt;
  uint64_t total = 0;
  for (; task != std::filesystem::directory_iterator(); task.increment(error)) {
    const auto text = file_text(task->path() / "schedstat");
    if (!text) continue;  // The thread ended between the listing and now.
    const auto run_ns = parse_schedstat(*text);
    if (!run_ns) return std::nullopt;
    total += *run_ns;
  }
  return total;
}

std::optional<uint64_t> resident_bytes(pid_t pid) {
  const auto text = file_text(fmt::format("/proc/{}/status", pid));
  if (!text) return std::nullopt;
  const size_t at = text->find("VmRSS:");
  if (at == std::string::npos) return std::nullopt;
  const size_t digits = text->find_first_of("0123456789", at);
  if (digits == std::string::npos) return std::nullopt;
  uint64_t kilobytes = 0;
  const auto [end, error] =
      std::from_chars(text->data() + digits, text->data() + text->size(), kilobytes);
  if (error != std::errc()) return std::nullopt;
  return kilobytes * 1024;
}

double load_average() {
  std::ifstream file("/proc/loadavg");
  double load = 0;
  file >> load;
  return file ? load : 0;
}

}  // namespace leat::bench
