// Property: whatever the bytes, a loader refuses them or makes an engine that can be read, and that is what a checkpoint of
// it says: written and loaded again it has the same digest, and gives the same pieces.
//
// Input: pieces back to back, as a checkpoint holds them.
#include <string>

#include "base/check.h"
#include "engine/engine.h"
#include "engine/state_loader.h"
#include "engine/state_writer.h"

namespace leat {
namespace {

constexpr uint32_t kDatabases = 3;

std::string pieces_of(Engine& engine) {
  StateWriter& writer = engine.start_checkpoint();
  while (!writer.complete()) writer.step(100);
  const std::string pieces(writer.out().view());
  engine.end_checkpoint();
  return pieces;
}

// Reads what the engine holds in the ways that commands do.
void read_all(const Engine& engine) {
  for (uint32_t db = 0; db < kDatabases; ++db) {
    engine.keyspace().visit(DbIndex{db}, [](const Object& object) {
      static_cast<void>(memory_of(object));
      if (object.stream() == nullptr) return true;
      LEAT_CHECK(object.stream()->clone()->length() == object.stream()->length());
      for (const auto& [name, group] : object.stream()->groups().by_name()) {
        group->pending.check_invariants();
      }
      return true;
    });
  }
}

void check(Bytes input) {
  Engine engine(kDatabases);
  StateLoader loader(engine);
  const bool taken = loader.take(input);
  LEAT_CHECK(loader.take({}) == taken);
  if (!loader.finish()) return;
  LEAT_CHECK(taken);
  read_all(engine);
  const std::string pieces = pieces_of(engine);
  Engine again(kDatabases);
  StateLoader second(again);
  LEAT_CHECK(second.take(pieces) && second.finish());
  LEAT_CHECK(again.digest() == engine.digest());
  LEAT_CHECK(pieces_of(again) == pieces);
}

}  // namespace
}  // namespace leat

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  leat::check({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
