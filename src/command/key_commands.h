// The handlers of the commands that work on keys of any kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "command/arguments.h"
#include "model/ids.h"

namespace leat {

class Context;

void cmd_del(Context& context, const Arguments& words);
void cmd_dump(Context& context, const Arguments& words);
void cmd_restore(Context& context, const Arguments& words);
void cmd_exists(Context& context, const Arguments& words);
void cmd_touch(Context& context, const Arguments& words);
void cmd_type(Context& context, const Arguments& words);
void cmd_rename(Context& context, const Arguments& words);
void cmd_renamenx(Context& context, const Arguments& words);
void cmd_copy(Context& context, const Arguments& words);
void cmd_move(Context& context, const Arguments& words);
void cmd_object_encoding(Context& context, const Arguments& words);
void cmd_object_freq(Context& context, const Arguments& words);
void cmd_object_help(Context& context, const Arguments& words);
void cmd_object_idletime(Context& context, const Arguments& words);
void cmd_object_refcount(Context& context, const Arguments& words);

void cmd_expire(Context& context, const Arguments& words);
void cmd_pexpire(Context& context, const Arguments& words);
void cmd_expireat(Context& context, const Arguments& words);
void cmd_pexpireat(Context& context, const Arguments& words);
void cmd_persist(Context& context, const Arguments& words);
void cmd_ttl(Context& context, const Arguments& words);
void cmd_pttl(Context& context, const Arguments& words);
void cmd_expiretime(Context& context, const Arguments& words);
void cmd_pexpiretime(Context& context, const Arguments& words);

// The number of a database that there is. False after the error has been replied; `db` is as it was then.
[[nodiscard]] bool read_database(Context& context, Bytes word, DbIndex& db);
// The absolute time that `amount` seconds (or milliseconds) after `base` is; nothing when it does not fit.
[[nodiscard]] std::optional<WallMs> expiry_time(int64_t amount, bool seconds, WallMs base);
// A word as it stands in an error text: lower case, at most 128 bytes.
[[nodiscard]] std::string lower_case(Bytes word);

void cmd_keys(Context& context, const Arguments& words);
void cmd_scan(Context& context, const Arguments& words);
void cmd_randomkey(Context& context, const Arguments& words);
void cmd_dbsize(Context& context, const Arguments& words);
void cmd_flushdb(Context& context, const Arguments& words);
void cmd_flushall(Context& context, const Arguments& words);
void cmd_swapdb(Context& context, const Arguments& words);

}  // namespace leat
