// SPDX-License-Identifier: Apache-2.0
// What every command is given, how it ends, and how it asks the daemon. One thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <system_error>

#include <weft/base/error.hpp>
#include <weft/cli/main.hpp>
#include <weft/config/config.hpp>

namespace weft::cli {

/// Stable: scripts rely on them.
enum ExitCode : int {
    kOk = 0,
    kFailed = 1,
    kUsage = 2,
    kNotRunning = 3,
    kDegraded = 4,
    kTimeout = 5,
    kPermission = 6,
};

struct Context {
    const Terminal& terminal;
    config::Paths paths;
};

/// Prints "weft: CAUSE (REMEDY)" and returns `code`.
int fail(const Context& context, const Error& error, int code = kFailed);

struct Answer {
    int exit_code = kOk;  // anything else: the reason has been printed
    std::string body;
};

struct Question {
    std::string_view method;
    std::string_view target;
    std::string body = {};
    std::chrono::milliseconds timeout{5000};
};

/// One request to the daemon's socket; an HTTP error becomes a message and an exit code.
[[nodiscard]] Answer ask(const Context& context, const Question& question);

}  // namespace weft::cli
