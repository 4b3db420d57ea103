#include "storage/frame_files.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "storage/frame_writer.h"

namespace leat {
namespace {

// What one job takes of the queue: a turn is then not spent on each frame, and the first does not wait long for the last.
constexpr size_t kBatchMax = 8;
constexpr int64_t kFileRetryNs = 500 * kNsPerMs;

// A job of the lane that writes. Its owner fills it, hands it over, and takes it back when it has completed.
struct SealWork final : io::DiskWork {
  struct Seal {
    uint64_t token = 0;
    BlockImages images;
    std::optional<FrameRef> existing;  // To be written anew; else `images`.
    Result<FrameRef> outcome = FrameRef();
  };

  explicit SealWork(FrameWriter& frames) : writer(frames) {}
  Status run(io::Disk& disk) override;

  FrameWriter& writer;
  std::vector<Seal> seals;
  bool sync = false;
  std::vector<std::string> removals;

  Status sync_outcome;
  std::vector<uint64_t> doubtful;
  std::vector<std::string> not_removed;  // Why.
};

Status SealWork::run(io::Disk& disk) {
  for (Seal& seal : seals)
    seal.outcome = seal.existing ? writer.append(*seal.existing) : writer.append(seal.images);
  if (sync) sync_outcome = writer.sync();
  doubtful = writer.take_doubtful();
  // Nobody has heard of these yet: they are better written again than rewritten.
  for (Seal& seal : seals) {
    if (seal.outcome.ok() && std::ranges::count(doubtful, seal.outcome.value().file) != 0)
      seal.outcome = Error{Errc::kIo, "the sync of its file has failed"};
  }
  for (const std::string& path : removals) {
    const Status removed = disk.remove(path);
    if (!removed.ok()) not_removed.push_back(removed.error().detail);
    if (removed.ok()) crash_point(CrashPoint::kFramesRemoved);
  }
  return {};
}

// A job of the lane that reads.
struct FetchWork final : io::DiskWork {
  struct Fetch {
    FrameRef frame;
    Result<BlockImages> outcome = BlockImages();
  };

  explicit FetchWork(const FrameHome& frames) : home(frames) {}
  Status run(io::Disk& disk) override {
    for (Fetch& fetch : fetches)
      fetch.outcome = open_frame(disk, home, fetch.frame, bytes, decoder);
    return {};
  }

  const FrameHome& home;
  std::vector<Fetch> fetches;
  ByteBuffer bytes;
  FrameDecoder decoder;
};

}  // namespace

struct FrameFiles::State {
  struct File {
    uint64_t bytes = 0;
    uint64_t live = 0;         // Bytes that the engine refers to.
    bool found = false;        // It is there.
    bool earlier = false;      // Of an earlier run.
    bool named = false;        // By the published checkpoint, or one that perhaps is.
    bool being_named = false;  // By the one being written, or loaded.
    bool doubtful = false;
    FrameRef furthest;  // Until adopt(): of the frames that the checkpoint names.
  };

  State(const io::World& outside, const FrameFilesOptions& options, FrameOwner& whom, uint64_t next)
      : world(outside),
        home{options.directory, options.uuid, options.shard},
        owner(whom),
        writer(outside.disk, home, {options.file_bytes, options.unsynced_bytes}, next),
        sealing(writer),
        fetching(home) {}

  void start_seals();
  void start_fetches();
  void finish_seals();
  void finish_fetches();
  void tell_sealed(SealWork::Seal& seal);
  [[nodiscard]] Status synced(Status status) const;
  void note_written(const FrameRef& frame, const BlockImages& images, bool rewritten);
  void note_failure(const Error& error);
  void note_doubtful(const std::vector<uint64_t>& numbers);
  void closed_up_to(uint64_t open);
  [[nodiscard]] bool removable(uint64_t number, const File& file) const;
  [[nodiscard]] Status adopt(uint64_t number, File& file);
  // Why `frame` can't be read, for the owner; said in the log, unless it may well be gone.
  [[nodiscard]] Error unreadable(const FrameRef& frame, const Error& error) const;

  io::World world;
  const FrameHome home;
  FrameOwner& owner;
  std::map<uint64_t, File> files;
  std::vector<uint64_t> idle;  // Files that may have lost their last reference.
  bool removes = false;        // The log has been verified.

  FrameWriter writer;      // The lane's while `seals_fly`.
  uint64_t open_file = 0;  // As it was when the last job had completed.
  SealWork sealing;
  bool seals_fly = false;
  size_t seals_flying = 0;
  std::deque<SealWork::Seal> seals;  // That wait.
  bool sync_wanted = false;
  bool sync_flies = false;
  std::vector<std::string> removals;
  bool failing = false;  // The last frame could not be written.
  MonoNs retry_at{0};

