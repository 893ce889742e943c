// SPDX-License-Identifier: Apache-2.0
// Reads the call, hands it to its verb, prints the answer or the failure.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <exception>

#include <sys/stat.h>
#include <unistd.h>

#include <weft/base/bytes.hpp>
#include <weft/base/read_to_end.hpp>
#include <weft/base/write_file.hpp>
#include <weft/cni/main.hpp>
#include <weft/ipam/requests.hpp>

#include "result.hpp"
#include "verbs.hpp"

namespace weft::cni {
namespace {

constexpr mode_t kOthersMayNot = 027;

bool print(const std::string& text) {
    return write_all(STDOUT_FILENO, bytes_of(text), "stdout").has_value();
}

Failure no_command(const std::string& command) {
    return {Code::kBadEnvironment,
            command.empty() ? "CNI_COMMAND is missing: weft-cni is a CNI plugin, which container "
                              "runtimes call"
                            : "CNI_COMMAND is none that weft-cni knows",
            "ADD, DEL, CHECK, GC, STATUS or VERSION"};
}

Outcome<std::string> dispatch(ipam::Verb verb, const Call& call) {
    switch (verb) {
        case ipam::Verb::kAdd:
            return add(call, print);
        case ipam::Verb::kDel:
            return del(call);
        case ipam::Verb::kCheck:
            return check(call);
        case ipam::Verb::kGc:
            return gc(call);
        case ipam::Verb::kStatus:
            break;
    }
    return status(call);
}

std::optional<ipam::Verb> verb_of(std::string_view command) {
    const auto found = std::ranges::find(ipam::kVerbNames, command);
    return found == ipam::kVerbNames.end()
               ? std::nullopt
               : std::optional{static_cast<ipam::Verb>(found - ipam::kVerbNames.begin())};
}

Outcome<std::string> answer(const std::string& text) {
    const Environment environment = Environment::from_process();
    if (environment.command == "VERSION") {
        return versions_json(version_of(text));
    }
    if (environment.command.empty()) {
        return no_command(environment.command);
    }
    const Outcome<Config> config = parse_config(text, extent_of(environment.command));
    if (!config) {
        return config.error();
    }
    const std::optional<ipam::Verb> verb = verb_of(environment.command);
    if (!verb) {
        return no_command(environment.command);
    }
    const auto began = std::chrono::steady_clock::now();
    Outcome<std::string> outcome = dispatch(*verb, {environment, *config});
    const auto took = std::chrono::steady_clock::now() - began;
    ipam::count_request(config->state_dir,
                        *verb,
                        !outcome,
                        std::chrono::duration_cast<std::chrono::microseconds>(took));
    return outcome;
}

Outcome<std::string> guarded(const std::string& text) {
    try {
        return answer(text);
    } catch (const std::exception& error) {  // out of memory
        return Failure{Code::kInternal, error.what()};
    }
}

}  // namespace

int run() {
    std::signal(SIGPIPE, SIG_IGN);
    ::umask(kOthersMayNot);
    std::string text;
    const UniqueFd input{::dup(STDIN_FILENO)};
    if (::isatty(STDIN_FILENO) == 0) {
        Result<std::string> read = read_to_end(input, kConfigMax, "the configuration on stdin");
        if (!read) {
            print(failure_json(failure_of(Code::kIo, read.error()), kNewest) + "\n");
            return 1;
        }
        text = std::move(*read);
    }
    const Outcome<std::string> outcome = guarded(text);
    if (!outcome) {
        print(failure_json(outcome.error(), version_of(text)) + "\n");
        return 1;
    }
    return outcome->empty() || print(*outcome + "\n") ? 0 : 1;
}

}  // namespace weft::cni
