// The part of Stream that knows of frames: opening them, sealing blocks, thawing.
#include <utility>

#include "engine/stream.h"
#include "engine/stream_share.h"

namespace leat {
namespace {

// Extents that a search for blocks to seal passes at most: it goes on where it has stopped.
constexpr int kLookedAt = 256;

// The first live entry of the block, which has one.
StreamId first_live_of(const Block& block) {
  auto cursor = block.begin();
  while (!cursor.live()) cursor.advance();
  return cursor.entry().id;
}

}  // namespace

const Block* Stream::sealed_tail() const {
  if (extents_.empty()) return nullptr;
  const FrameCache::Pin frame = open(std::prev(extents_.end()));
  return frame ? frame.blocks().back().get() : nullptr;
}

void Stream::note_first_block(const Block& block) const {
  std::unique_ptr<FirstBlock>& known = make_extras().first_block;
  if (known == nullptr) known = std::make_unique<FirstBlock>();
  *known = {.frame = block.first_id(), .last_id = block.last_id(), .live = block.live()};
}

bool Stream::thaw(Extents::iterator sealed) {
  const StreamId first = sealed->first;
  FrameCache::Blocks blocks = share_->frames.thaw(first, *sealed->second.fence());
  if (blocks.empty()) return false;
  drop(sealed);
  const Block* const last = hot_tail();
  size_t full_bytes = extras_->full_bytes;
  for (auto& block : blocks) {
    const StreamId name = block->first_id();
    const auto placed = extents_.emplace(name, Extent(std::move(block))).first;
    if (sealable(placed->second)) full_bytes += placed->second.block()->bytes_used();
  }
  const bool behind = last != nullptr && last != hot_tail();
  if (behind && last->bytes_used() <= kSealedBlockMax) full_bytes += last->bytes_used();
  set_full_bytes(full_bytes);
  return true;
}

bool Stream::sealable(const Extent& extent) const {
  return !extent.sealed() && extent.block() != hot_tail() &&
         extent.block()->bytes_used() <= kSealedBlockMax;
}

void Stream::set_full_bytes(size_t bytes) {
  if (bytes == extras().full_bytes) return;
  const size_t before = std::exchange(make_extras().full_bytes, bytes);
  if (share_ == nullptr) return;
  const size_t frame_bytes = share_->seals.frame_bytes();
  if (before < frame_bytes && bytes < frame_bytes) return;
  std::unique_ptr<SealQueue::Place>& place = extras_->place;
  if (place == nullptr) place = std::make_unique<SealQueue::Place>(*this);
  share_->seals.changed(*place, before, bytes);
}

Stream::Run Stream::gather(Extents::iterator at, uint32_t token) {
  Run run;
  for (; at != extents_.end() && run.bytes < share_->seals.frame_bytes(); ++at) {
    if (!sealable(at->second) || at->second.block()->mark() != 0) break;
    run.bytes += at->second.block()->bytes_used();
    run.images.push_back(at->second.block()->image());
    at->second.block()->set_mark(token);
  }
  return run;
}

std::optional<Stream::Run> Stream::begin_seal(uint32_t token) {
  const auto free = [this](const Extent& extent) {
    return sealable(extent) && extent.block()->mark() == 0;
  };
  SealQueue::Place& place = *extras_->place;
  int looked = 0;
  auto at = extents_.lower_bound(place.frontier);
  while (at != extents_.end() && !free(at->second) && looked++ < kLookedAt) {
    place.frontier = at->first;
    if (at->second.block() == hot_tail()) break;
    ++at;
  }
  const size_t frame_bytes = share_->seals.frame_bytes();
  // It takes a frame's worth before the last block, or what stands between two frames.
  size_t bytes = 0;
  auto end = at;
  for (; end != extents_.end() && free(end->second) && bytes < frame_bytes; ++end)
    bytes += end->second.block()->bytes_used();
  const bool enclosed = end != extents_.end() && end->second.block() != hot_tail();
  if (bytes >= frame_bytes || (bytes != 0 && enclosed)) {
    Run run = gather(at, token);
    place.frontier = run.images.back().last_id.next();
    return run;
  }
  at = extents_.lower_bound(place.hand);
  for (looked = 0; looked < kLookedAt && at != extents_.end() && at->first < place.frontier;
       ++looked, ++at) {
    if (!free(at->second)) continue;
    Run run = gather(at, token);
    place.hand = run.images.back().last_id;
    return run;
  }
  const bool round = at == extents_.end() || at->first >= place.frontier;
  place.hand = round ? StreamId::min() : at->first;
  return std::nullopt;
}

bool Stream::end_seal(uint32_t token, StreamId first, uint32_t blocks, const FrameRef* ref) {
  auto at = extents_.find(first);
  auto end = at;
  uint32_t unchanged = 0;
  for (; end != extents_.end() && unchanged < blocks; ++end, ++unchanged) {
    if (!sealable(end->second) || end->second.block()->mark() != token) break;
  }
  if (unchanged != blocks || ref == nullptr) {
    for (at = extents_.lower_bound(first); at != extents_.end() && blocks-- != 0; ++at) {
      Block* const block = at->second.block();
      if (block != nullptr && block->mark() == token) block->set_mark(0);
    }
    return false;
  }
  auto fence = std::make_unique<Fence>();
  fence->first_live = first_live_of(*at->second.block());
  fence->ref = *ref;
  fence->blocks = blocks;
  share_->frames.refer(*ref);
  for (uint32_t i = 0; i < blocks; ++i) {
    const Block& block = *at->second.block();
    fence->last_id = block.last_id();
    fence->live += block.live();
    fence->deleted += block.deleted();
    fence->bytes += static_cast<uint32_t>(block.bytes_used());
    fence->live_bytes += static_cast<uint32_t>(block.live_bytes());
    at = drop(at);
  }
  count_frame(*fence);
  extents_.emplace(first, Extent(std::move(fence)));
  return true;
}

void Stream::move_frame(StreamId first, const FrameRef& from, const FrameRef& to) {
  const auto at = extents_.find(first);
  Fence* const fence = at == extents_.end() ? nullptr : at->second.fence();
  if (fence == nullptr || fence->ref != from) return;
  share_->frames.refer(to);
  share_->frames.forget(from);
  fence->ref = to;
}

}  // namespace leat
