// The error texts that clients depend on, byte for byte as Redis sends them.
//
// Source     docs/commands (transcripts in tests/conformance hold each of them against a live server).
#pragma once

#include "base/bytes.h"

namespace leat {

constexpr Bytes kErrSyntax = "ERR syntax error";
constexpr Bytes kErrWrongType = "WRONGTYPE Operation against a key holding the wrong kind of value";
constexpr Bytes kErrNoSuchKey = "ERR no such key";
constexpr Bytes kErrNotInteger = "ERR value is not an integer or out of range";
constexpr Bytes kErrNotFloat = "ERR value is not a valid float";
constexpr Bytes kErrInvalidStreamId = "ERR Invalid stream ID specified as stream command argument";
constexpr Bytes kErrInvalidRangeStart = "ERR invalid start ID for the interval";
constexpr Bytes kErrInvalidRangeEnd = "ERR invalid end ID for the interval";
constexpr Bytes kErrNoAuth = "NOAUTH Authentication required.";
constexpr Bytes kErrLoading = "LOADING Redis is loading the dataset in memory";
constexpr Bytes kErrExecAbort = "EXECABORT Transaction discarded because of previous errors.";
constexpr Bytes kErrOutOfMemory = "OOM command not allowed when used memory > 'maxmemory'.";

// Ours alone: nothing of Redis is on disk only.
constexpr Bytes kErrUnreadable =
    "ERR entries of the stream that are kept on disk can't be read; the log of the server says why";

}  // namespace leat
