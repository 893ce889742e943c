// SPDX-License-Identifier: Apache-2.0
// How often container runtimes have called weft-cni, over all time: the file `requests` beside the
// ledger's journal. The plugin counts itself at its end; the daemon reads. What cannot be counted
// is lost: no request fails for it, none waits long.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>

#include <weft/base/result.hpp>

namespace weft::ipam {

enum class Verb : std::uint8_t { kAdd, kDel, kCheck, kGc, kStatus };
inline constexpr std::array kVerbNames{"ADD", "DEL", "CHECK", "GC", "STATUS"};

struct RequestCount {
    std::uint64_t done = 0;
    std::uint64_t failed = 0;        // answered with an error
    std::uint64_t microseconds = 0;  // that all of these took
};
/// By Verb.
using RequestCounts = std::array<RequestCount, kVerbNames.size()>;

/// `directory` is the ledger's; where there is none, nothing is counted.
void count_request(const std::filesystem::path& directory,
                   Verb verb,
                   bool failed,
                   std::chrono::microseconds took);

/// All zero where there is no file. Errors: EBADMSG (none of weft-cni's), errno's.
[[nodiscard]] Result<RequestCounts> read_request_counts(const std::filesystem::path& directory);

}  // namespace weft::ipam
