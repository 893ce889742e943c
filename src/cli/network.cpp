// SPDX-License-Identifier: Apache-2.0
// weft init, join and leave: into a network, and out of it. The
// token of a join is a secret: it is never printed, not even as part of an error.
#include <cstdlib>
#include <ostream>

#include <weft/identity/token.hpp>

#include "commands.hpp"
#include "text.hpp"

namespace weft::cli {
namespace {

constexpr std::chrono::seconds kInitTimeout{30};   // the interface is set up meanwhile
constexpr std::chrono::seconds kJoinTimeout{90};   // several issuers may be asked
constexpr std::chrono::seconds kLeaveTimeout{30};  // the others are told
constexpr WordShape kToken{
    "weft1_", "token", "weft token create, on a node of the network", identity::kTokenTextMax};

std::string environment_token() {
    const char* token = std::getenv("WEFT_TOKEN");  // NOLINT(concurrency-mt-unsafe): one thread
    return token == nullptr ? "" : token;
}

Result<std::string> find_token(const Context& context, const WordSource& source) {
    return source.argument || !source.file.empty()
               ? find_word(context, source, kToken)
               : check_word(environment_token(), kToken, "WEFT_TOKEN");
}
}  // namespace

void print_network(std::ostream& out, const api::NetworkReply& reply) {
    out << "network " << printable(reply.network)
        << (reply.already ? ": nothing to do, this node is already " : ": this node is ")
        << printable(reply.name) << " with " << format_list(reply.blocks) << "\n";
}

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
                 const WordSource& source,
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
