// SPDX-License-Identifier: Apache-2.0
// The six verbs (CNI specification 1.1.0, section 2). Each returns what is to be printed on stdout,
// which may be nothing. No verb waits for the daemon: all that it says is in node.json.
#pragma once

#include <string>

#include "config.hpp"
#include "environment.hpp"
#include "failure.hpp"

namespace weft::cni {

struct Call {
    const Environment& environment;
    const Config& config;
};

/// What the ADD's undo waits for: the caller has printed the result.
using Print = bool (*)(const std::string& text);

/// Prints by itself, for what was done is undone where that fails.
[[nodiscard]] Outcome<std::string> add(const Call& call, Print print);
[[nodiscard]] Outcome<std::string> del(const Call& call);
[[nodiscard]] Outcome<std::string> check(const Call& call);
[[nodiscard]] Outcome<std::string> gc(const Call& call);
[[nodiscard]] Outcome<std::string> status(const Call& call);

}  // namespace weft::cni
