// The model's idempotent producers: what XADD IDMP and IDMPAUTO remember and find, and what may be forgotten by age.
#include <algorithm>

#include "sim/model.h"

namespace leat::sim {
namespace {

constexpr uint64_t kSecondMs = 1000;

// Which of the pairs comes first makes no difference.
std::string content_of(const Words& fields) {
  std::vector<std::string> pairs;
  for (size_t i = 0; i + 1 < fields.size(); i += 2)
    pairs.push_back(fields[i] + "=" + fields[i + 1]);
  std::sort(pairs.begin(), pairs.end());
  std::string content;
  for (const std::string& pair : pairs) content += pair + "&";
  return content;
}

bool outlived(const ModelStream& stream, const ModelStream::Iid& iid, int64_t now) {
  return iid.id.ms + stream.idempotency.duration_s * kSecondMs <= static_cast<uint64_t>(now);
}

const ModelStream::Iid* remembered(const ModelStream& stream, const ModelStream::Iid& asked) {
  const auto found =
      std::find_if(stream.iids.begin(), stream.iids.end(), [&asked](const ModelStream::Iid& iid) {
        return iid.producer == asked.producer && iid.iid == asked.iid &&
               iid.automatic == asked.automatic;
      });
  return found == stream.iids.end() ? nullptr : &*found;
}

}  // namespace

std::optional<ModelStream::Iid> Model::read_iid(const Words& words, size_t& i) {
  if (words[i] != "IDMP" && words[i] != "IDMPAUTO") return std::nullopt;
  ModelStream::Iid asked;
  asked.automatic = words[i++] == "IDMPAUTO";
  asked.producer = words[i++];
  if (!asked.automatic) asked.iid = words[i++];
  return asked;
}

bool Model::duplicate(ModelStream* stream, ModelStream::Iid& asked, const Words& fields) {
  if (asked.automatic) asked.iid = content_of(fields);
  const ModelStream::Iid* const found = stream == nullptr ? nullptr : remembered(*stream, asked);
  if (found == nullptr) return false;
  ++stream->iids_duplicates;
  reply_ = bulk(found->id);
  return true;
}

void Model::remember(ModelStream& stream, const ModelStream::Iid& iid) {
  stream.iids.push_back(iid);
  ++stream.iids_added;
  const auto same = [&iid](const ModelStream::Iid& other) {
    return other.producer == iid.producer;
  };
  const auto count = std::count_if(stream.iids.begin(), stream.iids.end(), same);
  if (static_cast<uint64_t>(count) > stream.idempotency.size_max)
    stream.iids.erase(std::find_if(stream.iids.begin(), stream.iids.end(), same));
}

// XIDMPRECORD key producer iid id
void Model::xidmprecord(const Words& words) {
  ModelStream* stream = nullptr;
  if (!find(words[1], stream)) return;
  if (stream == nullptr) {
    reply_ = "-ERR no such key\r\n";
    return;
  }
  const ModelStream::Iid asked{.producer = words[2], .iid = words[3], .id = id_of(words[4])};
  const ModelStream::Iid* const found = remembered(*stream, asked);
  if (!stream->entries.contains(asked.id)) {
    reply_ = "-ERR No such message in stream\r\n";
  } else if (found != nullptr && found->id != asked.id) {
    reply_ = "-ERR IID already exists for this producer with a different stream ID\r\n";
  } else {
    if (found == nullptr) remember(*stream, asked);
    reply_ = kOk;
  }
}

void Model::limit_idempotency(ModelStream& stream, const IdempotencyLimits& limits) {
  if (limits == stream.idempotency) return;
  stream.idempotency = limits;
  stream.iids.clear();
}

std::string Model::forget_iids(ModelStream& stream, uint64_t count, int64_t now) {
  if (count > stream.iids.size()) return "more iids are forgotten than there were";
  for (uint64_t i = 0; i < count; ++i) {
    if (!outlived(stream, stream.iids[i], now))
      return "iid " + stream.iids[i].iid + " was forgotten too early";
  }
  stream.iids.erase(stream.iids.begin(), stream.iids.begin() + static_cast<ptrdiff_t>(count));
  return {};
}

bool Model::remembers_too_long(const ModelStream& stream, int64_t now) {
  return !stream.iids.empty() && outlived(stream, stream.iids.front(), now);
}

}  // namespace leat::sim
