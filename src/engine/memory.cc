// How much memory objects hold, for MEMORY USAGE and for what waits to be freed.
#include <algorithm>
#include <bit>
#include <string>

#include "engine/object.h"

namespace leat {
namespace {

constexpr size_t kNode = 32;  // A slot in a b-tree or vector, roughly.

size_t extrapolated(size_t bytes, size_t seen, size_t all) {
  if (seen == 0 || seen >= all) return bytes;
  return static_cast<size_t>(static_cast<double>(bytes) / static_cast<double>(seen) *
                             static_cast<double>(all));
}

// What an allocation of so many bytes takes: sizes are multiples of 16 up to 128, then there are four to a doubling.
// Source: jemalloc(3), size classes.
size_t taken(size_t bytes) {
  const unsigned doubling = bytes <= 128 ? 6 : static_cast<unsigned>(std::bit_width(bytes - 1)) - 1;
  const size_t step = size_t{1} << (doubling - 2);
  return (bytes + step - 1) / step * step;
}

// What the string holds outside itself.
size_t apart(const std::string& text) {
  constexpr size_t kInside = 15;
  return text.capacity() > kInside ? taken(text.capacity() + 1) : 0;
}

size_t value_bytes(None /*value*/) {
  return 0;
}
size_t value_bytes(const std::string& value) {
  return sizeof(std::string) + apart(value);
}

template <typename Value>
size_t memory_of(const FieldMap<Value>& map, size_t samples) {
  size_t bytes = 0;
  map.visit_first(samples, [&bytes](const std::string& name, const Value& value) {
    bytes += sizeof(std::string) + kNode + apart(name) + value_bytes(value);
  });
  return extrapolated(bytes, std::min(samples, map.size()), map.size());
}

// Sealed are the oldest ones, nearly always: what is not stands at the end.
size_t memory_of(const Stream::Extents& extents, size_t frames, size_t samples) {
  frames = std::min(frames, extents.size());
  size_t blocks = 0;
  size_t seen = 0;
  size_t left = std::min(samples, extents.size() - frames);
  for (auto at = extents.rbegin(); at != extents.rend() && left != 0; ++at, --left) {
    const Block* const block = at->second.block();
    if (block == nullptr) continue;
    blocks += kNode + taken(sizeof(Block)) + taken(block->memory() - sizeof(Block));
    ++seen;
  }
  return frames * (kNode + taken(sizeof(Fence))) +
         extrapolated(blocks, seen, extents.size() - frames);
}

}  // namespace

size_t Stream::memory(size_t samples) const {
  size_t groups = 0;
  size_t left = samples;
  const auto& by_name = this->groups().by_name();
  for (auto at = by_name.begin(); at != by_name.end() && left != 0; ++at, --left)
    groups += kNode + memory_of(*at->second);
  return taken(sizeof(Stream)) + (extras_ == nullptr ? 0 : taken(sizeof(StreamExtras))) +
         (idempotency() == nullptr ? 0 : idempotency()->memory()) +
         memory_of(extents_, frames(), samples) +
         extrapolated(groups, samples - left, by_name.size());
}

size_t DroppedExtents::memory(size_t samples) const {
  return memory_of(extents(), frames_, samples);
}

size_t memory_of(const Group& group) {
  return taken(sizeof(Group)) + apart(group.name) + group.pending.memory() +
         group.consumers.size() * (taken(sizeof(Consumer)) + sizeof(std::string) + 2 * kNode);
}

size_t memory_of(const Object& object, size_t samples) {
  size_t sum = taken(sizeof(Object)) + apart(object.key) + 2 * kNode;
  if (const auto* string = object.string()) sum += apart(*string);
  if (const auto* hash = object.hash()) sum += memory_of(*hash, samples);
  if (const auto* set = object.set()) sum += memory_of(*set, samples);
  if (const auto* stream = object.stream()) sum += stream->memory(samples);
  return sum;
}

}  // namespace leat
