// Wire forms and records for tests of the engine.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "engine/engine.h"
#include "model/record.h"

namespace leat {

// The elements as RESP bulk strings, back to back.
inline std::string wire(const std::vector<std::string>& elements) {
  std::string bytes;
  for (const std::string& element : elements) {
    bytes += "$" + std::to_string(element.size()) + "\r\n" + element + "\r\n";
  }
  return bytes;
}

// An entry with one field.
inline const std::string kEntry = wire({"f", "v"});

// Writes the record as the log holds it, reads it back and applies it.
template <typename Record>
[[nodiscard]] bool apply_record(Engine& engine, const Record& record) {
  ByteBuffer buffer;
  RecordWriter(buffer).put(record);
  Bytes input = buffer.view();
  return engine.apply(*next_record(input));
}

}  // namespace leat
