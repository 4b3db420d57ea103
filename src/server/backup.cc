// `leat backup` and `leat restore`: copies of a data directory.
#include "storage/backup.h"

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/numbers.h"
#include "io/posix_clock.h"
#include "io/posix_disk.h"
#include "io/process.h"
#include "server/check_directory.h"
#include "server/serve.h"

namespace leat {
namespace {

constexpr std::string_view kBackupUsage =
    "leat backup DIR TARGET [--no-check]\n\n"
    "Makes a backup of the data in DIR, on which a server may run meanwhile, in the directory "
    "TARGET, which is\n"
    "made. The backup holds everything that was acknowledged before it began. Files that never "
    "change again are\n"
    "linked where TARGET is on the same file system, else copied. The backup is then verified as "
    "`leat check` does,\n"
    "which takes as much memory as a server with this data.\n\n"
    "  --no-check       does not verify it: say leat check TARGET later, perhaps elsewhere\n\n"
    "Exit status 0: the backup is complete; 1: it is not, and why; 2: usage.\n";

constexpr std::string_view kRestoreUsage =
    "leat restore BACKUP DIR [--until-lsn N | --until-time T] [--no-check]\n\n"
    "Copies a backup into the directory DIR, which is made; start a server with --dir DIR on it. "
    "The backup stays as\n"
    "it is.\n\n"
    "  --until-lsn N    up to record N, or the end of the change before it, if N is within one\n"
    "  --until-time T   up to the first batch that was written after T: Unix time in milliseconds, "
    "or UTC as in\n"
    "                   2026-11-28T14:30:00Z or 2026-11-28T14:30:00.250Z\n"
    "  --no-check       does not verify DIR: the server that starts on it does\n\n"
    "The point must lie between the backup's checkpoint and its end.\n"
    "Exit status 0: DIR is complete; 1: it is not, and why; 2: usage.\n";

int usage(std::string_view text, std::span<const std::string_view> args) {
  const bool asked = args.size() == 1 && (args[0] == "--help" || args[0] == "-h");
  std::fputs(std::string(text).c_str(), asked ? stdout : stderr);
  return asked ? 0 : 2;
}

int failed(const std::string& why) {
  std::fprintf(stderr, "leat: %s\n", why.c_str());
  return 1;
}

std::string size_in_words(uint64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / kMegabyte);
}

// Unix time in ms as UTC, as parse_time() takes it.
std::string time_in_words(WallMs wall) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{
      std::chrono::milliseconds(wall.value)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

// Milliseconds since 1970, 2026-11-28T14:30:00Z or 2026-11-28T14:30:00.250Z.
std::optional<WallMs> parse_time(std::string_view text) {
  if (const auto ms = parse_int64(text); ms && *ms >= 0) return WallMs{*ms};
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int used = 0;
  const std::string line(text);
  const int found = std::sscanf(line.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d%n", &year, &month, &day,
                                &hour, &minute, &second, &used);
  std::string_view rest = found == 6 ? text.substr(static_cast<size_t>(used)) : text;
  int64_t ms = 0;
  constexpr size_t kFraction = 4;  // ".250"
  if (rest.size() > kFraction && rest[0] == '.') {
    if (rest.find_first_not_of("0123456789", 1) != kFraction) return std::nullopt;
    for (const char digit : rest.substr(1, kFraction - 1)) ms = ms * 10 + (digit - '0');
    rest.remove_prefix(kFraction);
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  const bool valid = found == 6 && rest == "Z" && date.ok() && hour >= 0 && hour < 24 &&
                     minute >= 0 && minute < 60 && second >= 0 && second < 60;
  if (!valid) return std::nullopt;
  constexpr int64_t kMsPerSecond = 1000;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return WallMs{(((days * 24 + hour) * 60 + minute) * 60 + second) * kMsPerSecond + ms};
}

// Reads what was made, as a start would.
int verify(io::Disk& disk, const std::string& directory) {
  const auto checked = check_directory(disk, directory);
  if (!checked.ok()) return failed(checked.error().detail);
  for (const CheckFinding& finding : checked.value().findings) {
    fmt::print("{}: {}\n", finding.damage ? "damage" : "note", finding.text);
    if (finding.damage) return failed(directory + " is damaged, and can not be relied on");
  }
  return 0;
}

std::string extent_in_words(const CopyFacts& facts) {
  const std::string base =
      facts.checkpoint.value == 0
          ? std::string("from the first record")
          : fmt::format("a checkpoint at record {}, and the log", facts.checkpoint.value);
  if (facts.last_wall.value == 0) return "nothing has been written yet";
  return fmt::format("{} up to record {} ({})", base, facts.last.value,
                     time_in_words(facts.last_wall));
}

// The options of restore; false when they are not understood.
bool read_point(std::span<const std::string_view> args, RestorePoint& until) {
  if (args.empty()) return true;
  if (args.size() != 2) return false;
  if (args[0] == "--until-lsn") {
    const auto lsn = parse_uint64(args[1]);
    if (lsn) until.lsn = Lsn{*lsn};
    return lsn.has_value();
  }
  if (args[0] == "--until-time") {
    const auto wall = parse_time(args[1]);
    if (wall) until.wall = *wall;
    return wall.has_value();
  }
  return false;
}

// Takes --no-check out of `args`; true when it was there.
bool take_no_check(std::vector<std::string_view>& args) {
  return std::erase(args, "--no-check") != 0;
}

bool are_paths(std::span<const std::string_view> args) {
  return args.size() >= 2 && !args[0].starts_with("-") && !args[1].starts_with("-");
}

// A server that writes while it is read makes a copy without sense; only a backup allows for it.
Status no_server_on(io::Disk& disk, const std::string& directory) {
  if (!disk.exists(directory + "/" + io::kLockFileName)) return {};
  const auto lock = disk.lock_directory(directory);
  if (lock.ok() || lock.error().code != Errc::kUnavailable) return {};
  return Error{Errc::kUnavailable,
               lock.error().detail + "; make a backup of it with leat backup, and restore that"};
}

}  // namespace

int backup_main(std::span<const std::string_view> given) {
  std::vector<std::string_view> args(given.begin(), given.end());
  const bool unchecked = take_no_check(args);
  if (args.size() != 2 || !are_paths(args)) return usage(kBackupUsage, given);
  // Where nothing can be linked all files are open at once.
  constexpr uint64_t kOpenFiles = 1 << 16;
  io::raise_open_files(kOpenFiles);
  io::PosixDisk disk;
  const std::string target(args[1]);
  const auto made = make_backup(disk, std::string(args[0]), target);
  if (!made.ok()) return failed(made.error().detail);
  if (const int status = unchecked ? 0 : verify(disk, target); status != 0) return status;
  const CopyFacts& facts = made.value();
  fmt::print("{}: {}\n{} files linked ({}), {} copied ({})\n", target, extent_in_words(facts),
             facts.linked_files, size_in_words(facts.linked_bytes), facts.copied_files,
             size_in_words(facts.copied_bytes));
  return 0;
}

int restore_main(std::span<const std::string_view> given) {
  std::vector<std::string_view> args(given.begin(), given.end());
  const bool unchecked = take_no_check(args);
  RestorePoint until;
  if (!are_paths(args) || !read_point(std::span(args).subspan(2), until))
    return usage(kRestoreUsage, given);
  io::PosixDisk disk;
  io::PosixRandom random;
  const std::string backup(args[0]);
  const std::string target(args[1]);
  if (const Status status = no_server_on(disk, backup); !status.ok())
    return failed(status.error().detail);
  const auto made = restore_backup(disk, random, backup, target, until);
  if (!made.ok()) return failed(made.error().detail);
  if (const int status = unchecked ? 0 : verify(disk, target); status != 0) return status;
  fmt::print("{}: {}\n", target, extent_in_words(made.value()));
  return 0;
}

}  // namespace leat
