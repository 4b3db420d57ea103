// DUMP and RESTORE: what comes back is what there was, sealed entries and replay included.
#include "command/command_fixture.h"
#include "rdb/payload.h"

namespace leat {
namespace {

class DumpTest : public CommandFixture {
 protected:
  // The payload as DUMP replies it; empty without the key.
  std::string dump(const std::string& key) {
    const std::string shown = run_words("main", {"DUMP", key});
    return shown == "nil" ? "" : shown;
  }
  std::string restore(const std::string& key, const std::string& payload,
                      const std::vector<std::string>& options = {}) {
    std::vector<std::string> words = {"RESTORE", key, "0", payload};
    words.insert(words.end(), options.begin(), options.end());
    return run_words("main", words);
  }
  // Everything that XINFO says of the stream.
  std::string described(const std::string& key) {
    return run("XINFO STREAM " + key + " FULL COUNT 0");
  }
};

TEST_F(DumpTest, AStreamComesBackWithAllThatItHas) {
  host().change_settings().stream_node_max_entries = 3;
  for (int i = 1; i <= 20; ++i) run("XADD s " + std::to_string(i) + "-1 f " + std::to_string(i));
  run("XADD s 20-7 g 1 h 2");
  run("XDEL s 2-1 20-1");
  run("XTRIM s MINID 2");
  run("XGROUP CREATE s g 0");
  run("XGROUP CREATE s late 9-1");
  run("XGROUP CREATECONSUMER s g idle");
  run("XREADGROUP GROUP g c COUNT 5 STREAMS s >");
  advance_ms(7);
  run("XREADGROUP GROUP g d COUNT 5 STREAMS s >");
  run("XACK s g 4-1");
  run("XDEL s 6-1");
  run("XNACK s g FAIL IDS 1 8-1");
  run("XNACK s g FATAL IDS 1 5-1");
  run("XADD s IDMP q j * f v");
  run("XADD s IDMP p i * f v");
  run("XADD s IDMP p i * f v");
  run("XCFGSET s MAXLEN 50 IDMP-MAXSIZE 70");
  run("XADD s IDMP p k * f v");
  run("XADD s IDMP p i * f v");
  run("XADD s IDMP p i * f v");
  const std::string payload = dump("s");
  EXPECT_EQ(restore("t", payload), "+OK");
  EXPECT_EQ(described("t"), described("s"));
  EXPECT_EQ(dump("t"), payload);
  EXPECT_EQ(run("XADD t IDMP p i * f v"), run("XADD s IDMP p i * f v"));
  EXPECT_EQ(run("XREADGROUP GROUP late c COUNT 3 STREAMS t >"),
            "[[t " + run("XRANGE s (9-1 + COUNT 3") + "]]");
  // Nodes stay nodes.
  EXPECT_EQ(run("XTRIM t MAXLEN ~ 9"), run("XTRIM s MAXLEN ~ 9"));
}

TEST_F(DumpTest, OtherValuesComeBack) {
  run("SET string value");
  run("HSET hash f 1 g 2");
  run("SADD set x y z");
  for (const char* key : {"string", "hash", "set"}) {
    const std::string payload = dump(key);
    EXPECT_EQ(restore("copy", payload, {"REPLACE"}), "+OK");
    EXPECT_EQ(dump("copy"), payload);
  }
  EXPECT_EQ(dump("none"), "");
}

TEST_F(DumpTest, WhatIsRefusedChangesNothing) {
  run("SET s v");
  const std::string payload = dump("s");
  EXPECT_EQ(restore("s", payload), "-BUSYKEY Target key name already exists.");
  EXPECT_EQ(restore("s", "x" + payload, {"REPLACE"}),
            "-ERR DUMP payload version or checksum are wrong");
  EXPECT_EQ(restore("s", sealed_payload("\x01\x01\x01v", 10), {"REPLACE"}), "-ERR Bad data format");
  EXPECT_EQ(run("GET s"), "v");
}

TEST_F(DumpTest, TheTimeToLive) {
  run("SET s v");
  const std::string payload = dump("s");
  EXPECT_EQ(run_words("main", {"RESTORE", "t", "500", payload}), "+OK");
  EXPECT_EQ(run("PTTL t"), ":500");
  EXPECT_EQ(run_words("main", {"RESTORE", "t", "1000900", payload, "ABSTTL", "REPLACE"}), "+OK");
  EXPECT_EQ(run("PTTL t"), ":900");
  EXPECT_EQ(run_words("main", {"RESTORE", "t", "900", payload, "ABSTTL", "REPLACE"}), "+OK");
  EXPECT_EQ(run("EXISTS t"), ":0");
  EXPECT_EQ(run_words("main", {"RESTORE", "t", "9223372036854775807", payload}),
            "-ERR Invalid TTL value, must be >= 0");
}

// Redis 5 did not say how many entries a group has read.
TEST_F(DumpTest, AnOldStreamHasItsCountersEstimated) {
  using namespace std::string_literals;
  const std::string body = "\x0f\x00\x00\x05\x01\x02\x01g\x05\x01\x00\x00\x01h\x03\x00\x00\x00"s;
  EXPECT_EQ(restore("s", sealed_payload(body, 9)), "+OK");
  EXPECT_EQ(run("XINFO GROUPS s"),
            "[[name g consumers :0 pending :0 last-delivered-id 5-1 entries-read :0 lag :0] "
            "[name h consumers :0 pending :0 last-delivered-id 3-0 entries-read :0 lag :0]]");
}

}  // namespace
}  // namespace leat
