// SPDX-License-Identifier: Apache-2.0
// weft init, join and leave: into a network, and out of it. The
// token of a join is a secret: it is never printed, not even as part of an error.
#include <cerrno>
#include <cstdlib>
#include <istream>
#include <ostream>

#include <fcntl.h>

#include <weft/base/encoding.hpp>
#include <weft/base/read_to_end.hpp>
#include <weft/identity/token.hpp>

#include "commands.hpp"
#include "text.hpp"

namespace weft::cli {
namespace {

constexpr std::chrono::seconds kInitTimeout{30};   // the interface is set up meanwhile
constexpr std::chrono::seconds kJoinTimeout{90};   // several issuers may be asked
constexpr std::chrono::seconds kLeaveTimeout{30};  // the others are told
constexpr std::size_t kTokenInputMax = 4096;       // of which white space is no part of the token

/// The shape alone; whether it is good the daemon finds out.
Result<std::string> check_token(std::string_view text, const std::string& where) {
    constexpr std::string_view kPrefix = "weft1_";
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const std::string_view token = trimmed(text);
    if (token.empty()) {
        return invalid("no token in " + where, "weft token create, on a node of the network");
    }
    if (!token.starts_with(kPrefix) || token.size() > identity::kTokenTextMax ||
        token.find_first_not_of(kAlphabet) != std::string_view::npos) {
        return invalid("what is in " + where + " is no token: one word that starts with weft1_",
                       "weft token create, on a node of the network");
    }
    return std::string{token};
}

std::string read_line(std::istream& in) {
    std::string line;
    char c = 0;
    while (line.size() <= kTokenInputMax && in.get(c) && c != '\n') {
        line += c;
    }
    return line;
}

Result<std::string> read_token_file(const std::string& path) {
    const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file.valid()) {
        return errno_error(errno, "open " + path);
    }
    const auto text = read_to_end(file, kTokenInputMax, path);
    return text ? check_token(*text, path) : text.error();
}

std::string environment_token() {
    const char* token = std::getenv("WEFT_TOKEN");  // NOLINT(concurrency-mt-unsafe): one thread
    return token == nullptr ? "" : token;
}

Result<std::string> find_token(const Context& context, const TokenSource& source) {
    if (source.argument == "-") {
        return check_token(read_line(context.terminal.in), "standard input");
    }
    if (source.argument) {
        return check_token(*source.argument, "the argument");
    }
    return source.file.empty() ? check_token(environment_token(), "WEFT_TOKEN")
                               : read_token_file(source.file);
}

/// What init and join end with.
void print_network(std::ostream& out, const api::NetworkReply& reply) {
    out << "network " << printable(reply.network)
        << (reply.already ? ": nothing to do, this node is already " : ": this node is ")
        << printable(reply.name) << " with " << format_list(reply.blocks) << "\n";
}
}  // namespace

int init_network(const Context& context, const api::InitRequest& request, bool json) {
    return ask_and_print(
        context,
        {"POST", "/v1/init", api::to_json(request), kInitTimeout},
        api::parse_network_reply,
        json,
        [&](const api::NetworkReply& reply) {
            print_network(context.terminal.out, reply);
            context.terminal.err
                << "the next node: weft token create here, weft join TOKEN there\n";
        });
}

int join_network(const Context& context,
                 const TokenSource& source,
                 const std::string& name,
                 bool json) {
    if (source.argument && !source.file.empty()) {
        return fail(context,
                    invalid("two tokens: one as an argument and one in a file", "give one of them"),
                    kUsage);
    }
    if (!source.argument && source.file.empty() && environment_token().empty()) {
        return fail(context,
                    invalid("no token: neither TOKEN nor --token-file nor WEFT_TOKEN is given",
                            "weft token create, on a node of the network"),
                    kUsage);
    }
    const auto token = find_token(context, source);
    if (!token) {
        return fail(context, token.error());
    }
    return ask_and_print(
        context,
        {"POST", "/v1/join", api::to_json(api::JoinRequest{*token, name}), kJoinTimeout},
        api::parse_network_reply,
        json,
        [&](const api::NetworkReply& reply) { print_network(context.terminal.out, reply); });
}

int leave_network(const Context& context, bool yes) {
    if (!yes) {
        return fail(context,
                    invalid("this node would give up its place in the network: its tunnels and its "
                            "blocks of addresses go, and to come back it needs a new token",
                            "to do so: weft leave --yes"),
                    kUsage);
    }
    const Answer answer = ask(context, {"POST", "/v1/leave", "{}", kLeaveTimeout});
    if (answer.exit_code == kOk) {
        context.terminal.out << "this node has left its network\n";
    }
    return answer.exit_code;
}

}  // namespace weft::cli
