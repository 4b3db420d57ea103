#include "bench/comparison.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace leat::bench {
namespace {

constexpr std::array<std::pair<Product, Product>, 2> kRatios = {
    {{Product::kLeat, Product::kRedis}, {Product::kNull, Product::kRedis}}};

std::vector<Measurement> all_rounds(const Comparison& comparison) {
  std::vector<Measurement> all;
  for (const Runs& runs : comparison.servers) {
    all.insert(all.end(), runs.rounds.begin(), runs.rounds.end());
  }
  return all;
}

std::string ratio_name(Product over, Product under) {
  return fmt::format("{}/{}", name_of(over), name_of(under));
}

}  // namespace

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

const Runs* Comparison::find(Product product) const {
  const auto found = std::ranges::find(servers, product, &Runs::product);
  return found == servers.end() ? nullptr : &*found;
}

std::optional<double> Comparison::figure(Product product, const Metric& metric) const {
  const Runs* runs = find(product);
  std::vector<double> values;
  if (runs == nullptr) return std::nullopt;
  for (const Measurement& round : runs->rounds) {
    if (const auto value = metric.of(round)) values.push_back(*value);
  }
  return median(std::move(values));
}

std::optional<double> Comparison::ratio(Product over, Product under, const Metric& metric) const {
  const Runs* top = find(over);
  const Runs* bottom = find(under);
  if (top == nullptr || bottom == nullptr) return std::nullopt;
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(top->rounds.size(), bottom->rounds.size()); ++i) {
    const auto above = metric.of(top->rounds[i]);
    const auto below = metric.of(bottom->rounds[i]);
    if (above && below && *below > 0) ratios.push_back(*above / *below);
  }
  return median(std::move(ratios));
}

std::string table(const Comparison& comparison) {
  const auto rounds = all_rounds(comparison);
  const auto shown = metrics_present(rounds);
  const auto [quietest, busiest] = std::ranges::minmax(rounds, {}, &Measurement::load);
  const Workload& workload = comparison.workload;
  std::string text = fmt::format(
      "{} mode={}: {} connections, {} x {} bytes; median of {} rounds, load {:.2f}..{:.2f}\n",
      label(workload), name_of(comparison.durability), workload.connections, workload.fields,
      workload.value_size, comparison.servers.front().rounds.size(), quietest.load, busiest.load);
  text += table_heading(shown);
  for (const Runs& runs : comparison.servers) {
    std::vector<std::optional<double>> values;
    values.reserve(shown.size());
    for (const Metric* metric : shown) values.push_back(comparison.figure(runs.product, *metric));
    text += table_row(name_of(runs.product), values, shown);
  }
  for (const auto& [over, under] : kRatios) {
    std::vector<std::optional<double>> ratios;
    ratios.reserve(shown.size());
    for (const Metric* metric : shown) ratios.push_back(comparison.ratio(over, under, *metric));
    const bool any =
        std::ranges::any_of(ratios, [](const auto& ratio) { return ratio.has_value(); });
    if (any) text += ratio_row(ratio_name(over, under), ratios);
  }
  return text + doubts(rounds, usable_cores().size()) + "\n";
}

std::string json_ratios(const Comparison& comparison) {
  std::string text =
      fmt::format(R"({{"mode":{},"workload":{})", json_string(name_of(comparison.durability)),
                  json_string(label(comparison.workload)));
  for (const auto& [over, under] : kRatios) {
    fmt::format_to(std::back_inserter(text), ",{}:{{", json_string(ratio_name(over, under)));
    const char* comma = "";
    for (const Metric& metric : metrics()) {
      const auto ratio = comparison.ratio(over, under, metric);
      fmt::format_to(std::back_inserter(text), "{}\"{}\":{}", std::exchange(comma, ","),
                     metric.name, ratio ? fmt::format("{:.4f}", *ratio) : "null");
    }
    text += "}";
  }
  return text + "}";
}

}  // namespace leat::bench
