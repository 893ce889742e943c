// SPDX-License-Identifier: Apache-2.0
// GET /v1/check: what was looked at on the node, and what is wrong with it.
//
//   {"api":"weft/v1","checks":[{"name","state":"ok|warning|error|skipped","detail","remedy"}]}
//
// New names and keys may come; none changes its meaning.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <weft/base/result.hpp>

namespace weft::api {

struct Check {
    std::string name;
    std::string state;   ///< "ok" | "warning" | "error" | "skipped"
    std::string detail;  ///< what was found, a clause
    std::string remedy;  ///< a command or a setting; "" where nothing is to be done
};

[[nodiscard]] std::string to_json(const std::vector<Check>& checks);
[[nodiscard]] Result<std::vector<Check>> parse_checks(std::string_view text);

/// Those that are neither ok nor skipped.
[[nodiscard]] std::size_t count_failed(const std::vector<Check>& checks);

}  // namespace weft::api
