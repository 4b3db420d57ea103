#include "base/crash_points.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include <fmt/format.h>

#include "base/numbers.h"

namespace leat {
namespace {

constexpr bool rows_match_enumerators() {
  for (size_t i = 0; i < kCrashPoints.size(); ++i) {
    if (static_cast<size_t>(kCrashPoints[i].point) != i + 1) return false;
  }
  return kCrashPoints.back().point == CrashPoint::kCopyFinished;
}
static_assert(rows_match_enumerators(), "a row for each point, in order");

struct Switch {
  std::atomic<CrashPoint> point = CrashPoint::kNone;
  std::atomic<uint64_t> hits_left = 0;
  std::atomic<bool> unlocked = false;
};

Switch& the_switch() {
  static Switch one;
  return one;
}

}  // namespace

void armed_crash_point(CrashPoint point) {
  Switch& armed = the_switch();
  if (point == CrashPoint::kNone || point != armed.point.load()) return;
  if (armed.hits_left.fetch_sub(1) != 1) return;
  std::raise(SIGKILL);
  std::abort();  // Not reached: nothing survives the signal.
}

Status arm_crash_point(Bytes text) {
  const size_t colon = text.find(':');
  const Bytes name = text.substr(0, colon);
  const auto* const row = std::ranges::find(kCrashPoints, name, &CrashPointRow::name);
  const std::optional<uint64_t> hits =
      colon == Bytes::npos ? 1 : parse_uint64(text.substr(colon + 1));
  if (row == kCrashPoints.end() || hits.value_or(0) == 0) {
    return Error{Errc::kInvalid,
                 fmt::format("{} is no crash point; leat --crash-points lists them", text)};
  }
  crash_point_armed = false;
  the_switch().point = row->point;
  the_switch().hits_left = *hits;
  crash_point_armed = true;
  return {};
}

Status unlock_crash_points(Bytes text) {
  if (text != "later") {
    if (Status armed = arm_crash_point(text); !armed.ok()) return armed;
  }
  the_switch().unlocked = true;
  return {};
}

bool crash_points_unlocked() {
  return the_switch().unlocked;
}

}  // namespace leat
