// SPDX-License-Identifier: Apache-2.0
// weft token create, list, revoke. A new token is alone on stdout, so that a shell can hand it on:
// weft join $(ssh a weft token create).
#include <ostream>

#include "commands.hpp"
#include "text.hpp"

namespace weft::cli {
namespace {

std::string used_by(const api::TokenStatus& token) {
    std::vector<std::string> users;
    for (const api::TokenUse& use : token.used) {
        users.push_back(use.name + " (" + use.from + ")");
    }
    return first_of(users);
}

std::string note_of(const api::TokenStatus& token) {
    std::vector<std::string> notes;
    if (token.ephemeral) {
        notes.emplace_back("ephemeral");
    }
    if (token.replaces) {
        notes.push_back("replaces " + short_id(*token.replaces));
    }
    return notes.empty() ? "" : format_list(notes);
}

std::vector<std::string> token_row(const api::TokenStatus& token, std::int64_t now_ms) {
    const std::string nothing{kNothing};
    return {token.id,
            token.state,
            token.name.value_or(nothing),
            token.from.value_or(nothing),
            std::to_string(token.used.size()) + "/" + std::to_string(token.uses),
            format_until(token.expires_ms, now_ms),
            used_by(token),
            note_of(token)};
}

}  // namespace

int create_token(const Context& context, const api::TokenRequest& request, bool json) {
    return ask_and_print(context,
                         {"POST", "/v1/tokens", api::to_json(request)},
                         api::parse_token_reply,
                         json,
                         [&](const api::TokenReply& reply) {
                             context.terminal.out << printable(reply.token) << "\n";
                             context.terminal.err
                                 << "token " << printable(reply.id) << ": for "
                                 << format_count(request.uses, "node") << ", expires "
                                 << format_until(reply.expires_ms, context.terminal.now_ms)
                                 << "; on the new machine: weft join TOKEN\n";
                         });
}

int list_tokens(const Context& context, bool json) {
    return ask_and_print(context,
                         {"GET", "/v1/tokens"},
                         api::parse_tokens,
                         json,
                         [&](const std::vector<api::TokenStatus>& tokens) {
                             std::vector<std::vector<std::string>> rows{
                                 {"ID", "STATE", "NAME", "FROM", "USED", "EXPIRES", "BY", "NOTE"}};
                             for (const api::TokenStatus& token : tokens) {
                                 rows.push_back(token_row(token, context.terminal.now_ms));
                             }
                             context.terminal.out << format_table(rows);
                         });
}

int revoke_token(const Context& context, const std::string& id) {
    constexpr std::size_t kDigits = 16;
    if (id.size() != kDigits || id.find_first_not_of("0123456789abcdef") != std::string::npos) {
        return fail(
            context,
            invalid("this is no token's id: 16 hex digits in lower case", "weft token list"),
            kUsage);  // the token itself perhaps: it is not shown
    }
    const Answer answer = ask(context, {"DELETE", "/v1/tokens/" + id});
    if (answer.exit_code == kOk) {
        context.terminal.out << "token " << id << " is withdrawn\n";
    }
    return answer.exit_code;
}

}  // namespace weft::cli
