// hiredis, the C library below many others, unchanged: every stream command in RESP2.
//
// A test is a list of commands with what the reply must look like. A reply is written as text ("bulk strings" in
// quotes, +status, -error, integers, nil, (arrays) in parentheses) and compared with fnmatch(3): * stands for any text.

#include <fnmatch.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 24
#define TEXT_MAX 16384

struct Step {
  const char* command;
  const char* reply;
};

struct Test {
  const char* name;
  struct Step steps[STEPS_MAX];
};

#define ENTRY_1 "(\"1-1\" (\"n\" \"1\"))"
#define ENTRY_2 "(\"2-1\" (\"n\" \"2\"))"
#define ENTRY_3 "(\"3-1\" (\"n\" \"3\"))"
#define THREE_ENTRIES \
  {"XADD s 1-1 n 1", "\"1-1\""}, {"XADD s 2-1 n 2", "\"2-1\""}, {"XADD s 3-1 n 3", "\"3-1\""}
#define GROUP_WITH_PENDING                                                                     \
  THREE_ENTRIES, {"XGROUP CREATE s g 0", "+OK"},                                               \
      {"XREADGROUP GROUP g alice COUNT 2 STREAMS s >", "((\"s\" (" ENTRY_1 " " ENTRY_2 ")))"}, \
      {"XREADGROUP GROUP g bob COUNT 1 STREAMS s >", "((\"s\" (" ENTRY_3 ")))"}

