// SPDX-License-Identifier: Apache-2.0
// One call of `weft`, as a shell would see it.
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include <weft/api/status.hpp>
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

/// What a daemon answers.
inline std::string ok(const std::string& body) {
    return http("200 OK", body);
}
inline std::string refusal() {
    return http("409 Conflict", api::error_to_json("x", invalid("cause", "remedy")));
}

/// Of a request that FakeDaemon kept.
inline std::string request_line(const std::string& request) {
    return request.substr(0, request.find(" HTTP/"));
}
inline std::string body_of(const std::string& request) {
    return request.substr(request.find("\r\n\r\n") + 4);
}

}  // namespace weft::test
