// Crash points: the named steps of everything that changes the files of a data directory. Tests let the process die at
// each of them (docs/adr/0016).
//
// Contract   crash_point(p) stands right behind the step that p names, and does nothing unless p has been armed. The hit that was
//            asked for ends the process by SIGKILL: nothing is flushed, closed or told to anybody any more.
// Complete   every call that creates, writes, renames, links or removes such a file while the disk works is followed by one.
//            What removes the rest of a step that the disk has refused is not: tests with a disk that fails go there.
// Thread     any.
// Cost       one load and one branch that is not taken.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace leat {

enum class CrashPoint : uint8_t {
  kNone,  // A step without a name.
  kBatchWritten,
  kBatchSynced,
  kSegmentCreated,
  kSegmentFilled,
  kSegmentPrepared,
  kSegmentZeroed,
  kSegmentOpened,
  kSegmentNamed,
  kSegmentDropped,
  kSegmentRemoved,
  kCheckpointCreated,
  kCheckpointChunkWritten,
  kCheckpointChunkSynced,
  kCheckpointEndWritten,
  kCheckpointEndSynced,
  kCheckpointRemoved,
  kManifestWritten,
  kManifestRenamed,
  kManifestPublished,
  kSealCreated,
  kSealWritten,
  kSealSynced,
  kFramesCleaned,
  kFramesRemoved,
  kStartSuperblockWritten,
  kStartSuperblockRenamed,
  kStartSegmentCreated,
  kStartSegmentFilled,
  kStartSegmentOpened,
  kStartSegmentRemoved,
  kStartHeaderWritten,
  kStartTailCut,
  kStartEpochWritten,
  kStartFramesRemoved,
  kStopMarkerWritten,
  kStopCheckpointRemoved,
  kStopSuperblockWritten,
  kBackupLinked,
  kBackupLinksSynced,
  kBackupRemoved,
  kCopyDirectoryMade,
  kCopyCreated,
  kCopyWritten,
  kCopySynced,
  kCopySuperblockWritten,
  kCopySuperblockRenamed,
  kCopyFinished,
};

struct CrashPointRow {
  CrashPoint point;
  // "<what happens>.<step>"; the part before the dot says what a test has to do to get there.
  Bytes name;
  Bytes step;
};

