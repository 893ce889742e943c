// SPDX-License-Identifier: Apache-2.0
// weft issuer request, add, list, alone, revoke. A request is alone on stdout, so that a shell can
// hand it on: weft issuer add $(ssh b weft issuer request).
#include <ostream>

#include <weft/api/network_keys.hpp>

#include "commands.hpp"
#include "text.hpp"

namespace weft::cli {
namespace {

constexpr std::chrono::seconds kKeysTimeout{30};  // the disk is written

std::string note_of(const api::IssuerStatus& issuer) {
    std::vector<std::string> notes;
    if (issuer.self) {
        notes.emplace_back("self");
    }
    if (issuer.revoked) {
        notes.emplace_back("revoked");
    }
    return notes.empty() ? "" : format_list(notes);
}

constexpr WordShape kIssuerRequest{"weftissuer1_",
                                   "issuer's request",
                                   "weft issuer request, on the node that is to issue",
                                   1024};  // some 340 at most; the daemon knows better

}  // namespace

int request_issuer(const Context& context) {
    return ask_and_print(context,
                         {"POST", "/v1/issuers/request", "{}", kKeysTimeout},
                         api::parse_issuer_word,
                         false,
                         [&](const api::IssuerWord& word) {
                             context.terminal.out << printable(word.request) << "\n";
                             context.terminal.err
                                 << "on the node that has the root's key: weft issuer add WORD\n";
                         });
}

int add_issuer(const Context& context, const std::string& word) {
    const auto checked = check_word(word, kIssuerRequest, "the argument");
    if (!checked) {
        return fail(context, checked.error(), kUsage);
    }
    const std::string body = api::to_json(api::IssuerRequest{*checked});
    return ask_and_print(
        context,
        {"POST", "/v1/issuers", body, kKeysTimeout},
        api::parse_issuer,
        false,
        [&](const api::IssuerStatus& issuer) {
            context.terminal.out << "issuer " << issuer.number << " is " << printable(issuer.name)
                                 << ", with " << format_list(issuer.slices) << "\n";
            context.terminal.err
                << "weft token create works there too, once it has heard of this; to take "
                   "the root's key away again: weft root remove --yes\n";
        });
}

int list_issuers(const Context& context, bool json) {
    return ask_and_print(
        context,
        {"GET", "/v1/issuers"},
        api::parse_issuers,
        json,
        [&](const std::vector<api::IssuerStatus>& issuers) {
            std::vector<std::vector<std::string>> rows{
                {"NUMBER", "NAME", "SLICES", "ENDS", "NOTE"}};
            for (const api::IssuerStatus& issuer : issuers) {
                rows.push_back({std::to_string(issuer.number),
                                issuer.name,
                                format_list(issuer.slices),
                                format_until(issuer.not_after_ms, context.terminal.now_ms),
                                note_of(issuer)});
            }
            context.terminal.out << format_table(rows);
        });
}

int issue_alone(const Context& context, bool yes) {
    if (!yes) {
        return fail(
            context,
            invalid("a member that is only out of reach may have what this node would grant "
                    "a second time",
                    "where all are gone for good: weft issuer alone --yes"),
            kUsage);
    }
    const Answer answer = ask(context, {"POST", "/v1/issuers/alone", "{}"});
    if (answer.exit_code == kOk) {
        context.terminal.out << "this node issues without waiting for another member\n";
    }
    return answer.exit_code;
}

int revoke_issuer(const Context& context, const std::string& issuer, bool yes) {
    if (!fits_target(issuer)) {
        return fail(context,
                    invalid("'" + printable(issuer) + "' is neither a number nor a node's name",
                            "weft issuer list"),
                    kUsage);
    }
    if (!yes) {
        return fail(context,
                    invalid("all nodes that joined by issuer " + issuer +
                                " would be out of the network at once, and need new tokens",
                            "to do so: weft issuer revoke " + issuer + " --yes"),
                    kUsage);
    }
    const Answer answer = ask(context, {"DELETE", "/v1/issuers/" + issuer, {}, kKeysTimeout});
    if (answer.exit_code == kOk) {
        context.terminal.out << "issuer " << issuer << " is revoked\n";
    }
    return answer.exit_code;
}

}  // namespace weft::cli
