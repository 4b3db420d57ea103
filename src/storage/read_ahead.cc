#include "storage/read_ahead.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"

namespace leat {

ReadAhead::ReadAhead(io::Worker& worker, io::File& file, uint64_t size, uint64_t from,
                     Measure measure)
    : worker_(worker), file_(file), size_(size), measure_(measure) {
  pieces_[taken_].from = from;
  start(from);
}

ReadAhead::~ReadAhead() {
  // What it came to is nobody's concern any more.
  if (working_) static_cast<void>(worker_.wait().ok());
}

void ReadAhead::start(uint64_t from) {
  Piece& next = pieces_[1 - taken_];
  next.from = from;
  next.verified = 0;
  working_ = true;
  worker_.start(next);
}

Result<Bytes> ReadAhead::at(uint64_t offset) {
  const Piece& held = pieces_[taken_];
  LEAT_CHECK(offset >= held.from && offset <= held.from + held.verified);
  if (offset == held.from + held.verified) {
    if (!working_) return Bytes();
    working_ = false;
    if (const Status status = worker_.wait(); !status.ok()) return status.error();
    taken_ = 1 - taken_;
    if (!pieces_[taken_].last) start(offset + pieces_[taken_].verified);
  }
  const Piece& piece = pieces_[taken_];
  return piece.bytes.view().substr(offset - piece.from, piece.from + piece.verified - offset);
}

Status ReadAhead::Piece::run(io::Disk& /*disk*/) {
  const uint64_t rest = all_.size_ - from;
  uint64_t wanted = std::min(kPiece, rest);
  last = wanted == 0;
  while (verified == 0 && !last) {
    if (bytes.capacity() > 4 * kPiece && wanted <= kPiece) bytes.release();
    bytes.clear();
    const auto got = all_.file_.read(from, bytes.room(wanted), wanted);
    if (!got.ok())
      return Error{got.error().code, fmt::format("{} (at offset {})", got.error().detail, from)};
    bytes.commit(got.value());
    const bool whole = bytes.size() == wanted;
    wanted = verify(rest);
    last = !whole || wanted == 0;
  }
  if (!last) all_.file_.expect(from + bytes.size(), std::min(kExpected, rest - bytes.size()));
  return {};
}

// Counts the items that are whole and good.
//   returns  how many bytes the one behind them takes, at least; 0 when none follows.
uint64_t ReadAhead::Piece::verify(uint64_t rest) {
  while (verified < bytes.size()) {
    const uint64_t taken = all_.measure_(bytes.view(verified), rest - verified);
    if (taken > rest - verified) return 0;
    if (taken == 0 || taken > bytes.size() - verified) return taken;
    verified += taken;
  }
  return std::min(rest - verified, uint64_t{1});
}

}  // namespace leat
