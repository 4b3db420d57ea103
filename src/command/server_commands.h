// The handlers of the server commands; grammar, reply and source stand at each definition.
#pragma once

#include "command/arguments.h"

namespace leat {

class Context;

// command_rows.cc
void cmd_command(Context& context, const Arguments& words);
void cmd_command_count(Context& context, const Arguments& words);
void cmd_command_docs(Context& context, const Arguments& words);
void cmd_command_getkeys(Context& context, const Arguments& words);
void cmd_command_getkeysandflags(Context& context, const Arguments& words);
void cmd_command_help(Context& context, const Arguments& words);
void cmd_command_info(Context& context, const Arguments& words);
void cmd_command_list(Context& context, const Arguments& words);

// configuration.cc
void cmd_config_get(Context& context, const Arguments& words);
void cmd_config_help(Context& context, const Arguments& words);
void cmd_config_resetstat(Context& context, const Arguments& words);
void cmd_config_rewrite(Context& context, const Arguments& words);
void cmd_config_set(Context& context, const Arguments& words);

// debug.cc
void cmd_debug(Context& context, const Arguments& words);

// info.cc
void cmd_info(Context& context, const Arguments& words);

// latency.cc
void cmd_latency_doctor(Context& context, const Arguments& words);
void cmd_latency_graph(Context& context, const Arguments& words);
void cmd_latency_help(Context& context, const Arguments& words);
void cmd_latency_histogram(Context& context, const Arguments& words);
void cmd_latency_history(Context& context, const Arguments& words);
void cmd_latency_latest(Context& context, const Arguments& words);
void cmd_latency_reset(Context& context, const Arguments& words);
void cmd_slowlog_get(Context& context, const Arguments& words);
void cmd_slowlog_help(Context& context, const Arguments& words);
void cmd_slowlog_len(Context& context, const Arguments& words);
void cmd_slowlog_reset(Context& context, const Arguments& words);

// memory.cc
void cmd_memory_doctor(Context& context, const Arguments& words);
void cmd_memory_help(Context& context, const Arguments& words);
void cmd_memory_malloc_stats(Context& context, const Arguments& words);
void cmd_memory_purge(Context& context, const Arguments& words);
void cmd_memory_stats(Context& context, const Arguments& words);
void cmd_memory_usage(Context& context, const Arguments& words);

// persistence.cc
void cmd_bgrewriteaof(Context& context, const Arguments& words);
void cmd_bgsave(Context& context, const Arguments& words);
void cmd_lastsave(Context& context, const Arguments& words);
void cmd_role(Context& context, const Arguments& words);
void cmd_save(Context& context, const Arguments& words);
void cmd_shutdown(Context& context, const Arguments& words);
void cmd_wait(Context& context, const Arguments& words);
void cmd_waitaof(Context& context, const Arguments& words);

// server_commands.cc
void cmd_function_flush(Context& context, const Arguments& words);
void cmd_function_help(Context& context, const Arguments& words);
void cmd_function_list(Context& context, const Arguments& words);
void cmd_module_help(Context& context, const Arguments& words);
void cmd_module_list(Context& context, const Arguments& words);
void cmd_monitor(Context& context, const Arguments& words);
void cmd_script_exists(Context& context, const Arguments& words);
void cmd_script_flush(Context& context, const Arguments& words);
void cmd_script_help(Context& context, const Arguments& words);
void cmd_time(Context& context, const Arguments& words);

}  // namespace leat
