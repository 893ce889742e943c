// SPDX-License-Identifier: Apache-2.0
// Arguments to a command (CLI11), and the process's own terminal. Flags win over the environment.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>

#include <unistd.h>

#include <weft/base/clock.hpp>
#include <weft/cli/main.hpp>

#include "options.hpp"
#include "text.hpp"

namespace weft::cli {
namespace {

constexpr const char* kExamples = R"(
Examples:
  umask 077; weft genkey > /etc/weft/private.key   a key for this node
  weft pubkey < /etc/weft/private.key              what the other nodes are told
  weft config check                                before starting weftd
  weft status                                      is everything well, and if not, what to do
  weft status --json | jq .peers                   for scripts; the format is stable
  weft check                                       sysctls, firewalls and what else may be wrong
  weft check --peer b                              the way to b, from both ends
  weft report                                      for whom you ask for help: a tar file without secrets
  weft ping b                                      through the tunnel to the peer named b
  weft init                                        a network whose first node is this one
  weft join $(ssh a weft token create)             into the network of node a
  weft wait --nodes 3 --timeout 1m                 until three nodes are there
  weft node rotate                                 new keys for this node, without a pause
  weft root export --out root.txt                  the network's root key, to be kept elsewhere

Exit codes: 0 ok, 1 failed, 2 usage, 3 daemon not running, 4 degraded, 5 timeout, 6 permission)";

constexpr const char* kJoinExamples = R"(
Examples:
  weft join $(ssh a weft token create)
  ssh a weft token create | weft join -            where others may see this machine's processes
  weft join --token-file /run/secrets/weft         or WEFT_TOKEN in the environment)";

constexpr const char* kTokenExamples = R"(
Examples:
  weft token create                                one node, within an hour
  weft token create --uses 20 --lifetime 1d --from 203.0.113.0/24
  weft token create --replace b                    for a machine that takes b's place and blocks)";

void add_peer_commands(CLI::App& app, Options& options) {
    CLI::App* peer = add_group(app, "peer", "Phones and laptops that speak WireGuard");
    CLI::App* add =
        add_command(*peer,
                    "add",
                    "Give one an address of this node's block, and print its wg-quick file",
                    options,
                    [&](const Context& c) { return add_peer(c, options.new_peer); });
    add->add_option("--wireguard", options.new_peer.name, "Its name")->required();
    add->add_option("--endpoint",
                    options.new_peer.endpoint,
                    "Where it reaches this node; else node.advertise")
        ->type_name("HOST:PORT");
    add->add_option("--out", options.new_peer.file, "A new file for it; else standard output")
        ->type_name("FILE");
    add->add_flag("--qr", options.new_peer.qr, "Draw it too, for a phone's camera (qrencode)");
    add_command(*peer, "list", "Those that were added", options, list_added_peers);
    add_command(*peer,
                "rm",
                "Take one away again",
                options,
                [&](const Context& c) { return remove_peer(c, options.name); })
        ->add_option("NAME", options.name, "Of weft peer list")
        ->required();
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
    CLI::App* check = add_command(
        app, "check", "Look for what is wrong on this node", options, [&](const Context& c) {
            return options.offline ? show_offline_checks(c, nullptr, options.json)
                                   : show_checks(c, options.peer, options.json);
        });
    CLI::Option* offline =
        check->add_flag("--offline", options.offline, "What can be seen without the daemon");
    check
        ->add_option(
            "--peer",
            options.peer,
            "The way to that member, from both ends: reachability, loss, RTT, MTU, clocks, "
            "firewalls, versions")
        ->excludes(offline);
    add_json_flag(check, options);
    CLI::App* report = add_command(
        app,
        "report",
        "Collect what others need to help, without secrets",
        options,
        [&](const Context& c) { return write_report(c, options.output, options.to_stdout); });
    CLI::Option* output = report->add_option(
        "--output", options.output, "A new tar file; else weft-report-NODE-TIME.tar");
    report->add_flag("--stdout", options.to_stdout, "Write the tar there")->excludes(output);
    add_peer_commands(app, options);
    add_command(app, "down", "Stop the daemon and remove its guards", options, take_down);
    add_command(app, "reload", "Make the daemon read its configuration again", options, reload);
}

