// SPDX-License-Identifier: Apache-2.0
// What every command is given, how it ends, and how it asks the daemon. One thread.
#pragma once

#include <chrono>
#include <ostream>
#include <string>
#include <string_view>
#include <system_error>

#include <weft/base/error.hpp>
#include <weft/base/result.hpp>
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
    int exit_code = kOk;  // anything else: `error` is why
    std::string body = {};
    Error error = {};
};

struct Question {
    std::string_view method;
    std::string_view target;
    std::string body = {};
    std::chrono::milliseconds timeout{5000};
};

/// One request to the daemon's socket; an HTTP error becomes an error and an exit code.
[[nodiscard]] Answer ask_quietly(const Context& context, const Question& question);
/// As ask_quietly(), and prints the error.
[[nodiscard]] Answer ask(const Context& context, const Question& question);

/// Asks, parses the answer and has it printed: as it came with `json`, else by print(value). What
/// goes wrong has been printed.
template <class Value, class Print>
[[nodiscard]] int ask_and_print(const Context& context,
                                const Question& question,
                                Result<Value> (*parse)(std::string_view),
                                bool json,
                                const Print& print) {
    const Answer answer = ask(context, question);
    if (answer.exit_code != kOk) {
        return answer.exit_code;
    }
    const Result<Value> value = parse(answer.body);
    if (!value) {
        return fail(context, value.error());
    }
    if (json) {
        context.terminal.out << answer.body << "\n";
    } else {
        print(*value);
    }
    return kOk;
}

/// Whether `text` can be a part of a question's target as it is: 1 to 64 letters, digits, '-', '_'
/// and '.', not of dots alone.
[[nodiscard]] bool fits_target(std::string_view text);

}  // namespace weft::cli
