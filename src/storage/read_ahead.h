// ReadAhead: what is read at the start, read and verified on another thread while the caller applies what came before.
//
//   file   | item | item | item | item ...        items: batches of a segment, chunks of a checkpoint
//          '---- taken ----' '- next, on the worker -'
//
// Loading alternates between the disk, checksums and applying; done on one thread, each waits for the others. The worker is one
// piece ahead, and the system is asked for what follows that: where it waits for memory, the disk goes on.
//
// Contract   at() gives whole items whose checksums hold. It ends before the first that is anything else, which the
//            caller reads by itself: what is wrong with it is found, and said, in one place.
// Thread     all but the work itself belongs to the caller. The file is the worker's until the ReadAhead is gone.
// Limits     two pieces of kPiece, or of the largest item, and kExpected of the system's page cache.
// Ownership  borrows worker and file, which outlive it; nobody else uses that worker meanwhile.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "io/io.h"

namespace leat {

class ReadAhead {
 public:
  static constexpr uint64_t kPiece = 1 << 20;
  static constexpr uint64_t kExpected = 8 << 20;

  // Looks at the item with which `bytes` begins; uses nothing else, as it runs on the worker.
  //   returns  how many bytes the item takes, or must take at least, when `bytes` are fewer; when they are not, it has verified
  //            them all. 0 when it is damaged or no item.
  using Measure = uint64_t (*)(Bytes bytes, uint64_t rest_of_file);

  // Begins to read at `from` of the `size` bytes of `file`.
  ReadAhead(io::Worker& worker, io::File& file, uint64_t size, uint64_t from, Measure measure);
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  ~ReadAhead();

  // The verified items from `offset` on that are at hand; empty where it has ended. They die with the next call.
  // `offset` is where it began, or the border of an item of what was given last.
  //   errors  kIo, with the offset.
  Result<Bytes> at(uint64_t offset);

 private:
  class Piece final : public io::DiskWork {
   public:
    explicit Piece(ReadAhead& all) : all_(all) {}
    // The items from `from` on that fit: at least one, but for the last piece.
    Status run(io::Disk& disk) override;

    uint64_t from = 0;
    ByteBuffer bytes;
    uint64_t verified = 0;  // How many of them are whole and good items.
    bool last = false;

   private:
    uint64_t verify(uint64_t rest);

    ReadAhead& all_;
  };

  void start(uint64_t from);

  io::Worker& worker_;
  io::File& file_;
  const uint64_t size_;
  const Measure measure_;
  std::array<Piece, 2> pieces_{Piece(*this), Piece(*this)};
  size_t taken_ = 0;      // Which of them the caller has; the other one is the worker's.
  bool working_ = false;  // Is it?
};

}  // namespace leat
