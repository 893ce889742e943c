// SPDX-License-Identifier: Apache-2.0
// What this process takes of the machine: proc(5), getrusage(2). Control thread.
#pragma once

#include <cstdint>
#include <optional>

namespace weft::server {

struct ProcessUsage {
    double cpu_seconds = 0;  // of all threads
    // Nothing where /proc does not tell.
    std::optional<std::uint64_t> resident_bytes;
    std::optional<std::uint64_t> virtual_bytes;
    std::optional<std::uint64_t> open_descriptors;
    std::optional<std::uint64_t> descriptors_max;
    std::optional<double> started_seconds;  // Unix time
};

[[nodiscard]] ProcessUsage process_usage();

}  // namespace weft::server
