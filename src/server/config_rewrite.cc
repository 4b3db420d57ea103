// CONFIG REWRITE: the file again, with what has changed since it was read.
#include <absl/container/flat_hash_set.h>
#include <fmt/format.h>

#include "base/split_arguments.h"
#include "command/retention_words.h"
#include "server/config_read.h"

namespace leat {
namespace {

bool is_plain(Bytes word) {
  if (word.empty() || word[0] == '#') return false;
  for (const char byte : word) {
    if (byte <= ' ' || byte == '"' || byte == '\'' || byte == '\\' || byte == '\x7f') return false;
  }
  return true;
}

std::vector<std::string> rendered(const Directive& directive, const std::string& value) {
  const std::string name(directive.name);
  if (directive.kind == ValueKind::kText) return {fmt::format("{} {}", name, quoted_word(value))};
  const auto words = words_of(value);
  std::vector<std::string> lines;
  if (directive.kind == ValueKind::kOutputLimits) {
    for (size_t i = 0; i + 3 < words.size(); i += 4) {
      lines.push_back(
          fmt::format("{} {} {} {} {}", name, words[i], words[i + 1], words[i + 2], words[i + 3]));
    }
  } else if (directive.kind == ValueKind::kRetention && !words.empty()) {
    std::vector<RetentionRule> rules;
    LEAT_CHECK(read_retention_rules(words, rules).empty());
    for (const RetentionRule& rule : rules) {
      lines.push_back(
          fmt::format("{} {} {}", name, quoted_word(rule.pattern), retention_text(rule.policy)));
    }
  } else if (directive.kind == ValueKind::kSave && !words.empty()) {
    for (size_t i = 0; i + 1 < words.size(); i += 2) {
      lines.push_back(fmt::format("{} {} {}", name, words[i], words[i + 1]));
    }
  } else {
    lines.push_back(fmt::format("{} {}", name, value.empty() ? "\"\"" : value));
  }
  return lines;
}

const Directive* directive_of(Bytes line) {
  const size_t start = line.find_first_not_of(" \t\r");
  if (start == Bytes::npos || line[start] == '#') return nullptr;
  line.remove_prefix(start);
  return find_directive(line.substr(0, line.find_first_of(" \t\r")));
}

}  // namespace

std::string quoted_word(Bytes word) {
  if (is_plain(word)) return std::string(word);
  std::string text = "\"";
  for (const char byte : word) {
    const auto code = static_cast<unsigned char>(byte);
    if (byte == '"' || byte == '\\') {
      text += '\\';
      text += byte;
    } else if (code < ' ' || code >= 0x7f) {
      text += fmt::format("\\x{:02x}", code);
    } else {
      text += byte;
    }
  }
  return text + '"';
}

std::string rewritten_config(const std::string& previous, const ConfigValues& values) {
  std::string text;
  absl::flat_hash_set<const Directive*> written;
  const auto write = [&](const Directive& directive) {
    if (!written.insert(&directive).second) return;
    for (const std::string& line : rendered(directive, values.text(directive))) text += line + "\n";
  };
  Bytes rest = previous;
  while (!rest.empty()) {
    const Bytes line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (const Directive* const directive = directive_of(line)) {
      write(*directive);
    } else {
      text += fmt::format("{}\n", line);
    }
  }
  for (const Directive& directive : directives()) {
    if (values.text(directive) != directive.initial) write(directive);
  }
  return text;
}

}  // namespace leat
