// The benchmark alone, for working on it without building the server.
#include <string_view>
#include <vector>

#include "bench/bench.h"

int main(int argc, char** argv) {
  const std::vector<std::string_view> args(argv + 1, argv + argc);
  return leat::bench::bench_main(args);
}
