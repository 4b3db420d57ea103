// What the operating system says about this process and its machine, for INFO and for start-up.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "io/descriptor.h"

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

// The absolute path of the working directory; "/" when the system does not tell.
[[nodiscard]] std::string working_directory();

// Raises the limit of open files to `wanted`, or as far as the system allows.
//   returns  the limit that now holds.
uint64_t raise_open_files(uint64_t wanted);

// Background: the process goes on without its terminal; whoever started it learns how the start went.
//
// enter() makes a child that carries on and returns in it alone. The parent waits: it exits with 0 once the
// child calls ready(), with 1 when the child ends before that. Until ready() the child's messages still
// reach the terminal.
class Background {
 public:
  // Call before there are threads.
  [[nodiscard]] static Result<Background> enter();
  void ready();

 private:
  explicit Background(Descriptor parent) : parent_(std::move(parent)) {}

  Descriptor parent_;  // A pipe that the parent reads.
};

}  // namespace leat::io