// All of them, in the order of the enumerators.
inline constexpr std::array kCrashPoints = std::to_array<CrashPointRow>({
    {CrashPoint::kBatchWritten, "batch.written", "a batch of the log"},
    {CrashPoint::kBatchSynced, "batch.synced", "and its sync has returned"},
    {CrashPoint::kSegmentCreated, "segment.created", "the next segment has a name"},
    {CrashPoint::kSegmentFilled, "segment.filled", "and its length"},
    {CrashPoint::kSegmentPrepared, "segment.prepared", "and its name is durable"},
    {CrashPoint::kSegmentZeroed, "segment.zeroed", "a piece of it was overwritten with zeros"},
    {CrashPoint::kSegmentOpened, "segment.opened", "its header was written"},
    {CrashPoint::kSegmentNamed, "segment.named", "the superblock names it"},
    {CrashPoint::kSegmentDropped, "segment.dropped", "one that was too small was removed"},
    {CrashPoint::kSegmentRemoved, "segment.removed", "one before the checkpoint was removed"},
    {CrashPoint::kCheckpointCreated, "checkpoint.created", "the file has a name"},
    {CrashPoint::kCheckpointChunkWritten, "checkpoint.chunk-written", "a chunk"},
    {CrashPoint::kCheckpointChunkSynced, "checkpoint.chunk-synced", "and its sync has returned"},
    {CrashPoint::kCheckpointEndWritten, "checkpoint.end-written", "the end chunk"},
    {CrashPoint::kCheckpointEndSynced, "checkpoint.end-synced", "and its sync has returned"},
    {CrashPoint::kCheckpointRemoved, "checkpoint.removed", "a file that no manifest names"},
    {CrashPoint::kManifestWritten, "manifest.written", "beside the one that counts"},
    {CrashPoint::kManifestRenamed, "manifest.renamed", "now it counts"},
    {CrashPoint::kManifestPublished, "manifest.published", "and its name is durable"},
    {CrashPoint::kSealCreated, "seal.created", "a frame file has a name"},
    {CrashPoint::kSealWritten, "seal.written", "a frame was written"},
    {CrashPoint::kSealSynced, "seal.synced", "frames are durable"},
    {CrashPoint::kFramesCleaned, "frames.cleaned", "a living frame of a file that is mostly dead"},
    {CrashPoint::kFramesRemoved, "frames.removed", "a file in which nothing lives was removed"},
    {CrashPoint::kStartSuperblockWritten, "start.superblock-written", "beside its place"},
    {CrashPoint::kStartSuperblockRenamed, "start.superblock-renamed", "now there is a log"},
    {CrashPoint::kStartSegmentCreated, "start.segment-created", "the first one has a name"},
    {CrashPoint::kStartSegmentFilled, "start.segment-filled", "and its length"},
    {CrashPoint::kStartSegmentOpened, "start.segment-opened", "its header was written"},
    {CrashPoint::kStartSegmentRemoved, "start.segment-removed", "one that was not opened"},
    {CrashPoint::kStartHeaderWritten, "start.header-written", "a copy that was damaged"},
    {CrashPoint::kStartTailCut, "start.tail-cut", "zeros over a torn tail"},
    {CrashPoint::kStartEpochWritten, "start.epoch-written", "one copy of the superblock"},
    {CrashPoint::kStartFramesRemoved, "start.frames-removed", "a file that nothing refers to"},
    {CrashPoint::kStopMarkerWritten, "stop.marker-written", "the last batch"},
    {CrashPoint::kStopCheckpointRemoved, "stop.checkpoint-removed", "one that was given up"},
    {CrashPoint::kStopSuperblockWritten, "stop.superblock-written", "it says: closed"},
    {CrashPoint::kBackupLinked, "backup.linked", "a file has a second name"},
    {CrashPoint::kBackupLinksSynced, "backup.links-synced", "all such files are durable"},
    {CrashPoint::kBackupRemoved, "backup.removed", "a file of an attempt that was given up"},
    {CrashPoint::kCopyDirectoryMade, "copy.directory-made", "the target of a backup or restore"},
    {CrashPoint::kCopyCreated, "copy.created", "a file of it has a name"},
    {CrashPoint::kCopyWritten, "copy.written", "and its content"},
    {CrashPoint::kCopySynced, "copy.synced", "and is durable but for its name"},
    {CrashPoint::kCopySuperblockWritten, "copy.superblock-written", "beside its place"},
    {CrashPoint::kCopySuperblockRenamed, "copy.superblock-renamed", "now the copy counts"},
    {CrashPoint::kCopyFinished, "copy.finished", "and is durable"},
});

// Something is armed. For crash_point() only.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): the process dies as a whole, and looking is to cost nothing.
inline std::atomic<bool> crash_point_armed = false;
// For crash_point() only.
void armed_crash_point(CrashPoint point);

inline void crash_point(CrashPoint point) {
  if (crash_point_armed.load(std::memory_order_relaxed)) [[unlikely]]
    armed_crash_point(point);
}

// Lets the process die at a point: "name", or "name:n" for the n-th hit from now on. Replaces what was armed before.
//   errors  kInvalid: there is no such point; nothing has changed.
Status arm_crash_point(Bytes text);

// What the environment variable LEAT_CRASH_POINT says, at the start of a program: as for arm_crash_point(), or "later".
// Without it the switch is locked, and DEBUG CRASH-POINT refused.
Status unlock_crash_points(Bytes text);
[[nodiscard]] bool crash_points_unlocked();

}  // namespace leat