static const struct Test kTests[] = {
    {"XADD",
     {{"XADD s 5-5 name Sara surname OConnor", "\"5-5\""},
      {"XADD s 5-* name Ann", "\"5-6\""},
      {"XADD s * name Bo", "\"*-0\""},
      {"XADD s 1-1 n 1",
       "-ERR The ID specified in XADD is equal or smaller than the target stream top item"},
      {"XADD none NOMKSTREAM * n 1", "nil"},
      {"XADD s *", "-ERR wrong number of arguments for 'xadd' command"},
      {"XADD s MAXLEN 2 * n 1", "\"*\""},
      {"XLEN s", "2"}}},
    {"XRANGE and XREVRANGE",
     {{"XRANGE s - +", "()"},
      THREE_ENTRIES,
      {"XRANGE s - +", "(" ENTRY_1 " " ENTRY_2 " " ENTRY_3 ")"},
      {"XRANGE s (1-1 + COUNT 1", "(" ENTRY_2 ")"},
      {"XREVRANGE s + - COUNT 1", "(" ENTRY_3 ")"},
      {"XRANGE s - + COUNT 0", "nil"},
      {"XRANGE s x +", "-ERR Invalid stream ID specified as stream command argument"}}},
    {"XDEL and XTRIM",
     {THREE_ENTRIES,
      {"XDEL s 2-1 9-9", "1"},
      {"XTRIM s MAXLEN 1", "1"},
      {"XRANGE s - +", "(" ENTRY_3 ")"},
      {"XTRIM s MINID = 4", "1"},
      {"TYPE s", "+stream"}}},
    {"XREAD",
     {THREE_ENTRIES,
      {"XADD t 7-0 a b", "\"7-0\""},
      {"XREAD COUNT 1 STREAMS s t 2-1 0",
       "((\"s\" (" ENTRY_3 ")) (\"t\" ((\"7-0\" (\"a\" \"b\")))))"},
      {"XREAD STREAMS s $", "nil"},
      {"XREAD BLOCK 10 STREAMS s $", "nil"}}},
    {"XGROUP",
     {{"XGROUP CREATE s g $", "-ERR The XGROUP subcommand requires the key to exist.*"},
      {"XGROUP CREATE s g $ MKSTREAM", "+OK"},
      {"XGROUP CREATE s g $", "-BUSYGROUP Consumer Group name already exists"},
      {"XGROUP CREATECONSUMER s g alice", "1"},
      {"XGROUP CREATECONSUMER s g alice", "0"},
      {"XGROUP SETID s g 0", "+OK"},
      {"XGROUP DELCONSUMER s g alice", "0"},
      {"XGROUP DESTROY s g", "1"},
      {"XGROUP DESTROY s g", "0"},
      {"XGROUP HELP", "(+XGROUP <subcommand> *)"}}},
    {"XREADGROUP",
     {GROUP_WITH_PENDING,
      {"XREADGROUP GROUP g bob STREAMS s >", "nil"},
      {"XREADGROUP GROUP g bob BLOCK 10 STREAMS s >", "nil"},
      {"XREADGROUP GROUP g bob STREAMS s 0", "((\"s\" (" ENTRY_3 ")))"},
      {"XREADGROUP GROUP g carol STREAMS s 0", "((\"s\" ()))"},
      {"XDEL s 3-1", "1"},
      {"XREADGROUP GROUP g bob STREAMS s 0", "((\"s\" ((\"3-1\" nil))))"},
      {"XREADGROUP GROUP none bob STREAMS s >", "-NOGROUP *"}}},
    {"XACK and XPENDING",
     {GROUP_WITH_PENDING,
      {"XPENDING s g", "(3 \"1-1\" \"3-1\" ((\"alice\" \"2\") (\"bob\" \"1\")))"},
      {"XPENDING s g - + 10 bob", "((\"3-1\" \"bob\" * 1))"},
      {"XPENDING s g IDLE 3600000 - + 10", "()"},
      {"XACK s g 1-1 2-1 9-9", "2"},
      {"XACK s g 3-1", "1"},
      {"XPENDING s g", "(0 nil nil nil)"}}},
    {"XCLAIM",
     {GROUP_WITH_PENDING,
      {"XCLAIM s g bob 3600000 1-1", "()"},
      {"XCLAIM s g bob 0 1-1", "(" ENTRY_1 ")"},
      {"XCLAIM s g bob 0 1-1 2-1 JUSTID", "(\"1-1\" \"2-1\")"},
      {"XCLAIM s g carol 0 2-1 RETRYCOUNT 7 JUSTID", "(\"2-1\")"},
      {"XPENDING s g - + 10 carol", "((\"2-1\" \"carol\" * 7))"}}},
    {"XAUTOCLAIM",
     {GROUP_WITH_PENDING,
      {"XAUTOCLAIM s g carol 0 0 COUNT 1", "(\"2-1\" (" ENTRY_1 ") ())"},
      {"XAUTOCLAIM s g carol 0 2-1 JUSTID", "(\"0-0\" (\"2-1\" \"3-1\") ())"},
      {"XDEL s 2-1", "1"},
      {"XAUTOCLAIM s g dora 0 2-1", "(\"0-0\" (" ENTRY_3 ") (\"2-1\"))"}}},
    {"XINFO",
     {GROUP_WITH_PENDING,
      {"XINFO STREAM s",
       "(\"length\" 3 *\"last-generated-id\" \"3-1\" *\"groups\" 1 \"first-entry\" " ENTRY_1 "*)"},
      {"XINFO STREAM s FULL COUNT 1",
       "(\"length\" 3 *\"entries\" (" ENTRY_1 ") \"groups\" ((\"name\" \"g\" *)))"},
      {"XINFO GROUPS s",
       "((\"name\" \"g\" \"consumers\" 2 \"pending\" 3 \"last-delivered-id\" \"3-1\" *))"},
      {"XINFO CONSUMERS s g",
       "((\"name\" \"alice\" \"pending\" 2 *) (\"name\" \"bob\" \"pending\" 1 *))"},
      {"XINFO STREAM none", "-ERR no such key"}}},
    {"XSETID",
     {THREE_ENTRIES,
      {"XSETID s 10-0 ENTRIESADDED 12 MAXDELETEDID 9-0", "+OK"},
      {"XADD s 10-* n 4", "\"10-1\""}}},
    {"MULTI and EXEC",
     {{"MULTI", "+OK"},
      {"XADD s 1-1 n 1", "+QUEUED"},
      {"XLEN s", "+QUEUED"},
      {"XFOO s", "-ERR unknown command*"},
      {"EXEC", "-EXECABORT *"},
      {"MULTI", "+OK"},
      {"XADD s 1-1 n 1", "+QUEUED"},
      {"XADD s 1-1 n 1", "+QUEUED"},
      {"EXEC", "(\"1-1\" -ERR The ID specified*)"}}},
};

// Appends to a text of TEXT_MAX bytes; what does not fit is cut off.
static void append(char* text, const char* part, size_t size) {
  size_t used = strlen(text);
  if (size > TEXT_MAX - used - 1) size = TEXT_MAX - used - 1;
  memcpy(text + used, part, size);
  text[used + size] = '\0';
}

static void write_reply(char* text, const redisReply* reply) {
  char number[32];
  switch (reply->type) {
    case REDIS_REPLY_STATUS:
      append(text, "+", 1);
      append(text, reply->str, reply->len);
      break;
    case REDIS_REPLY_ERROR:
      append(text, "-", 1);
      append(text, reply->str, reply->len);
      break;
    case REDIS_REPLY_NIL:
      append(text, "nil", 3);
      break;
    case REDIS_REPLY_INTEGER:
      append(text, number, (size_t)snprintf(number, sizeof number, "%lld", reply->integer));
      break;
    case REDIS_REPLY_STRING:
      append(text, "\"", 1);
      append(text, reply->str, reply->len);
      append(text, "\"", 1);
      break;
    default:
      append(text, "(", 1);
      for (size_t i = 0; i < reply->elements; ++i) {
        if (i > 0) append(text, " ", 1);
        write_reply(text, reply->element[i]);
      }
      append(text, ")", 1);
  }
}

