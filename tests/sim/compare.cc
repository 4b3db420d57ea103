#include "sim/compare.h"

#include <fmt/format.h>

namespace leat::sim {
namespace {

template <typename T>
std::string unequal(const std::string& what, const T& model, const T& engine) {
  if (model == engine) return {};
  return fmt::format("{} is {} instead of {}", what, engine, model);
}

std::string first_of(std::initializer_list<std::string> differences) {
  for (const std::string& text : differences) {
    if (!text.empty()) return text;
  }
  return {};
}

std::string entries_difference(const ModelStream& model, const Stream& engine) {
  auto cursor = engine.seek(StreamId::min());
  for (const auto& [id, held] : model.entries) {
    if (cursor.done()) return "entry " + to_string(id) + " is missing";
    const EntryView found = cursor.entry();
    if (found.id != id)
      return "entry " + to_string(found.id) + " stands where " + to_string(id) + " should";
    std::string wire;
    for (const std::string& field : held.fields) wire += bulk(field);
    if (found.wire != wire || found.elements != held.fields.size()) {
      return "entry " + to_string(id) + " has other fields";
    }
    cursor.advance();
  }
  return cursor.done() ? "" : "entry " + to_string(cursor.entry().id) + " was invented";
}

std::string pending_difference(const ModelGroup& model, const Group& engine) {
  if (std::string text =
          unequal("the number of pending entries", model.pending.size(), engine.pending.size());
      !text.empty()) {
    return text;
  }
  auto expected = model.pending.begin();
  std::string text;
  engine.pending.visit_from(StreamId::min(), [&](const PendingEntry& entry) {
    const Consumer* const consumer = engine.consumer(entry.owner);
    const std::string owner = consumer != nullptr       ? consumer->name
                              : entry.owner == kNoOwner ? ""
                                                        : "a consumer that is gone";
    if (entry.id != expected->first || owner != expected->second.owner ||
        entry.delivered.value != expected->second.delivered ||
        entry.deliveries != expected->second.deliveries) {
      text = fmt::format(
          "pending entry {} of {} at {}, {} deliveries, instead of {} of {} at {}, {} deliveries",
          to_string(entry.id), owner, entry.delivered.value, entry.deliveries,
          to_string(expected->first), expected->second.owner, expected->second.delivered,
          expected->second.deliveries);
    }
    ++expected;
    return text.empty();
  });
  return text;
}

std::string group_difference(const ModelStream& stream, const ModelGroup& model,
                             const Group& engine) {
  uint64_t delivered = 0;
  for (const auto& [id, held] : stream.entries) delivered += id <= model.last_delivered ? 1U : 0U;
  std::string consumers;
  std::string found;
  for (const std::string& name : model.consumers) consumers += name + " ";
  for (const auto& [name, consumer] : engine.consumers) found += name + " ";
  return first_of(
      {unequal("last_delivered", to_string(model.last_delivered), to_string(engine.last_delivered)),
       unequal("the number of live entries delivered", delivered, engine.delivered_live),
       unequal("the list of consumers", consumers, found), pending_difference(model, engine)});
}

uint64_t wire_bytes(const ModelStream& stream) {
  uint64_t bytes = 0;
  for (const auto& [id, held] : stream.entries) {
    for (const std::string& field : held.fields) bytes += bulk(field).size();
  }
  return bytes;
}

std::string iids_difference(const ModelStream& model, const Stream& engine) {
  const Idempotency none;
  const Idempotency& known = engine.idempotency() == nullptr ? none : *engine.idempotency();
  std::string text = first_of(
      {model.idempotency == known.limits() ? "" : "the limits of idempotent producers differ",
       unequal("iids-added", model.iids_added, known.counters().added),
       unequal("iids-duplicates", model.iids_duplicates, known.counters().duplicates),
       unequal("the number of iids", model.iids.size(), known.size())});
  if (!text.empty()) return text;
  auto expected = model.iids.begin();
  known.visit_from(0, [&](const Idempotency::View& iid) {
    const bool same = iid.producer == expected->producer && iid.id == expected->id &&
                      (expected->automatic || iid.iid == expected->iid);
    if (!same) {
      text = fmt::format("iid {} of {} stands where {} of {} should", iid.iid, iid.producer,
                         expected->iid, expected->producer);
    }
    ++expected;
    return same;
  });
  return text;
}

std::string stream_difference(const ModelStream& model, const Stream& engine) {
  std::string text = first_of(
      {unequal<uint64_t>("the length", model.entries.size(), engine.length()),
       unequal("entries_added", model.added, engine.entries_added()),
       unequal("last_id", to_string(model.last), to_string(engine.last_id())),
       unequal("the number of bytes", wire_bytes(model), engine.bytes()),
       model.policy == engine.retention() ? "" : "the policy differs",
       unequal("max_deleted", to_string(model.max_deleted), to_string(engine.max_deleted())),
       entries_difference(model, engine), iids_difference(model, engine),
       unequal("the number of groups", model.groups.size(), engine.groups().size())});
  for (const auto& [name, group] : model.groups) {
    if (!text.empty()) return text;
    const Group* const found = engine.groups().find(name);
    if (found == nullptr) return "group " + name + " is missing";
    text = group_difference(model, group, *found);
    if (!text.empty()) text.insert(0, "group " + name + ": ");
  }
  return text;
}

std::string object_difference(const ModelObject& model, const Object& engine) {
  if (std::string text = unequal("expires", model.expires, engine.expires.value); !text.empty())
    return text;
  if (const auto* const stream = std::get_if<ModelStream>(&model.value)) {
    return engine.stream() == nullptr ? "it is no stream"
                                      : stream_difference(*stream, *engine.stream());
  }
  if (const auto* const string = std::get_if<std::string>(&model.value)) {
    return engine.string() != nullptr && *engine.string() == *string ? "" : "the string differs";
  }
  if (const auto* const hash = std::get_if<1>(&model.value)) {
    std::map<std::string, std::string> found;
    if (engine.hash() == nullptr) return "it is no hash";
    engine.hash()->visit(
        [&](const std::string& name, const std::string& value) { found[name] = value; });
    return found == *hash ? "" : "the hash differs";
  }
  std::set<std::string> found;
  if (engine.set() == nullptr) return "it is no set";
  engine.set()->visit([&](const std::string& name, leat::None) { found.insert(name); });
  return found == std::get<2>(model.value) ? "" : "the set differs";
}

// The keyspace counts as objects change; here they are counted one by one.
std::string sizes_difference(const Keyspace& keyspace, DbIndex db) {
  SizeHistogram counted;
  keyspace.visit(db, [&counted](const Object& object) {
    counted.add(object.kind(), size_class(object));
    return true;
  });
  for (const ObjectKind kind :
       {ObjectKind::kString, ObjectKind::kHash, ObjectKind::kSet, ObjectKind::kStream}) {
    if (counted.counts(kind) != keyspace.sizes(db).counts(kind))
      return fmt::format("keys of database {} are counted under wrong sizes", db.value);
  }
  return {};
}

}  // namespace

std::string difference(const Model& model, const Engine& engine) {
  for (uint32_t db = 0; db < engine.keyspace().databases(); ++db) {
    static const ModelDatabase kEmpty;
    const ModelDatabase& expected = db < Model::kDatabases ? model.databases()[db] : kEmpty;
    if (std::string text = unequal<size_t>(fmt::format("the number of keys in database {}", db),
                                           expected.size(), engine.keyspace().size(DbIndex{db}));
        !text.empty()) {
      return text;
    }
    for (const auto& [key, object] : expected) {
      const Object* const found = engine.keyspace().find(DbIndex{db}, key);
      if (found == nullptr) return "key " + key + " is missing";
      if (std::string text = object_difference(object, *found); !text.empty()) {
        return fmt::format("key {} of database {}: {}", key, db, text);
      }
    }
    if (std::string text = sizes_difference(engine.keyspace(), DbIndex{db}); !text.empty())
      return text;
  }
  return {};
}

}  // namespace leat::sim