  FetchWork fetching;
  std::vector<FrameRef> fetches_flying;
  std::deque<FrameRef> fetches;  // That wait.

  ByteBuffer bytes;  // For read().
  std::string read_failure;
  FrameDecoder decoder;
  Facts facts;
};

FrameFiles::FrameFiles(std::unique_ptr<State> state) : state_(std::move(state)) {}
FrameFiles::~FrameFiles() = default;

Result<std::unique_ptr<FrameFiles>> FrameFiles::open(const io::World& world,
                                                     const FrameFilesOptions& options,
                                                     FrameOwner& owner) {
  const auto names = world.disk.list(options.directory);
  if (!names.ok()) return names.error();
  std::map<uint64_t, State::File> files;
  for (const std::string& name : names.value()) {
    const uint64_t number = frame_file_number(options.shard, name);
    if (number != 0) files[number] = {.found = true, .earlier = true};
  }
  const uint64_t next = files.empty() ? 1 : files.rbegin()->first + 1;
  auto state = std::make_unique<State>(world, options, owner, next);
  state->files = std::move(files);
  return std::unique_ptr<FrameFiles>(new FrameFiles(std::move(state)));
}

bool FrameFiles::read(const FrameRef& frame, BlockImages& images) {
  State& state = *state_;
  ++state.facts.read_blocking;
  Result<BlockImages> opened =
      open_frame(state.world.disk, state.home, frame, state.bytes, state.decoder);
  if (!opened.ok()) {
    state.read_failure = opened.error().detail;
    log(LogLevel::kWarning, "A sealed frame can't be read: {}", state.read_failure);
    return false;
  }
  images = std::move(opened).value();
  return true;
}

const std::string& FrameFiles::read_failure() const {
  return state_->read_failure;
}

void FrameFiles::refer(const FrameRef& frame) {
  state_->files[frame.file].live += frame.size;
  state_->facts.bytes_live += frame.size;
}

void FrameFiles::forget(const FrameRef& frame) {
  State::File& file = state_->files[frame.file];
  LEAT_CHECK(file.live >= frame.size);
  file.live -= frame.size;
  state_->facts.bytes_live -= frame.size;
  if (file.live == 0) state_->idle.push_back(frame.file);
}

void FrameFiles::end_turn() {
  State& state = *state_;
  if (!state.removes || state.idle.empty()) return;
  for (const uint64_t number : std::exchange(state.idle, {})) {
    const auto file = state.files.find(number);
    if (file == state.files.end() || !state.removable(number, file->second)) continue;
    state.removals.push_back(state.home.path_of(number));
    state.files.erase(file);
  }
  state.start_seals();
}

bool FrameFiles::State::removable(uint64_t number, const File& file) const {
  return number != open_file && file.live == 0 && !file.named && !file.being_named;
}

bool FrameFiles::accepts(MonoNs now) const {
  return state_->seals.size() + state_->seals_flying < kSealsMax && now >= state_->retry_at;
}

void FrameFiles::seal(uint64_t token, BlockImages images) {
  LEAT_CHECK(state_->seals.size() < kSealsMax);
  state_->seals.push_back({.token = token, .images = std::move(images)});
  state_->start_seals();
}

void FrameFiles::rewrite(uint64_t token, const FrameRef& frame) {
  LEAT_CHECK(state_->seals.size() < kSealsMax);
  state_->seals.push_back({.token = token, .images = {}, .existing = frame});
  state_->start_seals();
}

Result<FrameRef> FrameFiles::seal_now(const BlockImages& images) {
  State& state = *state_;
  LEAT_CHECK(!state.seals_fly && state.seals.empty());
  Result<FrameRef> frame = state.writer.append(images);
  state.note_doubtful(state.writer.take_doubtful());
  if (frame.ok()) state.note_written(frame.value(), images, /*rewritten=*/false);
  state.closed_up_to(state.writer.open_file());
  return frame;
}

// Starts what waits for the lane that writes.
void FrameFiles::State::start_seals() {
  if (seals_fly || (seals.empty() && !sync_wanted && removals.empty())) return;
  while (!seals.empty() && sealing.seals.size() < kBatchMax) {
    sealing.seals.push_back(std::move(seals.front()));
    seals.pop_front();
  }
  sealing.sync = sync_flies = std::exchange(sync_wanted, false);
  sealing.removals = std::exchange(removals, {});
  seals_fly = true;
  seals_flying = sealing.seals.size();
  world.loop.start(io::Lane::kFrames, {.kind = io::DiskJob::Kind::kWork, .work = &sealing});
}

void FrameFiles::State::finish_seals() {
  seals_fly = false;
  seals_flying = 0;
  // The owner may start the next job while it is told of this one.
  std::vector<SealWork::Seal> done = std::exchange(sealing.seals, {});
  const bool sync = std::exchange(sync_flies, false);
  note_doubtful(std::exchange(sealing.doubtful, {}));
  for (const std::string& why : std::exchange(sealing.not_removed, {}))
    log(LogLevel::kWarning, "A frame file that nothing needs stays until the next start: {}", why);
  sealing.removals.clear();
  for (SealWork::Seal& seal : done) {
    if (seal.outcome.ok())
      note_written(seal.outcome.value(), seal.images, seal.existing.has_value());
  }
  closed_up_to(writer.open_file());
  const Status status = sync ? synced(std::exchange(sealing.sync_outcome, {})) : Status();
  for (SealWork::Seal& seal : done) tell_sealed(seal);
  if (sync) owner.on_synced(status);
  start_seals();
}

// What the sync means to the checkpoint that is being written.
Status FrameFiles::State::synced(Status status) const {
  if (!status.ok()) return status;
  for (const auto& [number, file] : files) {
    if (!file.being_named || !file.doubtful) continue;
    return Error{Errc::kIo,
                 fmt::format("{}: a sync of it has failed earlier, and frames in it that the "
                             "checkpoint names may not be durable",
                             home.path_of(number))};
  }
  return {};
}

void FrameFiles::State::tell_sealed(SealWork::Seal& seal) {
  if (seal.outcome.ok()) {
    if (std::exchange(failing, false)) log(LogLevel::kNotice, "Sealed frames can be written again");
  } else {
    ++facts.failed_seals;
    const Error error = seal.outcome.error();
    const bool refused = error.code == Errc::kFull || error.code == Errc::kIo;
    const bool gone = seal.existing && !files.contains(seal.existing->file);
    if (refused && !gone) {
      note_failure(error);
    } else if (seal.existing) {
      seal.outcome = unreadable(*seal.existing, error);
    }
  }
  owner.on_sealed(seal.token, seal.outcome);
}

void FrameFiles::State::note_written(const FrameRef& frame, const BlockImages& images,
                                     bool rewritten) {
  File& file = files[frame.file];
  file.found = true;
  file.bytes = frame.offset + frame.size;
  // Should nobody refer to it, nothing else says that the file may go.
  idle.push_back(frame.file);
  ++(rewritten ? facts.rewritten : facts.sealed);
  (rewritten ? facts.rewritten_bytes : facts.sealed_bytes) += frame.size;
  for (const BlockImage& image : images) facts.sealed_rows_bytes += image.rows.size();
}

void FrameFiles::State::note_failure(const Error& error) {
  retry_at = MonoNs{world.clock.mono().value + kFileRetryNs};
  if (std::exchange(failing, true)) return;
  log(LogLevel::kWarning,
      "A sealed frame can't be written: {}. Entries stay in memory meanwhile; tried again every {} "
      "ms",
      error.detail, kFileRetryNs / kNsPerMs);
}

void FrameFiles::State::note_doubtful(const std::vector<uint64_t>& numbers) {
  for (const uint64_t number : numbers) {
    log(LogLevel::kWarning,
        "{}: its sync has failed; no checkpoint can name it any more, its frames are written anew",
        home.path_of(number));
    files[number].doubtful = true;
    files[number].found = true;
    idle.push_back(number);
  }
}

// `open` is the open file now; the one before may be closed and, if nobody refers to it, go.
void FrameFiles::State::closed_up_to(uint64_t open) {
  if (open_file != 0 && open_file != open) idle.push_back(open_file);
  open_file = open;
}

bool FrameFiles::fetch(const FrameRef& frame) {
  State& state = *state_;
  if (std::ranges::count(state.fetches_flying, frame) != 0 ||
      std::ranges::count(state.fetches, frame) != 0)
    return true;
  if (state.fetches.size() >= kFetchesMax) return false;
  state.fetches.push_back(frame);
  state.start_fetches();
  return true;
}

void FrameFiles::State::start_fetches() {
  if (!fetches_flying.empty() || fetches.empty()) return;
  while (!fetches.empty() && fetches_flying.size() < kBatchMax) {
    fetches_flying.push_back(fetches.front());
    fetching.fetches.push_back({.frame = fetches.front()});
    fetches.pop_front();
  }
  world.loop.start(io::Lane::kFetch, {.kind = io::DiskJob::Kind::kWork, .work = &fetching});
}

void FrameFiles::State::finish_fetches() {
  fetches_flying.clear();
  for (FetchWork::Fetch& fetch : std::exchange(fetching.fetches, {})) {
    ++facts.fetched;
    if (!fetch.outcome.ok()) fetch.outcome = unreadable(fetch.frame, fetch.outcome.error());
    owner.on_fetched(fetch.frame, std::move(fetch.outcome));
  }
  start_fetches();
}

Error FrameFiles::State::unreadable(const FrameRef& frame, const Error& error) const {
  if (!files.contains(frame.file)) {
    return {Errc::kUnavailable, fmt::format("{} is gone, as nothing referred to it any more",
                                            home.path_of(frame.file))};
  }
  log(LogLevel::kWarning, "A sealed frame can't be read: {}", error.detail);
  return error;
}

void FrameFiles::sync() {
  LEAT_CHECK(!state_->sync_wanted && !state_->sync_flies);
  state_->sync_wanted = true;
  state_->start_seals();
}

void FrameFiles::checkpoint_refers(const FrameRef& frame) {
  State::File& file = state_->files[frame.file];
  file.being_named = true;
  if (frame.offset >= file.furthest.offset) file.furthest = frame;
}

void FrameFiles::checkpoint_published() {
  for (auto& [number, file] : state_->files) {
    file.named = std::exchange(file.being_named, false);
    if (file.live == 0) state_->idle.push_back(number);
  }
}

void FrameFiles::checkpoint_abandoned(bool perhaps_published) {
  for (auto& [number, file] : state_->files) {
    file.named = file.named || (perhaps_published && file.being_named);
    file.being_named = false;
    if (file.live == 0) state_->idle.push_back(number);
  }
}

Status FrameFiles::adopt() {
  for (auto& [number, file] : state_->files) {
    if (!file.being_named) continue;
    if (const Status status = state_->adopt(number, file); !status.ok()) return status;
  }
  checkpoint_published();
  return {};
}

// The head of one frame tells whose the file is; that all of them are whole only reading them would.
Status FrameFiles::State::adopt(uint64_t number, File& file) {
  const std::string path = home.path_of(number);
  if (!file.found) {
    return Error{Errc::kCorrupt,
                 fmt::format("{} is missing: the checkpoint names frames in it. Restore the file "
                             "from a copy",
                             path)};
  }
  const auto opened = world.disk.open(path, io::OpenMode::kRead);
  if (!opened.ok()) return opened.error();
  const auto size = opened.value()->size();
  if (!size.ok()) return size.error();
  const FrameRef& last = file.furthest;
  if (last.offset + last.size > size.value()) {
    return Error{Errc::kCorrupt,
                 fmt::format("{} has {} bytes, but the checkpoint names a frame in it that ends at "
                             "{}. Restore the file from a copy",
                             path, size.value(), last.offset + last.size)};
  }
  char start[sizeof(FrameHead)];
  const auto got = opened.value()->read(last.offset, start, sizeof(start));
  if (!got.ok()) return got.error();
  const auto head = read_frame_head({start, got.value()}, home.place_of(number, last.offset));
  if (!head.ok()) {
    return Error{head.error().code, fmt::format("{}, offset {} to {}: {}", path, last.offset,
                                                last.offset + last.size, head.error().detail)};
  }
  file.bytes = size.value();
  return {};
}

void FrameFiles::remove_orphans() {
  State& state = *state_;
  bool removed = false;
  for (auto at = state.files.begin(); at != state.files.end();) {
    if (!at->second.earlier || !state.removable(at->first, at->second)) {
      ++at;
      continue;
    }
    const Status status = state.world.disk.remove(state.home.path_of(at->first));
    if (!status.ok()) {
      log(LogLevel::kWarning, "A frame file that nothing needs stays until the next start: {}",
          status.error().detail);
    }
    crash_point(CrashPoint::kStartFramesRemoved);
    removed = true;
    at = state.files.erase(at);
  }
  // Should it come back after a crash, the next start removes it again.
  if (removed) static_cast<void>(state.world.disk.sync_directory(state.home.directory).ok());
  state.removes = true;
}

std::vector<uint64_t> FrameFiles::candidates() const {
  std::vector<uint64_t> found;
  for (const auto& [number, file] : state_->files) {
    if (number == state_->open_file || file.live == 0) continue;
    if (file.doubtful || file.live < file.bytes / 2) found.push_back(number);
  }
  return found;
}

void FrameFiles::on_disk(io::Lane lane, const Status& /*status*/) {
  if (lane == io::Lane::kFrames) state_->finish_seals();
  if (lane == io::Lane::kFetch) state_->finish_fetches();
}

bool FrameFiles::settled() const {
  const State& state = *state_;
  return !state.seals_fly && state.seals.empty() && !state.sync_wanted && state.removals.empty() &&
         state.fetches_flying.empty() && state.fetches.empty();
}

FrameFiles::Facts FrameFiles::facts() const {
  Facts facts = state_->facts;
  for (const auto& [number, file] : state_->files) {
    ++facts.files;
    facts.bytes += file.bytes;
    facts.doubtful_files += file.doubtful ? 1 : 0;
  }
  return facts;
}

}  // namespace leat
