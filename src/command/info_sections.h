// The sections of INFO. Names are Redis': scrapers and clients read them; what Redis does not have starts
// with leat_.
//
// Source     redis.io/docs/latest/commands/info; compared with redis-server 7.0.15
#pragma once

#include <string>

#include <fmt/format.h>

#include "command/context.h"
#include "command/node_host.h"

namespace leat {

// InfoText: sections of "name:value" lines.
class InfoText {
 public:
  void section(Bytes title) {
    if (!text_.empty()) text_ += "\r\n";
    fmt::format_to(std::back_inserter(text_), "# {}\r\n", title);
  }
  template <typename Value>
  void line(Bytes name, const Value& value) {
    fmt::format_to(std::back_inserter(text_), "{}:{}\r\n", name, value);
  }
  // With so many digits behind the point.
  void real(Bytes name, double value, int digits) {
    fmt::format_to(std::back_inserter(text_), "{}:{:.{}f}\r\n", name, value, digits);
  }
  // A number of bytes, and the same for humans under name_human.
  void bytes(Bytes name, uint64_t value);

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void info_server(Context& context, const NodeFacts& facts, InfoText& text);
void info_clients(Context& context, const NodeFacts& facts, InfoText& text);
void info_memory(Context& context, const NodeFacts& facts, InfoText& text);
void info_persistence(Context& context, const NodeFacts& facts, InfoText& text);
void info_frames(Context& context, const NodeFacts& facts, InfoText& text);
void info_stats(Context& context, const NodeFacts& facts, InfoText& text);
void info_replication(Context& context, const NodeFacts& facts, InfoText& text);
void info_cpu(Context& context, const NodeFacts& facts, InfoText& text);
void info_modules(Context& context, const NodeFacts& facts, InfoText& text);
void info_commandstats(Context& context, const NodeFacts& facts, InfoText& text);
void info_errorstats(Context& context, const NodeFacts& facts, InfoText& text);
void info_latencystats(Context& context, const NodeFacts& facts, InfoText& text);
void info_cluster(Context& context, const NodeFacts& facts, InfoText& text);
void info_keyspace(Context& context, const NodeFacts& facts, InfoText& text);
void info_keysizes(Context& context, const NodeFacts& facts, InfoText& text);

}  // namespace leat