void add_offline_commands(CLI::App& app, Options& options) {
    add_command(app, "genkey", "Print a new private key", options, generate_key);
    add_command(
        app, "pubkey", "Private key on stdin, public key on stdout", options, derive_public_key);
    CLI::App* config = add_group(app, "config", "The configuration files");
    CLI::App* check = add_command(
        *config, "check", "Check the configuration without starting", options, check_config);
    check->add_option("FILE", options.file, "Instead of the usual weft.toml");
    CLI::App* show = add_command(
        *config, "show", "Print every setting, defaults too", options, [&](const Context& c) {
            return show_config(c, options.with_origins, options.json);
        });
    show->add_flag("--origin", options.with_origins, "Say where each value comes from");
    add_json_flag(show, options);
    CLI::App* version =
        add_command(app, "version", "Print the version", options, [&](const Context& c) {
            return options.with_licences ? show_licences(c) : show_version(c, options.json);
        });
    version->add_flag("--licenses", options.with_licences, "Under which licence each program is");
    add_json_flag(version, options);
}

void add_membership_commands(CLI::App& app, Options& options) {
    CLI::App* init = add_command(
        app, "init", "Make a network, with this node as its first", options, [&](const Context& c) {
            return init_network(c, options.init, options.json);
        });
    init->add_option("--name", options.init.name, "This node's name; else node.name");
    init->add_option(
        "--pool4", options.init.pool4, "IPv4 prefix; else network.pool4, or one that is free here");
    init->add_option("--pool6",
                     options.init.pool6,
                     "IPv6 prefix; else network.pool6, or a random /48 of fd00::/8");
    init->add_option("--block4",
                     options.init.block4,
                     "Prefix length of a node's IPv4 block; else network.block4, 24")
        ->check(CLI::Range(1U, api::kBlock4Max));
    init->add_option("--block6",
                     options.init.block6,
                     "Prefix length of a node's IPv6 block; else network.block6, 64")
        ->check(CLI::Range(1U, api::kBlock6Max));
    add_json_flag(init, options);
    CLI::App* join =
        add_command(app, "join", "Join a network with a token", options, [&](const Context& c) {
            return join_network(c, options.word, options.name, options.json);
        });
    join->add_option("TOKEN",
                     options.word.argument,
                     "Of weft token create; '-': on stdin; absent: [WEFT_TOKEN]");
    join->add_option("--token-file", options.word.file, "A file that holds the token");
    join->add_option("--name", options.name, "The name to ask for; else node.name");
    join->footer(kJoinExamples);
    add_json_flag(join, options);
    add_command(app,
                "leave",
                "Leave the network and give up this node's blocks",
                options,
                [&](const Context& c) { return leave_network(c, options.yes); })
        ->add_flag("--yes", options.yes, "Do it: there is no way back but a new token");
}

void add_token_commands(CLI::App& app, Options& options) {
    CLI::App* token = add_group(app, "token", "Tokens, with which nodes join");
    CLI::App* create = add_command(
        *token, "create", "Print a new token, alone on stdout", options, [&](const Context& c) {
            return create_token(c, options.token, options.json);
        });
    create->add_option("--name", options.token.name, "The joining node's name; else its own wish");
    create->add_option("--from", options.token.from, "Prefix that the node must come from");
    create->add_option(
        "--replace", options.token.replace, "The node whose place and blocks it takes");
    create->add_option("--uses", options.token.uses, "How many nodes may join with it")
        ->check(CLI::Range(1U, api::kTokenUsesMax))
        ->capture_default_str();
    add_seconds_option(create,
                       "--lifetime",
                       options.token.lifetime_s,
                       CLI::Range(1U, api::kTokenLifetimeMaxS),
                       "How long it can be used: 30m, 1h, 7d or seconds [1h]");
    create->add_flag(
        "--ephemeral", options.token.ephemeral, "The node is forgotten once it is gone");
    create->footer(kTokenExamples);
    add_json_flag(create, options);
    add_json_flag(add_command(*token,
                              "list",
                              "Tokens, and who has used them",
                              options,
                              [&](const Context& c) { return list_tokens(c, options.json); }),
                  options);
    add_command(*token,
                "revoke",
                "Withdraw a token; nodes that have joined with it stay",
                options,
                [&](const Context& c) { return revoke_token(c, options.name); })
        ->add_option("ID", options.name, "Of weft token list")
        ->required();
}

