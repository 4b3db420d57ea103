// What the operating system says about this process and its machine, for INFO and for start-up.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace leat::io {

struct CpuTimes {
  int64_t user_us = 0;
  int64_t system_us = 0;
};

enum class CpuScope { kProcess, kCallingThread, kChildren };

[[nodiscard]] int process_id();
[[nodiscard]] CpuTimes cpu_times(CpuScope scope);
// Physical memory that the process occupies; 0 when the system does not tell.
[[nodiscard]] uint64_t resident_bytes();
// What the process may use: the machine's memory, or its control group's limit if that is lower.
[[nodiscard]] uint64_t memory_limit_bytes();
// "Linux 6.1.0 x86_64".
[[nodiscard]] std::string operating_system();
// The path of the running program; empty when the system does not tell.
[[nodiscard]] std::string executable_path();

// Raises the limit of open files to `wanted`, or as far as the system allows.
//   returns  the limit that now holds.
uint64_t raise_open_files(uint64_t wanted);

}  // namespace leat::io
