// The handlers of the connection commands; grammar, reply and source stand at each definition.
#pragma once

#include "command/arguments.h"

namespace leat {

class Context;

void cmd_ping(Context& context, const Arguments& words);
void cmd_echo(Context& context, const Arguments& words);
void cmd_auth(Context& context, const Arguments& words);
void cmd_hello(Context& context, const Arguments& words);
void cmd_reset(Context& context, const Arguments& words);
void cmd_quit(Context& context, const Arguments& words);
void cmd_select(Context& context, const Arguments& words);
void cmd_no_cluster(Context& context, const Arguments& words);

void cmd_client_caching(Context& context, const Arguments& words);
void cmd_client_getname(Context& context, const Arguments& words);
void cmd_client_getredir(Context& context, const Arguments& words);
void cmd_client_help(Context& context, const Arguments& words);
void cmd_client_id(Context& context, const Arguments& words);
void cmd_client_info(Context& context, const Arguments& words);
void cmd_client_kill(Context& context, const Arguments& words);
void cmd_client_list(Context& context, const Arguments& words);
void cmd_client_no_evict(Context& context, const Arguments& words);
void cmd_client_no_touch(Context& context, const Arguments& words);
void cmd_client_pause(Context& context, const Arguments& words);
void cmd_client_reply(Context& context, const Arguments& words);
void cmd_client_setinfo(Context& context, const Arguments& words);
void cmd_client_setname(Context& context, const Arguments& words);
void cmd_client_tracking(Context& context, const Arguments& words);
void cmd_client_trackinginfo(Context& context, const Arguments& words);
void cmd_client_unblock(Context& context, const Arguments& words);
void cmd_client_unpause(Context& context, const Arguments& words);

}  // namespace leat
