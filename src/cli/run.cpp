// SPDX-License-Identifier: Apache-2.0
// Arguments to a command (CLI11), and the process's own terminal. Flags win over the environment.
#include <array>
#include <cstdlib>
#include <functional>
#include <iostream>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include <weft/base/clock.hpp>
#include <weft/cli/main.hpp>

#include "commands.hpp"

namespace weft::cli {
namespace {

constexpr const char* kExamples = R"(
Examples:
  umask 077; weft genkey > /etc/weft/private.key   a key for this node
  weft pubkey < /etc/weft/private.key              what the other nodes are told
  weft config check                                before starting weftd
  weft status                                      is everything well, and if not, what to do
  weft status --json | jq .peers                   for scripts; the format is stable
  weft ping b                                      through the tunnel to the peer named b

Exit codes: 0 ok, 1 failed, 2 usage, 3 daemon not running, 4 degraded, 5 timeout, 6 permission)";

struct Options {
    std::string config;
    std::string socket;
    std::string file;
    api::PingRequest ping;
    bool json = false;
    bool with_origins = false;
    std::function<int(const Context&)> command;
};

/// A command that runs after the arguments have been read.
CLI::App* add_command(CLI::App& parent,
                      const char* name,
                      const char* about,
                      Options& options,
                      std::function<int(const Context&)> command) {
    CLI::App* app = parent.add_subcommand(name, about);
    app->fallthrough();
    app->callback([&options, command = std::move(command)] { options.command = command; });
    return app;
}

void add_json_flag(CLI::App* app, Options& options) {
    app->add_flag("--json", options.json, "Print JSON; the format is stable");
}

void add_daemon_commands(CLI::App& app, Options& options) {
    add_json_flag(add_command(app,
                              "status",
                              "Verdict, peers, drops and problems",
                              options,
                              [&](const Context& c) { return show_status(c, options.json); }),
                  options);
    add_json_flag(add_command(app,
                              "peers",
                              "The peers alone",
                              options,
                              [&](const Context& c) { return show_peers(c, options.json); }),
                  options);
    CLI::App* ping_app =
        add_command(app, "ping", "Echo a peer through the tunnel", options, [&](const Context& c) {
            return ping(c, options.ping, options.json);
        });
    ping_app->add_option("TARGET", options.ping.target, "A peer's name or key, or an address")
        ->required();
    ping_app->add_option("-c,--count", options.ping.count, "How many echoes")
        ->check(CLI::Range(1U, api::kPingCountMax))
        ->capture_default_str();
    ping_app->add_option("--timeout", options.ping.timeout_ms, "How long to wait for each, in ms")
        ->check(CLI::Range(1U, api::kPingTimeoutMaxMs))
        ->capture_default_str();
    add_json_flag(ping_app, options);
    add_command(app, "reload", "Make the daemon read its configuration again", options, reload);
}

void add_offline_commands(CLI::App& app, Options& options) {
    add_command(app, "genkey", "Print a new private key", options, generate_key);
    add_command(
        app, "pubkey", "Private key on stdin, public key on stdout", options, derive_public_key);
    CLI::App* config = app.add_subcommand("config", "The configuration files");
    config->fallthrough();
    config->require_subcommand(1);
    CLI::App* check = add_command(
        *config, "check", "Check the configuration without starting", options, check_config);
    check->add_option("FILE", options.file, "Instead of the usual weft.toml");
    CLI::App* show = add_command(
        *config, "show", "Print every setting, defaults too", options, [&](const Context& c) {
            return show_config(c, options.with_origins, options.json);
        });
    show->add_flag("--origin", options.with_origins, "Say where each value comes from");
    add_json_flag(show, options);
    add_json_flag(add_command(app,
                              "version",
                              "Print the version",
                              options,
                              [&](const Context& c) { return show_version(c, options.json); }),
                  options);
}

config::Paths paths_of(const Options& options) {
    config::Paths paths = config::Paths::from_environment();
    if (!options.config.empty()) {
        paths.config = options.config;
    }
    if (!options.file.empty()) {
        paths.config = options.file;
    }
    if (!options.socket.empty()) {
        paths.socket = options.socket;
    }
    return paths;
}

/// A full disk or a closed pipe must not look like success.
int finish(const Terminal& terminal, int exit_code) {
    terminal.out.flush();
    if (!terminal.out) {
        terminal.err << "weft: cannot write to standard output\n";
        return kFailed;
    }
    return exit_code;
}

bool wants_colour() {
    // NOLINTBEGIN(concurrency-mt-unsafe): one thread
    const char* no_colour = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    // NOLINTEND(concurrency-mt-unsafe)
    const bool refused = no_colour != nullptr && *no_colour != '\0';
    const bool dumb = term == nullptr || std::string_view{term} == "dumb";
    return !refused && !dumb && ::isatty(STDOUT_FILENO) == 1;
}

}  // namespace

int show_version(const Context& context, bool json) {
    context.terminal.out << (json ? R"({"api":"weft/v1","version":")" WEFT_VERSION "\"}\n"
                                  : "weft " WEFT_VERSION "\n");
    return kOk;
}

int run(const std::vector<std::string>& arguments, const Terminal& terminal) {
    Options options;
    CLI::App app{"weft: an encrypted overlay network for containers", "weft"};
    app.require_subcommand(1);
    app.set_version_flag("--version", "weft " WEFT_VERSION);
    app.add_option("--config", options.config, "weft.toml to read [WEFT_CONFIG]");
    app.add_option("--socket", options.socket, "The daemon's socket [WEFT_SOCKET]");
    add_daemon_commands(app, options);
    add_offline_commands(app, options);
    app.footer(kExamples);  // last, or every command would inherit it
    try {
        app.parse(std::vector<std::string>{arguments.rbegin(), arguments.rend()});
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) {  // --help, --version
            app.exit(error, terminal.out, terminal.err);
            return finish(terminal, kOk);
        }
        const auto rest = app.remaining(true);
        const bool no_command =
            error.get_name() == "RequiredError" && !rest.empty() && !rest.front().starts_with('-');
        const std::string cause =
            no_command ? "unknown command '" + rest.front() + "'" : error.what();
        terminal.err << "weft: " << cause << " (weft --help)\n";
        return kUsage;
    }
    return finish(terminal, options.command({terminal, paths_of(options)}));
}

int run(int argc, char** argv) {
    const std::vector<std::string> arguments{argv + (argc > 0 ? 1 : 0), argv + argc};
    const auto now =
        std::chrono::duration_cast<std::chrono::milliseconds>(wall_now().time_since_epoch());
    return run(arguments, Terminal{std::cin, std::cout, std::cerr, wants_colour(), now.count()});
}

}  // namespace weft::cli
