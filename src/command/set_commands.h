// The handlers of the set commands, and what they share.
#pragma once

#include "command/arguments.h"
#include "engine/object.h"

namespace leat {

class Context;

// The set under the key, null if there is none. False after WRONGTYPE has been replied.
[[nodiscard]] bool find_set(Context& context, Bytes key, const Object*& object,
                            const FieldMap<None>*& members);

void cmd_sadd(Context& context, const Arguments& words);
void cmd_scard(Context& context, const Arguments& words);
void cmd_sdiff(Context& context, const Arguments& words);
void cmd_sdiffstore(Context& context, const Arguments& words);
void cmd_sinter(Context& context, const Arguments& words);
void cmd_sintercard(Context& context, const Arguments& words);
void cmd_sinterstore(Context& context, const Arguments& words);
void cmd_sismember(Context& context, const Arguments& words);
void cmd_smembers(Context& context, const Arguments& words);
void cmd_smismember(Context& context, const Arguments& words);
void cmd_smove(Context& context, const Arguments& words);
void cmd_spop(Context& context, const Arguments& words);
void cmd_srandmember(Context& context, const Arguments& words);
void cmd_srem(Context& context, const Arguments& words);
void cmd_sscan(Context& context, const Arguments& words);
void cmd_sunion(Context& context, const Arguments& words);
void cmd_sunionstore(Context& context, const Arguments& words);

}  // namespace leat
