// SLOWLOG and LATENCY.
#include <algorithm>

#include <fmt/format.h>

#include "base/numbers.h"
#include "base/time.h"
#include "command/command_table.h"
#include "command/dispatcher.h"
#include "command/latency_events.h"
#include "command/server_commands.h"
#include "command/slow_log.h"
#include "command/subcommands.h"

namespace leat {
namespace {

constexpr int64_t kShownByDefault = 10;
constexpr size_t kGraphHeight = 4;

LatencyEvents& events(Context& context) {
  return context.host().node().latency_events();
}

// One line of a picture per step of height, the highest first; one column per sample.
std::string graph_of(Bytes name, const LatencyEvents::Event& event) {
  int64_t low = event.samples.front().latency_ms;
  int64_t high = low;
  for (const LatencySample& sample : event.samples) {
    low = std::min(low, sample.latency_ms);
    high = std::max(high, sample.latency_ms);
  }
  std::string text = fmt::format("{} - high {} ms, low {} ms (all time high {} ms)\n", name, high,
                                 low, event.max_ms);
  for (size_t row = kGraphHeight; row > 0; --row) {
    for (const LatencySample& sample : event.samples) {
      const int64_t step = (sample.latency_ms - low) * static_cast<int64_t>(kGraphHeight - 1);
      const size_t height = 1 + static_cast<size_t>(high == low ? 0 : step / (high - low));
      text += height >= row ? '#' : ' ';
    }
    text += '\n';
  }
  return text;
}

// Counts of calls that took at most 1, 2, 4 ... microseconds, until all are counted.
void reply_histogram(ReplyWriter& reply, const LatencyHistogram& histogram) {
  const size_t mark = reply.begin();
  size_t pairs = 0;
  for (uint64_t us = 1; us != 0; us *= 2) {
    const uint64_t below = histogram.below(us * kNsPerUs);
    if (below == 0) continue;
    reply.integer(static_cast<int64_t>(us));
    reply.integer(static_cast<int64_t>(below));
    ++pairs;
    if (below == histogram.total()) break;
  }
  reply.end_map(mark, pairs);
}

}  // namespace

// SLOWLOG GET [count]  ->  array, newest first: id, Unix time, microseconds, words, address, client's name.
// Source: redis.io/docs/latest/commands/slowlog-get
void cmd_slowlog_get(Context& context, const Arguments& words) {
  if (words.size() > 3) return reply_subcommand_error(context, words);
  int64_t count = kShownByDefault;
  if (words.size() == 3) {
    const auto asked = parse_int64(words[2]);
    if (!asked || *asked < -1) {
      return context.error("ERR count should be greater than or equal to -1");
    }
    count = *asked;
  }
  const auto& commands = context.host().node().slow_log().commands();
  const size_t shown =
      count < 0 ? commands.size() : std::min(commands.size(), static_cast<size_t>(count));
  ReplyWriter& reply = context.reply();
  reply.array(shown);
  for (size_t i = 0; i < shown; ++i) {
    const SlowCommand& command = commands[i];
    reply.array(6);
    reply.integer(static_cast<int64_t>(command.id));
    reply.integer(command.time_s);
    reply.integer(command.duration_us);
    reply.array(command.words.size());
    for (const std::string& word : command.words) reply.bulk(word);
    reply.bulk(command.peer);
    reply.bulk(command.client_name);
  }
}

// SLOWLOG LEN  ->  integer
void cmd_slowlog_len(Context& context, const Arguments& /*words*/) {
  context.reply().integer(static_cast<int64_t>(context.host().node().slow_log().commands().size()));
}

// SLOWLOG RESET  ->  OK
void cmd_slowlog_reset(Context& context, const Arguments& /*words*/) {
  context.host().node().slow_log().clear();
  context.reply().ok();
}

void cmd_slowlog_help(Context& context, const Arguments& words) {
  static constexpr Bytes kLines[] = {
      "GET [<count>]", "    Replies the slowest commands lately, newest first (10; -1: all).",
      "LEN",           "    Replies how many there are.",
      "RESET",         "    Forgets them.",
  };
  reply_help(context, words, kLines);
}

// LATENCY LATEST  ->  array: event, Unix time and milliseconds of the latest, worst milliseconds.
// Source: redis.io/docs/latest/commands/latency-latest
void cmd_latency_latest(Context& context, const Arguments& /*words*/) {
  ReplyWriter& reply = context.reply();
  reply.array(events(context).events().size());
  for (const auto& [name, event] : events(context).events()) {
    reply.array(4);
    reply.bulk(name);
    reply.integer(event.samples.back().time_s);
    reply.integer(event.samples.back().latency_ms);
    reply.integer(event.max_ms);
  }
}

// LATENCY HISTORY event  ->  array of [Unix time, milliseconds], oldest first.
// Source: redis.io/docs/latest/commands/latency-history
void cmd_latency_history(Context& context, const Arguments& words) {
  const LatencyEvents::Event* const event = events(context).find(words[2]);
  if (event == nullptr) return context.reply().array(0);
  context.reply().array(event->samples.size());
  for (const LatencySample& sample : event->samples) {
    context.reply().array(2);
    context.reply().integer(sample.time_s);
    context.reply().integer(sample.latency_ms);
  }
}

// LATENCY RESET [event ...]  ->  integer: how many events were forgotten.
void cmd_latency_reset(Context& context, const Arguments& words) {
  size_t count = 0;
  if (words.size() == 2) count = events(context).reset();
  for (size_t i = 2; i < words.size(); ++i) count += events(context).reset(words[i]) ? 1U : 0U;
  context.reply().integer(static_cast<int64_t>(count));
}

// LATENCY GRAPH event  ->  verbatim string: a picture of its history.
void cmd_latency_graph(Context& context, const Arguments& words) {
  const LatencyEvents::Event* const event = events(context).find(words[2]);
  if (event == nullptr) {
    return context.error(
        fmt::format("ERR No samples available for event '{}'", words[2].substr(0, kQuotedMax)));
  }
  context.reply().verbatim("txt", graph_of(words[2], *event));
}

// LATENCY DOCTOR  ->  verbatim string for humans.
void cmd_latency_doctor(Context& context, const Arguments& /*words*/) {
  std::string text;
  if (context.settings().latency_threshold_ms == 0) {
    text =
        "Latency is not monitored. To have slow events noted: CONFIG SET "
        "latency-monitor-threshold <milliseconds>.\n";
  } else if (events(context).events().empty()) {
    text = fmt::format("Nothing has taken {} ms or longer.\n",
                       context.settings().latency_threshold_ms);
  }
  for (const auto& [name, event] : events(context).events()) {
    int64_t sum = 0;
    for (const LatencySample& sample : event.samples) sum += sample.latency_ms;
    text += fmt::format(
        "{}: {} slow seconds, {} ms on average, worst {} ms. SLOWLOG GET shows commands.\n", name,
        event.samples.size(), sum / static_cast<int64_t>(event.samples.size()), event.max_ms);
  }
  context.reply().verbatim("txt", text);
}

// LATENCY HISTOGRAM [command ...]  ->  map: command to calls and how many took at most how long.
// Source: redis.io/docs/latest/commands/latency-histogram
void cmd_latency_histogram(Context& context, const Arguments& words) {
  std::vector<std::pair<std::string_view, const CommandStatistics*>> shown;
  for (const auto& [spec, statistics] : context.dispatcher().statistics().commands()) {
    const std::string_view name = full_name(*spec);
    bool wanted = words.size() == 2;
    for (size_t i = 2; i < words.size(); ++i) {
      // A container stands for its subcommands.
      const Bytes word = words[i];
      wanted = wanted || same_word(word, name) ||
               (name.size() > word.size() && name[word.size()] == '|' &&
                same_word(word, name.substr(0, word.size())));
    }
    if (wanted && statistics.latencies != nullptr) shown.emplace_back(name, &statistics);
  }
  std::sort(shown.begin(), shown.end());
  ReplyWriter& reply = context.reply();
  reply.map(shown.size());
  for (const auto& [name, statistics] : shown) {
    reply.bulk(name);
    reply.map(2);
    reply.bulk("calls");
    reply.integer(static_cast<int64_t>(statistics->latencies->total()));
    reply.bulk("histogram_usec");
    reply_histogram(reply, *statistics->latencies);
  }
}

void cmd_latency_help(Context& context, const Arguments& words) {
  static constexpr Bytes kLines[] = {
      "DOCTOR",
      "    Says in words what was slow.",
      "GRAPH <event>",
      "    Draws the history of an event.",
      "HISTOGRAM [<command> ...]",
      "    Replies how long commands took.",
      "HISTORY <event>",
      "    Replies times and latencies of an event.",
      "LATEST",
      "    Replies the latest and the worst latency of every event.",
      "RESET [<event> ...]",
      "    Forgets events.",
  };
  reply_help(context, words, kLines);
}

}  // namespace leat
