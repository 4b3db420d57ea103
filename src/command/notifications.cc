#include "command/notifications.h"

#include <fmt/format.h>

#include "command/host.h"
#include "command/publish.h"

namespace leat {
namespace {

struct Letter {
  char letter;
  EventClass of;
};
// Those that `A` stands for, in the order in which they are shown.
constexpr Letter kAll[] = {
    {'g', EventClass::kGeneric}, {'$', EventClass::kString},  {'l', EventClass::kList},
    {'s', EventClass::kSet},     {'h', EventClass::kHash},    {'z', EventClass::kSortedSet},
    {'x', EventClass::kExpired}, {'e', EventClass::kEvicted}, {'t', EventClass::kStream},
    {'d', EventClass::kModule},
};
// Those that it does not, but for `m`, which is shown last.
constexpr Letter kBeside[] = {
    {'n', EventClass::kNew}, {'o', EventClass::kOverwritten}, {'c', EventClass::kTypeChanged}};

uint32_t bit(EventClass of) {
  return static_cast<uint32_t>(of);
}

constexpr uint32_t all_classes() {
  uint32_t classes = 0;
  for (const Letter& row : kAll) classes |= static_cast<uint32_t>(row.of);
  return classes;
}

// 0: the letter stands for no class.
uint32_t classes_of(char letter) {
  if (letter == 'A') return all_classes();
  if (letter == 'm') return bit(EventClass::kMiss);
  for (const Letter& row : kAll)
    if (row.letter == letter) return bit(row.of);
  for (const Letter& row : kBeside)
    if (row.letter == letter) return bit(row.of);
  return 0;
}

}  // namespace

std::optional<EventChoice> EventChoice::parse(Bytes text) {
  EventChoice choice;
  for (const char letter : text) {
    const uint32_t classes = classes_of(letter);
    if (classes == 0 && letter != 'K' && letter != 'E') return std::nullopt;
    choice.classes_ |= classes;
    choice.by_key_ = choice.by_key_ || letter == 'K';
    choice.by_event_ = choice.by_event_ || letter == 'E';
  }
  return choice;
}

std::string EventChoice::text() const {
  std::string text;
  const bool all = (classes_ & all_classes()) == all_classes();
  if (all) text += 'A';
  for (const Letter& row : kAll)
    if (!all && (classes_ & bit(row.of)) != 0) text += row.letter;
  for (const Letter& row : kBeside)
    if ((classes_ & bit(row.of)) != 0) text += row.letter;
  if (by_key_) text += 'K';
  if (by_event_) text += 'E';
  if ((classes_ & bit(EventClass::kMiss)) != 0) text += 'm';
  return text;
}

void notify(Host& host, Bytes event, DbIndex db, Bytes key) {
  const EventChoice& choice = host.settings().events;
  if (choice.by_key()) {
    publish(host, ChannelKind::kChannel, fmt::format("__keyspace@{}__:{}", db.value, key), event);
  }
  if (choice.by_event()) {
    publish(host, ChannelKind::kChannel, fmt::format("__keyevent@{}__:{}", db.value, event), key);
  }
}

}  // namespace leat
