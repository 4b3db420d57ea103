#include "command/statistics.h"

namespace leat {
namespace {

// A server that makes up error codes without end (it can't; a script could) must not fill memory.
constexpr size_t kErrorCodesMax = 128;

}  // namespace

void Statistics::note_error(Bytes text) {
  ++errors_total_;
  const std::string code(text.substr(0, text.find_first_of(" \r")));
  if (errors_.size() < kErrorCodesMax || errors_.contains(code)) ++errors_[code];
}

void Statistics::reset() {
  commands_.clear();
  last_spec_ = nullptr;
  errors_.clear();
  calls_ = 0;
  errors_total_ = 0;
  hits_ = misses_ = expired_ = evicted_ = 0;
}

}  // namespace leat
