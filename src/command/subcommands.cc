#include "command/subcommands.h"

#include <fmt/format.h>

namespace leat {

std::string upper_case(Bytes word) {
  std::string text(word);
  for (char& byte : text) {
    if (byte >= 'a' && byte <= 'z') byte = static_cast<char>(byte - 32);
  }
  return text;
}

void reply_subcommand_error(Context& context, const Arguments& words) {
  context.error(
      fmt::format("ERR unknown subcommand or wrong number of arguments for '{}'. Try {} HELP.",
                  words[1].substr(0, kQuotedMax), upper_case(words[0])));
}

void reply_help(Context& context, const Arguments& words, std::span<const Bytes> lines) {
  ReplyWriter& reply = context.reply();
  reply.array(lines.size() + 3);
  reply.simple(fmt::format("{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
                           upper_case(words[0])));
  for (const Bytes line : lines) reply.simple(line);
  reply.simple("HELP");
  reply.simple("    Shows this text.");
}

}  // namespace leat
