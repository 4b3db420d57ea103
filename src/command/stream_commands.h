// The handlers of the stream commands; grammar, reply and source stand at each definition.
#pragma once

#include "command/arguments.h"

namespace leat {

class Context;

void cmd_xackdel(Context& context, const Arguments& words);
void cmd_xadd(Context& context, const Arguments& words);
void cmd_xtrim(Context& context, const Arguments& words);
void cmd_xcfgset(Context& context, const Arguments& words);
void cmd_xlen(Context& context, const Arguments& words);
void cmd_xrange(Context& context, const Arguments& words);
void cmd_xrevrange(Context& context, const Arguments& words);
void cmd_xdel(Context& context, const Arguments& words);
void cmd_xdelex(Context& context, const Arguments& words);
void cmd_xsetid(Context& context, const Arguments& words);
void cmd_xread(Context& context, const Arguments& words);
void cmd_xreadgroup(Context& context, const Arguments& words);
void cmd_xack(Context& context, const Arguments& words);
void cmd_xnack(Context& context, const Arguments& words);
void cmd_xpending(Context& context, const Arguments& words);
void cmd_xclaim(Context& context, const Arguments& words);
void cmd_xautoclaim(Context& context, const Arguments& words);
void cmd_xgroup_create(Context& context, const Arguments& words);
void cmd_xgroup_setid(Context& context, const Arguments& words);
void cmd_xidmprecord(Context& context, const Arguments& words);
void cmd_xgroup_destroy(Context& context, const Arguments& words);
void cmd_xgroup_createconsumer(Context& context, const Arguments& words);
void cmd_xgroup_delconsumer(Context& context, const Arguments& words);
void cmd_xgroup_help(Context& context, const Arguments& words);
void cmd_xinfo_stream(Context& context, const Arguments& words);
void cmd_xinfo_groups(Context& context, const Arguments& words);
void cmd_xinfo_consumers(Context& context, const Arguments& words);
void cmd_xinfo_help(Context& context, const Arguments& words);

}  // namespace leat
