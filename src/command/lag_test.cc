// The lag of a group is exact whatever happens to the stream: random commands against a count by hand.
#include "command/command_fixture.h"
#include "engine/stream_plan.h"

namespace leat {
namespace {

uint64_t count_behind(const Stream& stream, StreamId id) {
  uint64_t count = 0;
  for (auto cursor = stream.seek(StreamId::min()); !cursor.done(); cursor.advance()) {
    if (cursor.entry().id > id) ++count;
  }
  return count;
}

class LagTest : public CommandFixture, public ::testing::WithParamInterface<int> {
 protected:
  void SetUp() override { host().change_settings().stream_node_max_entries = 4; }

  uint64_t random(uint64_t below) { return random_() % below; }
  std::string random_id() {
    return std::to_string(random(60)) + (random(2) == 0 ? "" : "-" + std::to_string(random(4)));
  }
  std::string random_group() { return "g" + std::to_string(random(4)); }
  std::string group_position() {
    constexpr const char* kWords[] = {"$", "-", "+"};
    const uint64_t choice = random(8);
    return choice < 3 ? kWords[choice] : random_id();
  }

  std::string random_command() {
    switch (random(12)) {
      case 0:
      case 1:
        return "XADD s " + random_id() + " f v";
      case 2:
        return "XADD s " + std::to_string(random(60)) + "-* f v";
      case 3:
        return "XDEL s " + random_id() + " " + random_id() + " " + random_id();
      case 4:
        return "XTRIM s MAXLEN " + std::to_string(random(30));
      case 5:
        return "XTRIM s MAXLEN ~ " + std::to_string(random(12));
      case 6:
        return "XTRIM s MINID " + random_id();
      case 7:
        return "XGROUP CREATE s " + random_group() + " " + random_id() + " MKSTREAM";
      case 8:
        return "XGROUP SETID s " + random_group() + " " + group_position();
      case 9:
        return "XSETID s " + random_id();
      case 10:
        return random(4) == 0 ? "XGROUP DESTROY s " + random_group() : "COPY s t REPLACE";
      default:
        return read_command();
    }
  }
  std::string read_command() {
    if (random(4) == 0) return "XCLAIM s " + random_group() + " c 0 0-0 LASTID " + random_id();
    return "XREADGROUP GROUP " + random_group() + " c COUNT " + std::to_string(1 + random(6)) +
           (random(2) == 0 ? " NOACK" : "") + " STREAMS s >";
  }

  void check(std::string_view key) {
    const Object* const object = engine().keyspace().find(DbIndex{0}, key);
    if (object == nullptr) return;
    for (const auto& [name, group] : object->stream()->groups().by_name()) {
      ASSERT_EQ(lag_of(*object->stream(), *group),
                count_behind(*object->stream(), group->last_delivered))
          << name << " of " << key;
    }
  }

 private:
  std::mt19937_64 random_{static_cast<uint64_t>(GetParam())};
};

TEST_P(LagTest, IsWhatACountByHandGives) {
  for (int i = 0; i < 1500; ++i) {
    // Ids grow slowly towards their limit; a stream made anew has room again.
    const std::string command = i % 200 == 199 ? "DEL s" : random_command();
    run(command);
    check("s");
    check("t");
    ASSERT_FALSE(HasFailure()) << "after command " << i << ": " << command;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, LagTest, ::testing::Range(1, 9));

using LagExampleTest = CommandFixture;

TEST_F(LagExampleTest, CountsWhatIsAppendedBehindAGroup) {
  run("XGROUP CREATE s g 10 MKSTREAM");
  run("XADD s 5-1 f v");
  EXPECT_EQ(lag_of(stream("s"), *stream("s").groups().find("g")), 0);
  run("XADD s 11-1 f v");
  EXPECT_EQ(lag_of(stream("s"), *stream("s").groups().find("g")), 1);
}

TEST_F(LagExampleTest, CountsWhatIsAppendedAfterTheLastIdWasSetBack) {
  run("XADD s 5-1 f v");
  run("XGROUP CREATE s g $");
  run("XTRIM s MAXLEN 0");
  run("XSETID s 1-1");
  run("XADD s 2-1 f v");
  EXPECT_EQ(lag_of(stream("s"), *stream("s").groups().find("g")), 0);
  run("XADD s 6-1 f v");
  EXPECT_EQ(lag_of(stream("s"), *stream("s").groups().find("g")), 1);
}

// A counter that tombstones made unknown is null; the lag beside it is not.
TEST_F(LagExampleTest, IsKnownWhereTheCounterIsNot) {
  for (int i = 1; i <= 5; ++i) run("XADD s " + std::to_string(i) + "-1 f v");
  run("XGROUP CREATE s g 2-1");
  expect({
      {"XDEL s 4-1", ":1"},
      {"XINFO GROUPS s",
       "[[name g consumers :0 pending :0 last-delivered-id 2-1 entries-read nil lag :2]]"},
      {"XREADGROUP GROUP g c COUNT 1 NOACK STREAMS s >", "[[s [[3-1 [f v]]]]]"},
      {"XINFO GROUPS s",
       "[[name g consumers :1 pending :0 last-delivered-id 3-1 entries-read nil lag :1]]"},
      {"XREADGROUP GROUP g c NOACK STREAMS s >", "[[s [[5-1 [f v]]]]]"},
      {"XINFO GROUPS s",
       "[[name g consumers :1 pending :0 last-delivered-id 5-1 entries-read :5 lag :0]]"},
  });
}

}  // namespace
}  // namespace leat
