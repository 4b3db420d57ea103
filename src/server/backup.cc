// `leat backup` and `leat restore`: copies of a data directory.
#include "storage/backup.h"

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/numbers.h"
#include "io/posix_disk.h"
#include "server/check_directory.h"
#include "server/serve.h"

namespace leat {
namespace {

constexpr std::string_view kBackupUsage =
    "leat backup DIR TARGET\n\n"
    "Makes a backup of the data in DIR, on which a server may run meanwhile, in the directory "
    "TARGET, which is\n"
    "made. The backup holds everything that was acknowledged before it began. Files that never "
    "change again are\n"
    "linked where TARGET is on the same file system, else copied. The backup is verified as `leat "
    "check` does.\n"
    "Exit status 0: the backup is complete; 1: it is not, and why; 2: usage.\n";

constexpr std::string_view kRestoreUsage =
    "leat restore BACKUP DIR [--until-lsn N | --until-time T]\n\n"
    "Copies a backup into the directory DIR, which is made; start a server with --dir DIR on it. "
    "The backup stays as\n"
    "it is.\n\n"
    "  --until-lsn N    up to record N, or the end of the change before it, if N is within one\n"
    "  --until-time T   up to the first batch that was written after T: Unix time in milliseconds, "
    "or UTC as in\n"
    "                   2026-11-28T14:30:00Z\n\n"
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
  constexpr double kMegabyte = 1e6;
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / kMegabyte);
}

// Unix time in ms as UTC.
std::string time_in_words(WallMs wall) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds(wall.value)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(time - day));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

// Milliseconds since 1970, or 2026-11-28T14:30:00Z.
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
  const int found = std::sscanf(line.c_str(), "%4d-%2u-%2uT%2d:%2d:%2dZ%n", &year, &month, &day,
                                &hour, &minute, &second, &used);
  using namespace std::chrono;
  const year_month_day date{std::chrono::year(year), std::chrono::month(month),
                            std::chrono::day(day)};
  const bool valid = found == 6 && used == static_cast<int>(line.size()) && date.ok() &&
                     hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 &&
                     second < 60;
  if (!valid) return std::nullopt;
  const auto time = sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
  return WallMs{duration_cast<milliseconds>(time.time_since_epoch()).count()};
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

}  // namespace

int backup_main(std::span<const std::string_view> args) {
  if (args.size() != 2 || args[0].starts_with("-") || args[1].starts_with("-")) {
    return usage(kBackupUsage, args);
  }
  io::PosixDisk disk;
  const std::string target(args[1]);
  const auto made = make_backup(disk, std::string(args[0]), target);
  if (!made.ok()) return failed(made.error().detail);
  if (const int status = verify(disk, target); status != 0) return status;
  const CopyFacts& facts = made.value();
  fmt::print("{}: {}\n{} files linked ({}), {} copied ({})\n", target, extent_in_words(facts),
             facts.linked_files, size_in_words(facts.linked_bytes), facts.copied_files,
             size_in_words(facts.copied_bytes));
  return 0;
}

int restore_main(std::span<const std::string_view> args) {
  RestorePoint until;
  if (args.size() < 2 || args[0].starts_with("-") || args[1].starts_with("-") ||
      !read_point(args.subspan(2), until)) {
    return usage(kRestoreUsage, args);
  }
  io::PosixDisk disk;
  const std::string target(args[1]);
  const auto made = restore_backup(disk, std::string(args[0]), target, until);
  if (!made.ok()) return failed(made.error().detail);
  if (const int status = verify(disk, target); status != 0) return status;
  fmt::print("{}: {}\n", target, extent_in_words(made.value()));
  return 0;
}

}  // namespace leat
