// `leat bench`: the benchmark. A client of any RESP server, not a part of Leat's server.
//
//   leat bench [options]           measures a running server
//   leat bench compare [options]   starts Leat, redis-server and the null server and compares them
//   leat bench null --port N       the null server alone
#pragma once

#include <span>
#include <string_view>

namespace leat::bench {

// `args` is what stands after `bench`. Returns the exit status: 0; 1 when something failed or a bar
// was not met; 2 for arguments that it does not understand. Prints results to stdout, the rest to
// stderr.
int bench_main(std::span<const std::string_view> args);

}  // namespace leat::bench
