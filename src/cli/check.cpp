// SPDX-License-Identifier: Apache-2.0
// weft check: what was looked at, here or with a peer from both ends, one line each, and what to do
// about what is wrong.
// weft down: the daemon and its guards go. One thread.
#include <algorithm>
#include <chrono>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include <weft/api/check.hpp>

#include "commands.hpp"
#include "text.hpp"

namespace weft::cli {
namespace {

constexpr std::chrono::seconds kCheckTimeout{30};
constexpr std::chrono::seconds kStopTimeout{15};
constexpr std::chrono::milliseconds kLookEvery{50};

Colour colour_of_check(const std::string& state) {
    if (state == "ok") {
        return Colour::kGreen;
    }
    return state == "error" ? Colour::kRed : Colour::kYellow;
}

/// The daemon's program: beside this one, or where it is installed.
std::filesystem::path daemon_program() {
    std::error_code error;
    const std::filesystem::path here =
        std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    for (const auto& file : {here / "weftd", here.parent_path() / "sbin" / "weftd"}) {
        if (::access(file.c_str(), X_OK) == 0) {
            return file;
        }
    }
    return "weftd";
}

/// Runs `weftd --guard down` with our configuration; its words go to the terminal.
Result<int> run_guard_down(const Context& context) {
    const std::string program = daemon_program().string();
    const std::string config = context.paths.config.string();
    std::vector<const char*> arguments{program.c_str(), "--guard", "down"};
    if (config != config::Paths{}.config) {
        arguments.insert(arguments.end(), {"--config", config.c_str()});
    }
    arguments.push_back(nullptr);
    const pid_t child = ::fork();
    if (child < 0) {
        return errno_error(errno, "starting " + program);
    }
    if (child == 0) {
        ::execvp(program.c_str(), const_cast<char* const*>(arguments.data()));
        ::_exit(127);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) == 127) {
        return invalid("could not run " + program, "is weftd installed?");
    }
    return WEXITSTATUS(status);
}

/// Asks the daemon to end and waits for it; one that does not run is as good.
int stop_daemon(const Context& context) {
    const Answer answer = ask_quietly(context, {"POST", "/v1/down"});
    if (answer.exit_code == kNotRunning) {
        return kOk;
    }
    if (answer.exit_code != kOk) {
        return fail(context, answer.error, answer.exit_code);
    }
    const auto until = std::chrono::steady_clock::now() + kStopTimeout;
    while (ask_quietly(context, {"GET", "/v1/status"}).exit_code != kNotRunning) {
        if (std::chrono::steady_clock::now() > until) {
            return fail(context,
                        {std::make_error_code(std::errc::timed_out),
                         "weftd has not ended yet",
                         "weft down again, or systemctl stop weftd"},
                        kTimeout);
        }
        std::this_thread::sleep_for(kLookEvery);
    }
    return kOk;
}

}  // namespace

int print_checks(const Context& context,
                 const std::vector<api::Check>& checks,
                 const std::string* document) {
    const std::size_t failed = api::count_failed(checks);
    if (document != nullptr) {
        context.terminal.out << *document << "\n";
        return failed == 0 ? kOk : kDegraded;
    }
    std::size_t width = 0;
    for (const api::Check& check : checks) {
        width = std::max(width, check.name.size());
    }
    for (const api::Check& check : checks) {
        const bool good = check.state == "ok" || check.state == "skipped";
        context.terminal.out << paint(good ? "  " : "! ",
                                      colour_of_check(check.state),
                                      context.terminal.colour)
                             << check.name << std::string(width - check.name.size() + 2, ' ')
                             << check.state << std::string(9 - check.state.size(), ' ')
                             << check.detail
                             << (check.remedy.empty() ? "" : " – try: " + check.remedy) << "\n";
    }
    context.terminal.out << (failed == 0 ? "nothing is wrong"
                                         : format_count(failed, "problem") + " found")
                         << "\n";
    return failed == 0 ? kOk : kDegraded;
}

int show_checks(const Context& context, const std::string& peer, bool json) {
    if (!peer.empty() && !fits_target(peer)) {
        return fail(context, invalid("no member has such a name", "weft node list"), kUsage);
    }
    const std::string target = "/v1/check" + (peer.empty() ? "" : "/" + peer);
    const Answer answer = ask_quietly(context, {"GET", target, {}, kCheckTimeout});
    if (answer.exit_code == kNotRunning && peer.empty()) {
        const int shown = show_offline_checks(context, &answer.error, json);
        return shown == kFailed ? kFailed : kNotRunning;
    }
    if (answer.exit_code != kOk) {
        return fail(context, answer.error, answer.exit_code);
    }
    const auto checks = api::parse_checks(answer.body);
    if (!checks) {
        return fail(context, checks.error());
    }
    return print_checks(context, *checks, json ? &answer.body : nullptr);
}

int take_down(const Context& context) {
    if (const int stopped = stop_daemon(context); stopped != kOk) {
        return stopped;
    }
    const Result<int> done = run_guard_down(context);
    return done ? *done : fail(context, done.error());
}

}  // namespace weft::cli
