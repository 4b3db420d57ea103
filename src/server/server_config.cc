#include "server/server_config.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/glob.h"
#include "server/config_read.h"

namespace leat {
namespace {

std::string refused(Bytes name, std::string_view why) {
  return fmt::format("ERR CONFIG SET failed (possibly related to argument '{}') - {}", name, why);
}

// Why the names can't be set together; empty: they can.
std::string bad_names(const std::vector<std::pair<Bytes, Bytes>>& changes) {
  std::set<const Directive*> seen;
  for (const auto& [name, value] : changes) {
    const Directive* const directive = find_directive(name);
    if (directive == nullptr) {
      return fmt::format("ERR Unknown option or number of arguments for CONFIG SET - '{}'",
                         name.substr(0, 128));
    }
    if (directive->change == Change::kAtStart) return refused(name, "can't set immutable config");
    if (!seen.insert(directive).second) return refused(name, "duplicate parameter");
  }
  return {};
}

}  // namespace

ConfigHost::Pairs ServerConfig::matching(const std::vector<Bytes>& patterns) const {
  Pairs pairs;
  const auto add = [&](std::string_view name, const Directive& directive) {
    const bool wanted =
        !name.empty() && std::any_of(patterns.begin(), patterns.end(), [&](Bytes p) {
          return directive.hidden ? same_word(p, name)
                                  : glob_matches(p, name, LetterCase::kIgnored);
        });
    if (wanted) pairs.emplace_back(name, config_.values.text(directive));
  };
  for (const Directive& directive : directives()) {
    add(directive.name, directive);
    add(directive.alias, directive);
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

std::string ServerConfig::set(const std::vector<std::pair<Bytes, Bytes>>& changes) {
  if (std::string problem = bad_names(changes); !problem.empty()) return problem;
  ConfigValues values = config_.values;
  for (const auto& [name, value] : changes) {
    const std::string problem = values.set(*find_directive(name), value);
    if (!problem.empty()) return refused(name, problem);
  }
  config_.values = std::move(values);
  changed_();
  return {};
}

Status ServerConfig::write_file() {
  auto previous = read_config_text(disk_, config_.file);
  if (!previous.ok()) return previous.error();
  const std::string fresh = config_.file + ".rewrite";
  if (disk_.exists(fresh)) {
    if (Status status = disk_.remove(fresh); !status.ok()) return status;
  }
  auto file = disk_.open(fresh, io::OpenMode::kCreate);
  if (!file.ok()) return file.error();
  const std::string text = rewritten_config(previous.value(), config_.values);
  if (Status status = file.value()->write(0, text); !status.ok()) return status;
  if (Status status = file.value()->sync(); !status.ok()) return status;
  if (Status status = disk_.rename(fresh, config_.file); !status.ok()) return status;
  const std::string directory = config_.file.substr(0, config_.file.rfind('/'));
  return disk_.sync_directory(directory.empty() ? "/" : directory);
}

// Writes a file, which blocks: rare, and small.
std::string ServerConfig::rewrite() {
  if (config_.file.empty()) return "ERR The server is running without a config file";
  if (const Status status = write_file(); !status.ok()) {
    return fmt::format("ERR Rewriting config file: {}", status.error().detail);
  }
  return {};
}

}  // namespace leat
