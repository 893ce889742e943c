// SPDX-License-Identifier: Apache-2.0
// Asking the daemon, and turning what went wrong into one line and an exit code. One thread.
#include "context.hpp"

#include <ostream>

#include <weft/api/client.hpp>
#include <weft/api/status.hpp>

namespace weft::cli {
namespace {

int exit_code_of(const std::error_code& code) {
    if (code == std::errc::no_such_file_or_directory || code == std::errc::connection_refused) {
        return kNotRunning;
    }
    if (code == std::errc::permission_denied) {
        return kPermission;
    }
    return code == std::errc::timed_out ? kTimeout : kFailed;
}

int exit_code_of_http(unsigned status) {
    constexpr unsigned kForbidden = 403;
    constexpr unsigned kGatewayTimeout = 504;
    if (status == kForbidden) {
        return kPermission;
    }
    return status == kGatewayTimeout ? kTimeout : kFailed;
}

/// Where the files name another socket than the one that weftd usually has, and that one answers:
/// api.socket was perhaps changed, which only a restart of weftd carries out.
void point_to_usual_socket(const Context& context, Error& error) {
    constexpr std::chrono::seconds kProbeTimeout{1};
    const std::filesystem::path usual = context.paths.run_dir / "weftd.sock";
    if (context.paths.socket || exit_code_of(error.code) != kNotRunning ||
        usual == config::find_socket(context.paths) ||
        !api::call(usual, "GET", "/v1/status", "", kProbeTimeout)) {
        return;
    }
    error.remedy = "a weftd answers at " + usual.string() +
                   ": if api.socket has been changed since it started, restart it; to ask it as "
                   "it is: --socket " +
                   usual.string();
}

}  // namespace

int fail(const Context& context, const Error& error, int code) {
    context.terminal.err << "weft: " << error.message() << "\n";
    return code;
}

Answer ask_quietly(const Context& context, const Question& question) {
    const auto response = api::call(config::find_socket(context.paths),
                                    question.method,
                                    question.target,
                                    question.body,
                                    question.timeout);
    if (!response) {
        return {exit_code_of(response.error().code), {}, response.error()};
    }
    constexpr unsigned kHttpOk = 200;
    if (response->status != kHttpOk) {
        return {exit_code_of_http(response->status), {}, api::parse_error(response->body)};
    }
    std::string body = response->body;
    if (body.ends_with('\n')) {
        body.pop_back();  // printing adds one
    }
    return {kOk, std::move(body), {}};
}

Answer ask(const Context& context, const Question& question) {
    Answer answer = ask_quietly(context, question);
    if (answer.exit_code != kOk) {
        point_to_usual_socket(context, answer.error);
        fail(context, answer.error, answer.exit_code);
    }
    return answer;
}

bool fits_target(std::string_view text) {
    constexpr std::size_t kSizeMax = 64;
    constexpr std::string_view kPlain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    return !text.empty() && text.size() <= kSizeMax &&
           text.find_first_not_of(kPlain) == std::string_view::npos &&
           text.find_first_not_of('.') != std::string_view::npos;
}

}  // namespace weft::cli
