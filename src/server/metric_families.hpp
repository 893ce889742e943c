// SPDX-License-Identifier: Apache-2.0
// Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats): families,
// each with its HELP, TYPE and samples. Pure. Not prometheus-cpp: Debian has that without a static
// library, which a board's weftd needs, and with a web server and curl behind it; its counters are
// doubles.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace weft::server {

class MetricFamilies {
  public:
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    /// Samples that follow are of this family; one without any is left out. `name`: of the format's
    /// characters; a counter's ends in _total.
    void counter(std::string_view name, std::string_view help) { begin(name, help, "counter"); }
    void gauge(std::string_view name, std::string_view help) { begin(name, help, "gauge"); }

    /// Whole, up to 2^64.
    void add(Labels labels, std::uint64_t value);
    void add(Labels labels, double value);
    void add(std::uint64_t value) { add({}, value); }
    void add(double value) { add({}, value); }

    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    void begin(std::string_view name, std::string_view help, std::string_view type);
    void add_text(Labels labels, std::string_view value);

    std::string text_;
    std::string name_;
    std::string head_;  // not written yet
};

}  // namespace weft::server
