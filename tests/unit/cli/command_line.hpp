// SPDX-License-Identifier: Apache-2.0
// One call of `weft`, as a shell would see it.
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include <weft/cli/main.hpp>

#include "../api/fake_daemon.hpp"

namespace weft::test {

inline constexpr std::int64_t kNow = 1'700'000'000'000;

struct Outcome {
    int exit_code = 0;
    std::string out;
    std::string err;
};

inline Outcome weft(const std::vector<std::string>& arguments,
                    const std::string& input = {},
                    bool colour = false) {
    std::istringstream in{input};
    std::ostringstream out;
    std::ostringstream err;
    const int code = cli::run(arguments, cli::Terminal{in, out, err, colour, kNow});
    return {code, out.str(), err.str()};
}

inline Outcome against(const FakeDaemon& daemon,
                       std::vector<std::string> arguments,
                       const std::string& input = {}) {
    arguments.insert(arguments.end(), {"--socket", daemon.socket().string()});
    return weft(arguments, input);
}

/// Against a daemon that always gives `answer`.
inline Outcome against(const std::string& answer, std::vector<std::string> arguments) {
    return against(FakeDaemon{answer}, std::move(arguments));
}

}  // namespace weft::test
