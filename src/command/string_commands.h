// The handlers of the string commands, and what they share.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "command/arguments.h"
#include "engine/object.h"
#include "model/record.h"

namespace leat {

class Context;

// Makes the key hold `value`, whatever it held (`object`, null if nothing). The expiry becomes `expires`; without one
// it goes, or stays with `keep_expiry`.
const Object& store_string(Context& context, Bytes key, const Object* object, Bytes value,
                           std::optional<WallMs> expires, bool keep_expiry);
// False, with the error replied, when a string of `size` bytes would be too long.
[[nodiscard]] bool fits_string(Context& context, uint64_t size);

void cmd_append(Context& context, const Arguments& words);
void cmd_decr(Context& context, const Arguments& words);
void cmd_decrby(Context& context, const Arguments& words);
void cmd_get(Context& context, const Arguments& words);
void cmd_getdel(Context& context, const Arguments& words);
void cmd_getex(Context& context, const Arguments& words);
void cmd_getrange(Context& context, const Arguments& words);
void cmd_getset(Context& context, const Arguments& words);
void cmd_incr(Context& context, const Arguments& words);
void cmd_incrby(Context& context, const Arguments& words);
void cmd_incrbyfloat(Context& context, const Arguments& words);
void cmd_mget(Context& context, const Arguments& words);
void cmd_mset(Context& context, const Arguments& words);
void cmd_msetnx(Context& context, const Arguments& words);
void cmd_psetex(Context& context, const Arguments& words);
void cmd_set(Context& context, const Arguments& words);
void cmd_setex(Context& context, const Arguments& words);
void cmd_setnx(Context& context, const Arguments& words);
void cmd_setrange(Context& context, const Arguments& words);
void cmd_strlen(Context& context, const Arguments& words);

}  // namespace leat
