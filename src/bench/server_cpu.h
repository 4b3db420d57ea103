// What the operating system says about a server process: CPU time, memory, and the machine's load.
//
// CPU is the sum over the process's threads of the first number of /proc/PID/task/TID/schedstat:
// nanoseconds on a processor, against 10 ms steps of /proc/PID/stat. Work that the kernel does in
// its own threads for the server (a flush, for example) is not in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <sys/types.h>

namespace leat::bench {

// The first of the three numbers of a schedstat file; nullopt when it is not one.
std::optional<uint64_t> parse_schedstat(std::string_view text);

// nullopt when the process is not visible here.
std::optional<uint64_t> cpu_ns(pid_t pid);
std::optional<uint64_t> resident_bytes(pid_t pid);

// The load average of the last minute; 0 when it is not known.
double load_average();

}  // namespace leat::bench
