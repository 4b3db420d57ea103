// Whole runs: the seeds that have found something, a few more, and that a seed always does the same.
#include "sim/simulation.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "base/log.h"

namespace leat::sim {
namespace {

class SimulationTest : public testing::Test {
 protected:
  void SetUp() override { set_log_level(LogLevel::kNothing); }
  void TearDown() override { set_log_level(LogLevel::kNotice); }
};

TEST_F(SimulationTest, FindsNothingInTheSeedsThatOnceFailed) {
  std::ifstream seeds(LEAT_SIM_SEEDS);
  ASSERT_TRUE(seeds.is_open());
  for (std::string line; std::getline(seeds, line);) {
    std::istringstream words(line);
    uint64_t seed = 0;
    if (!(words >> seed)) continue;
    EXPECT_EQ(Simulation(seed).run(), "") << line;
  }
}

TEST_F(SimulationTest, FindsNothingInFreshSeeds) {
  constexpr uint64_t kSeeds = 60;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    EXPECT_EQ(Simulation(seed).run(), "") << "./dev sim --seed " << seed << " --trace";
  }
}

TEST_F(SimulationTest, DoesTheSameTwiceForOneSeed) {
  constexpr uint64_t kSeeds = 30;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Simulation first(seed);
    Simulation second(seed);
    EXPECT_EQ(first.run(), second.run());
    EXPECT_EQ(first.trace_hash(), second.trace_hash()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace leat::sim
