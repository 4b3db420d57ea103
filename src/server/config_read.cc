#include "server/config_read.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/glob.h"
#include "base/split_arguments.h"
#include "command/arguments.h"

namespace leat {
namespace {

constexpr size_t kIncludeDepthMax = 16;
constexpr uint64_t kFileBytesMax = 16ULL << 20;

Error invalid(std::string text) {
  return {.code = Errc::kInvalid, .detail = std::move(text)};
}

std::string absolute(const std::string& directory, Bytes path) {
  if (!path.empty() && path[0] == '/') return std::string(path);
  if (path.starts_with("./")) path.remove_prefix(2);
  return fmt::format("{}/{}", directory, path);
}

bool is_pattern(Bytes path) {
  return path.find_first_of("*?[") != Bytes::npos;
}

// One reading of a configuration into `values`.
class Reader {
 public:
  Reader(ConfigValues& values, io::Disk& disk, std::string working_directory)
      : values_(values), disk_(disk), working_directory_(std::move(working_directory)) {}

  Status file(const std::string& path, size_t depth) {
    if (depth > kIncludeDepthMax) {
      return invalid(
          fmt::format("{}: files include each other more than {} deep", path, kIncludeDepthMax));
    }
    auto text = read_config_text(disk_, path);
    if (!text.ok())
      return invalid(fmt::format("can't read the configuration file: {}", text.error().detail));
    Bytes rest = text.value();
    for (size_t number = 1; !rest.empty(); ++number) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      if (Status status =
              line(rest.substr(0, end), fmt::format("{}, line {}", path, number), depth);
          !status.ok()) {
        return status;
      }
      rest.remove_prefix(std::min(rest.size(), end + 1));
    }
    return {};
  }

  Status option(Bytes name, const std::vector<Bytes>& words) {
    return directive(name, words, fmt::format("option --{}", name));
  }

 private:
  Status line(Bytes text, const std::string& place, size_t depth) {
    const size_t start = text.find_first_not_of(" \t\r");
    if (start == Bytes::npos || text[start] == '#') return {};
    std::string storage;
    std::vector<Bytes> words;
    text = text.substr(start, text.find_last_not_of(" \t\r") + 1 - start);
    if (!split_arguments(text, storage, words))
      return invalid(fmt::format("{}: unbalanced quotes", place));
    if (words.empty()) return {};
    const Bytes name = words[0];
    words.erase(words.begin());
    if (same_word(name, "include")) return include(words, place, depth);
    return directive(name, words, place);
  }

  Status include(const std::vector<Bytes>& words, const std::string& place, size_t depth) {
    if (words.size() != 1) return invalid(fmt::format("{}: include takes one path", place));
    const std::string path = absolute(working_directory_, words[0]);
    if (!is_pattern(path)) return file(path, depth + 1);
    const size_t slash = path.rfind('/');
    const std::string directory = path.substr(0, slash);
    auto names = disk_.list(directory.empty() ? "/" : directory);
    if (!names.ok()) return invalid(fmt::format("{}: {}", place, names.error().detail));
    for (const std::string& name : names.value()) {
      if (name.starts_with('.') || !glob_matches(path.substr(slash + 1), name)) continue;
      Status status = file(fmt::format("{}/{}", directory, name), depth + 1);
      if (!status.ok()) return status;
    }
    return {};
  }

  Status directive(Bytes name, const std::vector<Bytes>& words, const std::string& place) {
    const Directive* const row = find_directive(name);
    if (row == nullptr) return invalid(fmt::format("{}: unknown directive '{}'", place, name));
    if (row->effect == Effect::kDefaultOnly && row->kind == ValueKind::kText && !words.empty() &&
        !words[0].empty()) {
      return invalid(fmt::format("{}: '{}' can't be used: {}", place, row->name, row->help));
    }
    const bool may_be_empty = row->kind == ValueKind::kText || row->kind == ValueKind::kSave ||
                              row->kind == ValueKind::kRetention;
    if (words.empty() && !may_be_empty)
      return invalid(fmt::format("{}: '{}' needs a value", place, row->name));
    const bool one_word = row->kind != ValueKind::kText && row->kind != ValueKind::kAddresses &&
                          row->kind != ValueKind::kSave && row->kind != ValueKind::kOutputLimits &&
                          row->kind != ValueKind::kRetention;
    if (one_word && words.size() != 1)
      return invalid(fmt::format("{}: '{}' takes one value", place, row->name));
    std::string text;
    for (const Bytes word : words) text += fmt::format("{}{}", text.empty() ? "" : " ", word);
    if (const std::string problem = values_.add(*row, text); !problem.empty()) {
      return invalid(fmt::format("{}: '{}' can't be '{}': {}", place, row->name, text, problem));
    }
    return {};
  }

  ConfigValues& values_;
  io::Disk& disk_;
  std::string working_directory_;
};

Status read_options(std::span<const std::string_view> args, Reader& reader) {
  for (size_t i = 0; i < args.size();) {
    if (!args[i].starts_with("--") || args[i].size() == 2) {
      return invalid(fmt::format("'{}' is no option; options are --name value", args[i]));
    }
    const Bytes name = args[i].substr(2);
    std::vector<Bytes> words;
    for (++i; i < args.size() && !args[i].starts_with("--"); ++i) words.push_back(args[i]);
    if (Status status = reader.option(name, words); !status.ok()) return status;
  }
  return {};
}

}  // namespace

Result<std::string> read_config_text(io::Disk& disk, const std::string& path) {
  auto file = disk.open(path, io::OpenMode::kRead);
  if (!file.ok()) return file.error();
  auto size = file.value()->size();
  if (!size.ok()) return size.error();
  if (size.value() > kFileBytesMax)
    return invalid(fmt::format("{} is too large for a configuration file", path));
  std::string text(size.value(), '\0');
  auto got = file.value()->read(0, text.data(), text.size());
  if (!got.ok()) return got.error();
  text.resize(got.value());
  return text;
}

Result<ReadConfig> read_config(std::span<const std::string_view> args, io::Disk& disk,
                               const std::string& working_directory) {
  ReadConfig config;
  Reader reader(config.values, disk, working_directory);
  if (!args.empty() && !args[0].starts_with("--")) {
    config.file = absolute(working_directory, args[0]);
    if (const Status status = reader.file(config.file, 0); !status.ok()) return status.error();
    args = args.subspan(1);
  }
  if (const Status status = read_options(args, reader); !status.ok()) return status.error();
  const Directive& directory = *find_directive("dir");
  const Bytes chosen = config.values.text(directory);
  const std::string problem = config.values.set(
      directory, chosen == "." ? working_directory : absolute(working_directory, chosen));
  LEAT_CHECK(problem.empty());
  return config;
}

std::string ignored_names(const ConfigValues& values) {
  std::string names;
  for (const Directive& row : directives()) {
    if (row.effect != Effect::kIgnored || !values.given(row)) continue;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", row.name);
  }
  return names;
}

}  // namespace leat