static redisContext* connect_to_server(void) {
  redisContext* context = redisConnect("127.0.0.1", atoi(getenv("SERVER_PORT")));
  if (context == NULL || context->err) {
    fprintf(stderr, "no connection: %s\n", context ? context->errstr : "out of memory");
    exit(1);
  }
  redisSetTimeout(context, (struct timeval){10, 0});
  return context;
}

// Returns 1 if the reply, which it frees, looks as expected; otherwise reports why not.
static int is_as_expected(const char* name, const char* command, redisReply* reply,
                          const char* expected) {
  static char text[TEXT_MAX];
  strcpy(text, reply ? "" : "no reply");
  if (reply) write_reply(text, reply);
  freeReplyObject(reply);
  if (fnmatch(expected, text, 0) == 0) return 1;
  printf("not ok %s: %s answered %s instead of %s\n", name, command, text, expected);
  return 0;
}

static void run(redisContext* context, const struct Test* test, const char* name) {
  for (const struct Step* step = test->steps; step < test->steps + STEPS_MAX && step->command;
       ++step) {
    if (!is_as_expected(name, step->command, redisCommand(context, step->command), step->reply))
      return;
  }
  printf("ok %s\n", name);
}

// 1,000 commands written at once, their replies read one by one.
static void run_pipeline(redisContext* context, const char* name) {
  for (int i = 1; i <= 1000; ++i) redisAppendCommand(context, "XADD s %d-0 n %d", i, i);
  char id[32];
  for (int i = 1; i <= 1000; ++i) {
    redisReply* reply = NULL;
    redisGetReply(context, (void**)&reply);
    snprintf(id, sizeof id, "\"%d-0\"", i);
    if (!is_as_expected(name, "XADD in the pipeline", reply, id)) return;
  }
  if (is_as_expected(name, "XLEN", redisCommand(context, "XLEN s"), "1000"))
    printf("ok %s\n", name);
}

// A value with every byte, sent by length and found again.
static void run_binary(redisContext* context, const char* name) {
  char bytes[256];
  for (int i = 0; i < 256; ++i) bytes[i] = (char)i;
  if (!is_as_expected(name, "XADD", redisCommand(context, "XADD s 1-1 raw %b", bytes, sizeof bytes),
                      "\"1-1\""))
    return;
  redisReply* reply = redisCommand(context, "XRANGE s - +");
  int found = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 1;
  const redisReply* value = found ? reply->element[0]->element[1]->element[1] : NULL;
  int same = value && value->len == sizeof bytes && memcmp(value->str, bytes, sizeof bytes) == 0;
  freeReplyObject(reply);
  printf(same ? "ok %s\n" : "not ok %s: the value came back different\n", name);
}

// A reader blocks on one connection; an entry is added on another.
static void run_blocking(redisContext* context, const char* name) {
  redisContext* reader = connect_to_server();
  int done = 0;
  redisAppendCommand(reader, "XREAD BLOCK 5000 STREAMS s 0");
  while (!done) redisBufferWrite(reader, &done);
  redisReply* reply = redisCommand(context, "XADD s 1-1 n 1");
  redisReply* answer = NULL;
  redisGetReply(reader, (void**)&answer);
  if (is_as_expected(name, "XADD", reply, "\"1-1\"") &&
      is_as_expected(name, "XREAD", answer, "((\"s\" (" ENTRY_1 ")))")) {
    printf("ok %s\n", name);
  }
  redisFree(reader);
}

// Gives the name of a test if it is selected, after emptying the server; otherwise NULL.
static const char* begin(redisContext* context, const char* test) {
  static char name[128];
  const char* only = getenv("ONLY");
  snprintf(name, sizeof name, "hiredis: %s", test);
  if (only && !strstr(name, only)) return NULL;
  freeReplyObject(redisCommand(context, "FLUSHALL"));
  return name;
}

int main(void) {
  redisContext* context = connect_to_server();
  const char* name;
  for (size_t i = 0; i < sizeof kTests / sizeof kTests[0]; ++i) {
    if ((name = begin(context, kTests[i].name))) run(context, &kTests[i], name);
  }
  if ((name = begin(context, "pipeline"))) run_pipeline(context, name);
  if ((name = begin(context, "binary value"))) run_binary(context, name);
  if ((name = begin(context, "XREAD that blocks"))) run_blocking(context, name);
  redisFree(context);
  return 0;
}
