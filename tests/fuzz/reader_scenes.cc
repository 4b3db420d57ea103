#include "fuzz/reader_scenes.h"

#include <fmt/format.h>

#include "rdb/payload.h"

namespace leat::fuzz {
namespace {

constexpr Bytes kBefore[] = {
    "XGROUP CREATE s g $ MKSTREAM",
    "XGROUP CREATE s g 0 MKSTREAM",
    "XGROUP CREATE k g 0 MKSTREAM",
    "XADD s * f v",
    "XADD k 1-0 f v",
    "XREADGROUP GROUP g c STREAMS s >",
    "HELLO 3",
    "SET k v",
};
constexpr Bytes kReaders[] = {
    "XREAD BLOCK 0 STREAMS s $",
    "XREAD BLOCK 20 COUNT 1 STREAMS k s $ $",
    "XREAD BLOCK 0 MAXCOUNT 1 MAXSIZE 1 STREAMS s s $ 0-0",
    "XREADGROUP GROUP g c BLOCK 0 STREAMS s >",
    "XREADGROUP GROUP g d BLOCK 20 NOACK STREAMS s >",
    "XREADGROUP GROUP g c BLOCK 0 CLAIM 20 STREAMS s >",
    "XREADGROUP GROUP g BLOCK BLOCK 0 CLAIM 1000000 STREAMS s k > >",
};
constexpr Bytes kEvents[] = {
    "CLIENT KILL ID 2",
    "CLIENT KILL ID 3",
    "CLIENT KILL ID 4",
    "CLIENT KILL TYPE NORMAL",
    "CLIENT KILL ADDR 127.0.0.1:50000",
    "CLIENT KILL ADDR 127.0.0.1:50000 SKIPME NO",
    "CLIENT UNBLOCK 2",
    "CLIENT UNBLOCK 3 ERROR",
    "DEL s",
    "UNLINK s k",
    "PEXPIRE s 20",
    "PEXPIREAT s 1",
    "RENAME s k",
    "RENAME k s",
    "RENAMENX s t",
    "COPY k s REPLACE",
    "COPY s k REPLACE",
    "MOVE s 1",
    "SWAPDB 0 1",
    "FLUSHALL",
    "FLUSHDB ASYNC",
    "XGROUP DESTROY s g",
    "XGROUP CREATE s g $ MKSTREAM",
    "XGROUP DELCONSUMER s g c",
    "XGROUP SETID s g 0",
    "SET s v",
    "XADD s * f v",
    "XADD k * f v",
    "XTRIM s MAXLEN 0",
    "XACK s g 1-0",
    "CONFIG SET maxmemory 1",
    "CONFIG SET maxmemory-policy allkeys-lru",
};

// RESTORE over the stream: one with an entry, and a string.
std::string restored(Chance& chance) {
  RdbValue value = "text";
  if (once_in(chance, 2)) {
    RdbStream stream;
    stream.entries.push_back({.id = {5, 0}, .begins_node = true, .elements = 2, .wire = 0});
    stream.wires.append("$1\r\nf\r\n$1\r\nv\r\n");
    stream.last_id = {5, 0};
    stream.entries_added = 1;
    stream.groups.push_back({.name = "g",
                             .last_delivered = {},
                             .entries_read = 0,
                             .consumers = {},
                             .pending = {},
                             .released = {}});
    value = std::move(stream);
  }
  return fmt::format("RESTORE s 0 {} REPLACE", quoted(write_payload(value)));
}

std::string drawn_event(Chance& chance) {
  return once_in(chance, 16) ? restored(chance) : std::string(drawn(kEvents, chance));
}

std::string client(Chance& chance) {
  return std::string(1, static_cast<char>('A' + below(chance, 3)));
}

std::string happening(Chance& chance) {
  const std::string who = once_in(chance, 4) ? "D> " : "> ";
  const bool transaction = once_in(chance, 3);
  std::string text = transaction ? who + "MULTI\n" : "";
  for (size_t left = 1 + below(chance, 4); left > 0; --left)
    text += who + drawn_event(chance) + '\n';
  return text + (transaction ? who + "EXEC\n" : "");
}

}  // namespace

void add_readers(Script& script, size_t at, Chance& chance) {
  std::string text;
  for (size_t left = below(chance, 4); left > 0; --left)
    text += fmt::format("> {}\n", drawn(kBefore, chance));
  for (size_t left = 1 + below(chance, 3); left > 0; --left)
    text += fmt::format("{}> {}\n", client(chance), drawn(kReaders, chance));
  text += happening(chance);
  if (once_in(chance, 2)) text += "! wait 20\n";
  if (once_in(chance, 4)) text += fmt::format("! close {}\n", client(chance));
  if (once_in(chance, 2)) text += happening(chance);
  const Script scene = parse_script(text);
  script.insert(script.begin() + static_cast<ptrdiff_t>(at), scene.begin(), scene.end());
}

}  // namespace leat::fuzz
