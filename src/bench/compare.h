// `leat bench compare`: the same workloads against several servers in one run.
#pragma once

#include <span>
#include <string_view>

namespace leat::bench {

// `args` is what stands after `compare`. Returns the exit status, as bench_main() does.
int compare_main(std::span<const std::string_view> args);

}  // namespace leat::bench
