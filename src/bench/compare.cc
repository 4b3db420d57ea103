#include "bench/compare.h"
namespace leat::bench {
int compare_main(std::span<const std::string_view>) {
  return 2;
}
}  // namespace leat::bench
