// INFO: which sections are asked for; info_sections.cc writes them.
#include "command/info_sections.h"
#include "command/server_commands.h"

namespace leat {
namespace {

enum class Shown : uint8_t { kByDefault, kInAll, kInEverything };

struct Section {
  Bytes name;
  Shown shown;
  void (*write)(Context& context, const NodeFacts& facts, InfoText& text);
};

// In the order in which they are shown.
constexpr Section kSections[] = {
    {"server", Shown::kByDefault, info_server},
    {"clients", Shown::kByDefault, info_clients},
    {"memory", Shown::kByDefault, info_memory},
    {"persistence", Shown::kByDefault, info_persistence},
    {"frames", Shown::kByDefault, info_frames},
    {"stats", Shown::kByDefault, info_stats},
    {"replication", Shown::kByDefault, info_replication},
    {"cpu", Shown::kByDefault, info_cpu},
    {"modules", Shown::kByDefault, info_modules},
    {"commandstats", Shown::kInAll, info_commandstats},
    {"errorstats", Shown::kByDefault, info_errorstats},
    {"latencystats", Shown::kInAll, info_latencystats},
    {"cluster", Shown::kByDefault, info_cluster},
    {"keyspace", Shown::kByDefault, info_keyspace},
    {"keysizes", Shown::kByDefault, info_keysizes},
};

bool asked_for(const Section& section, const Arguments& words) {
  if (words.size() == 1) return section.shown == Shown::kByDefault;
  for (size_t i = 1; i < words.size(); ++i) {
    const Bytes word = words[i];
    if (same_word(word, section.name) || same_word(word, "everything")) return true;
    if (same_word(word, "all") && section.name != "modules") return true;
    if (same_word(word, "default") && section.shown == Shown::kByDefault) return true;
  }
  return false;
}

}  // namespace

// INFO [section ...]  ->  verbatim string: sections of name:value lines.
// Source: redis.io/docs/latest/commands/info
void cmd_info(Context& context, const Arguments& words) {
  const NodeFacts facts = context.host().node().facts();
  InfoText text;
  for (const Section& section : kSections) {
    if (asked_for(section, words)) section.write(context, facts, text);
  }
  context.reply().verbatim("txt", text.text());
}

}  // namespace leat
