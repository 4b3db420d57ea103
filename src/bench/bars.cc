#include "bench/bars.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include <fmt/format.h>

namespace leat::bench {
namespace {

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const size_t end = std::min(line.find_first_of(" \t\r"), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

template <typename T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Product> product_of(std::string_view name) {
  for (const Product product : {Product::kLeat, Product::kRedis, Product::kNull}) {
    if (name == name_of(product)) return product;
  }
  return std::nullopt;
}

std::optional<uint64_t> value_of(const Workload& workload, std::string_view key) {
  if (key == "pipeline") return workload.pipeline;
  if (key == "rate") return workload.rate;
  if (key == "consumers") return workload.consumers;
  if (key == "connections") return workload.connections;
  if (key == "fields") return workload.fields;
  if (key == "value-size") return workload.value_size;
  return std::nullopt;
}

// KEY=VALUE; false when it is not one that is known.
bool take_condition(std::string_view word, Bar& bar, bool& has_mode) {
  const size_t equals = word.find('=');
  const std::string_view key = word.substr(0, equals);
  const std::string_view value = word.substr(equals + 1);
  if (key == "mode") {
    for (const Durability each : {Durability::kNone, Durability::kEverysec, Durability::kAlways}) {
      if (value != name_of(each)) continue;
      bar.durability = each;
      has_mode = true;
      return true;
    }
    return false;
  }
  const auto wanted = number<uint64_t>(value);
  if (!wanted || !value_of(Workload{}, key)) return false;
  bar.values.emplace_back(key, *wanted);
  return true;
}

bool take_subject(std::string_view word, Bar& bar) {
  const size_t slash = word.find('/');
  const auto subject = product_of(word.substr(0, slash));
  if (!subject) return false;
  bar.subject = *subject;
  if (slash == std::string_view::npos) return true;
  bar.relative_to = product_of(word.substr(slash + 1));
  return bar.relative_to.has_value();
}

bool parse_bar(std::span<const std::string_view> words, Bar& bar) {
  if (words.size() < 6) return false;
  const bool known = std::ranges::any_of(all_workloads(),
                                         [&](const Workload& row) { return row.name == words[0]; });
  bar.workload = words[0];
  bool has_mode = false;
  const size_t subject = words.size() - 4;
  for (size_t i = 1; i < subject; ++i) {
    if (words[i].find('=') == std::string_view::npos) return false;
    if (!take_condition(words[i], bar, has_mode)) return false;
  }
  bar.metric = find_metric(words[subject + 1]);
  bar.at_least = words[subject + 2] == ">=";
  const auto limit = number<double>(words[subject + 3]);
  if (!known || !has_mode || !take_subject(words[subject], bar) || bar.metric == nullptr) {
    return false;
  }
  if ((!bar.at_least && words[subject + 2] != "<=") || !limit) return false;
  bar.limit = *limit;
  return true;
}

bool holds_for(const Bar& bar, const Comparison& comparison) {
  if (bar.workload != comparison.workload.name || bar.durability != comparison.durability) {
    return false;
  }
  return std::ranges::all_of(bar.values, [&](const auto& wanted) {
    return value_of(comparison.workload, wanted.first) == wanted.second;
  });
}

Checked check_bar(const Bar& bar, std::span<const Comparison> comparisons, double margin) {
  Checked checked{.bar = &bar};
  for (const Comparison& comparison : comparisons) {
    if (!holds_for(bar, comparison)) continue;
    const auto measured = bar.relative_to
                              ? comparison.ratio(bar.subject, *bar.relative_to, *bar.metric)
                              : comparison.figure(bar.subject, *bar.metric);
    if (!measured) continue;
    const bool met = bar.at_least ? *measured >= bar.limit / (1 + margin)
                                  : *measured <= bar.limit * (1 + margin);
    const bool worse = bar.at_least ? *measured < checked.measured : *measured > checked.measured;
    if (checked.verdict == Verdict::kNotMeasured || worse) checked.measured = *measured;
    if (checked.verdict != Verdict::kMissed) {
      checked.verdict = met ? Verdict::kMet : Verdict::kMissed;
    }
  }
  return checked;
}

}  // namespace

Result<std::vector<Bar>> parse_bars(std::string_view text) {
  std::vector<Bar> bars;
  for (size_t line_number = 1; !text.empty(); ++line_number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto words = words_of(line.substr(0, line.find('#')));
    if (words.empty()) continue;
    Bar bar;
    bar.text = fmt::format("{}", fmt::join(words, " "));
    if (!parse_bar(words, bar)) {
      return failure(fmt::format(
          "line {} is not a bar: \"{}\"; a bar is WORKLOAD [KEY=VALUE]... mode=MODE SUBJECT METRIC "
          "<=|>= NUMBER",
          line_number, bar.text));
    }
    bars.push_back(std::move(bar));
  }
  return bars;
}

std::vector<Checked> check_bars(std::span<const Bar> bars, std::span<const Comparison> comparisons,
                                double margin) {
  std::vector<Checked> checked;
  for (const Bar& bar : bars) checked.push_back(check_bar(bar, comparisons, margin));
  return checked;
}

std::string describe(std::span<const Checked> checked) {
  std::string text;
  for (const Checked& each : checked) {
    const char* verdict = each.verdict == Verdict::kMet      ? "ok    "
                          : each.verdict == Verdict::kMissed ? "MISSED"
                                                             : "-     ";
    const std::string measured = each.verdict == Verdict::kNotMeasured
                                     ? "not measured"
                                     : fmt::format("measured {:.3f}", each.measured);
    fmt::format_to(std::back_inserter(text), "  {} {:<66} {}\n", verdict, each.bar->text, measured);
  }
  return text;
}

}  // namespace leat::bench
