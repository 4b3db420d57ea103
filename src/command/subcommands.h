// What commands with subcommands (XGROUP, XINFO, ...) share: HELP, and the error for words that do not fit.
#pragma once

#include <span>
#include <string>

#include "command/context.h"

namespace leat {

// An error line quotes at most this much of what the client sent.
constexpr size_t kQuotedMax = 128;

[[nodiscard]] std::string upper_case(Bytes word);

// Replies that the subcommand words[1] of words[0] can't be called like this.
void reply_subcommand_error(Context& context, const Arguments& words);

// Replies the help of the container words[0]: `lines`, one simple string each, between a title and the
// lines of HELP itself.
void reply_help(Context& context, const Arguments& words, std::span<const Bytes> lines);

}  // namespace leat
