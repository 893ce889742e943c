// SPDX-License-Identifier: Apache-2.0
// weft-discover-scaleway's command line and token.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <weft/base/result.hpp>

namespace weft::discovery::scaleway {

struct Options {
    std::string api_url = "https://api.scaleway.com";  // without a slash at its end
    std::vector<std::string> zones;                    // at least one
    std::vector<std::string> tags;                     // all of them
    std::string project;
    std::string organization;
    bool private_networks = false;
    std::chrono::seconds limit{25};  // for all of it: the contract's are 30
    std::string output;              // a file; empty: standard output
    std::string token;
    std::string token_from;  // for messages: a file or a variable
};

/// Nothing, where only help or the version was asked for and is printed, or usage was wrong: then
/// the exit code is in `exit_code`.
[[nodiscard]] std::optional<Options> parse_options(int argc, char** argv, int& exit_code);

/// From the file that `token_from` names (a regular file that its owner alone may read), else from
/// the variable SCW_SECRET_KEY.
[[nodiscard]] Result<> read_token(Options& options);

}  // namespace weft::discovery::scaleway