void add_node_commands(CLI::App& app, CLI::App* node, Options& options) {
    add_json_flag(add_command(*node,
                              "list",
                              "All nodes, as this one knows them",
                              options,
                              [&](const Context& c) { return list_nodes(c, options.json); }),
                  options);
    CLI::App* show =
        add_command(*node, "show", "All that is known of a node", options, [&](const Context& c) {
            return show_node(c, options.name, options.json);
        });
    show->add_option("NAME", options.name, "Its name or id")->required();
    add_json_flag(show, options);
    add_command(*node,
                "rm",
                "Remove a node from the network: the others refuse it from now on",
                options,
                [&](const Context& c) { return remove_node(c, options.name); })
        ->add_option("NAME", options.name, "Its name")
        ->required();
    constexpr unsigned kWaitNodesMax = 65'536;
    constexpr unsigned kWaitMaxS = 86'400;
    CLI::App* wait =
        add_command(app, "wait", "Wait until nodes are alive", options, [&](const Context& c) {
            return wait_for_nodes(c, options.nodes, std::chrono::seconds{options.timeout_s});
        });
    wait->add_option("--nodes", options.nodes, "How many, this one among them")
        ->check(CLI::Range(1U, kWaitNodesMax))
        ->required();
    add_seconds_option(wait,
                       "--timeout",
                       options.timeout_s,
                       CLI::Range(0U, kWaitMaxS),
                       "How long: 45s, 2m or seconds; 0 looks once [30s]");
}

void add_network_commands(CLI::App& app, Options& options) {
    add_membership_commands(app, options);
    add_token_commands(app, options);
    CLI::App* node = add_group(app, "node", "The nodes of the network");
    add_node_commands(app, node, options);
    add_key_commands(app, *node, options);
}

/// Tokens are secrets, wherever on the command line they were put.
std::string without_tokens(std::string text) {
    constexpr std::string_view kPrefix = "weft1_";
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::size_t at = 0;
    while ((at = text.find(kPrefix, at)) != std::string::npos) {
        at += kPrefix.size();
        text.replace(at, std::min(text.find_first_not_of(kAlphabet, at), text.size()) - at, "…");
    }
    return text;
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

void add_seconds_option(CLI::App* app,
                        const std::string& flag,
                        unsigned& seconds,
                        const CLI::Range& range,
                        const std::string& about) {
    const auto read = [&seconds, flag, range](const std::string& text) {
        const auto value = parse_seconds(text);
        const std::string wrong =
            value ? range(std::to_string(*value)) : "'" + text + "' is no time: 45s, 30m, 1h or 7d";
        if (!wrong.empty()) {
            throw CLI::ValidationError(flag, wrong);
        }
        seconds = *value;
    };
    app->add_option_function<std::string>(flag, read, about)->type_name("TIME");
}

CLI::App* add_group(CLI::App& app, const char* name, const char* about) {
    CLI::App* group = app.add_subcommand(name, about);
    group->fallthrough();
    group->require_subcommand(1);
    return group;
}

void add_json_flag(CLI::App* app, Options& options) {
    app->add_flag("--json", options.json, "Print JSON; the format is stable");
}

int show_version(const Context& context, bool json) {
    context.terminal.out << (json ? R"({"api":"weft/v1","version":")" WEFT_VERSION "\"}\n"
                                  : "weft " WEFT_VERSION "\n");
    return kOk;
}

int show_licences(const Context& context) {
    context.terminal.out
        << "The sources of weft are under the Apache License 2.0. Programs as they are linked:\n"
           "  weftd                   GNU GPL 3 or later, for it links libnftnl (GPL 2 or later)\n"
           "  weft                    Apache License 2.0\n"
           "  weft-cni                Apache License 2.0\n"
           "  weft-discover-scaleway  Apache License 2.0\n"
           "Texts: https://www.apache.org/licenses/LICENSE-2.0 "
           "https://www.gnu.org/licenses/gpl-3.0\n";
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
    add_network_commands(app, options);
    add_container_commands(app, options);
    add_offline_commands(app, options);
    add_completion_command(app, options);
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
        terminal.err << "weft: " << without_tokens(cause) << " (weft --help)\n";
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
