// SPDX-License-Identifier: Apache-2.0
// See issuer.hpp. Start, commit, and what the operator asks for.
#include <algorithm>

#include <weft/base/assert.hpp>
#include <weft/base/encoding.hpp>

#include "journal.hpp"
#include "verdict.hpp"

namespace weft::issuer {
namespace {

constexpr UnixSeconds kTokenLifetimeMax = UnixSeconds{90} * 86'400;

Error unknown_node(const std::string& name) {
    return invalid(
        "no node of the name " + name + " is known to this issuer",
        "`weft node list` shows all; ask the issuer that certified it: weft issuer list");
}

Error no_revocation_left() {
    return invalid("this issuer has no revocation left",
                   "add another: `weft issuer add`, where the root key is");
}

/// What nobody can have who answers for it; of a sealed request it is checked when it is opened.
Result<> check_keys(const identity::JoinRequest& request) {
    using identity::valid_key;
    if (!valid_key(request.identity_key) || !valid_key(request.wireguard_key) ||
        !valid_key(request.gossip_key)) {
        return invalid("the request has a key that none can have", "make a new one: `weft init`");
    }
    return {};
}

/// What is wrong with options whatever the ledger says.
Result<> check(const TokenOptions& options) {
    if (options.lifetime == 0 || options.lifetime > kTokenLifetimeMax) {
        return invalid("a token lives from 1 s to 90 days", "give another lifetime");
    }
    if (options.uses == 0 || options.uses > kTokenUsesMax) {
        return invalid("a token has from 1 to " + std::to_string(kTokenUsesMax) + " uses",
                       "give another --uses");
    }
    if (options.uses > 1 && (!options.name.empty() || !options.replace.empty())) {
        return invalid("a name belongs to one node, and the token has more uses",
                       "leave out --name and --replace, or --uses");
    }
    if (!options.name.empty() && !identity::valid_name(options.name)) {
        return invalid("this is not a node's name: " + options.name,
                       "1 to 63 of a-z, 0-9 and inner hyphens");
    }
    if (options.endpoints.empty() || options.endpoints.size() > identity::kTokenEndpointsMax) {
        return invalid("a token names from 1 to 4 endpoints of the issuer",
                       "configure those that others reach");
    }
    return {};
}

}  // namespace

Issuer::Issuer(Parts parts, Settings settings)
    : parts_(std::move(parts)),
      settings_(std::move(settings)),
      ledger_(parts_.certificate, settings_.sizes) {}

Result<Ledger::Replayed> Issuer::replay(ConstBytes journal) {
    WEFT_ASSERT(ledger_.version() == 0);
    if (parts_.signing_key.verify_key() != parts_.certificate.signing_key ||
        crypto::public_key_of(parts_.sealing_key) != parts_.certificate.sealing_key ||
        identity::network_id_of(parts_.first_root) != parts_.certificate.network) {
        return invalid("the issuer's keys are not those of its certificate",
                       "restore keys and certificate from one backup");
    }
    return ledger_.replay(journal);
}

Result<> Issuer::settle(ConstBytes records, std::uint64_t basis, const Persist& persist) {
    WEFT_ASSERT(basis == ledger_.version());  // else another decision came in between
    if (records.empty()) {
        return {};
    }
    if (Result<> durable = persist(records); !durable) {
        return durable;
    }
    const Result<> applied = ledger_.apply(records);
    WEFT_ASSERT(applied.has_value());  // decided on this very state
    return {};
}

// ---- Tokens -------------------------------------------------------------------------------------

Result<Decision<NewToken>> Issuer::create_token(const TokenOptions& options, const TimeView& time) {
    if (Result<> checked = check(options); !checked) {
        return checked.error();
    }
    if (Result<> may = may_grant(time); !may) {
        return may.error();
    }
    const auto open = std::count_if(tokens().begin(), tokens().end(), [&](const auto& entry) {
        return entry.second.open() && (!time.trusted || entry.second.expiry >= time.now);
    });
    if (static_cast<std::size_t>(open) >= kTokensMax) {
        return invalid("there are " + std::to_string(open) + " open tokens",
                       "revoke some: `weft token list`, `weft token revoke`");
    }
    const Ledger::Node* old = options.replace.empty() ? nullptr : ledger_.holder(options.replace);
    if (!options.replace.empty() && old == nullptr) {
        return unknown_node(options.replace);
    }
    const std::string& name = options.name.empty() ? options.replace : options.name;
    const VerifyKey* except = old == nullptr ? nullptr : &old->certificate.identity_key;
    if (!name.empty() && is_taken(name, except)) {
        return invalid("the name " + name + " is taken",
                       "take another, " + free_name(name) + " is free, or --replace " + name);
    }

    identity::Token token{{}, identity::SigningKey::generate(parts_.random), {}, {}, 0, {}};
    do {
        parts_.random.fill(token.id);
    } while (token.id == TokenId{} || ledger_.token(token.id) != nullptr);
    token.root = parts_.first_root;
    token.issuer_sealing_key = parts_.certificate.sealing_key;
    token.expiry = time.now + options.lifetime;
    token.endpoints = options.endpoints;

    Ledger::Token promised;
    promised.key = token.one_time_key.verify_key();
    promised.created = time.now;
    promised.expiry = token.expiry;
    promised.uses = options.uses;
    promised.name = name;
    promised.ephemeral = options.ephemeral;
    if (options.from) {
        promised.from = options.from->masked();
    }
    if (old != nullptr) {
        promised.replaces = old->certificate.identity_key;
    }
    return decide(NewToken{token.id, to_text(token)},
                  journal::encode(journal::TokenCreated{token.id, std::move(promised)}));
}

Result<Decision<TokenId>> Issuer::withdraw_token(const TokenId& id) const {
    const Ledger::Token* token = ledger_.token(id);
    if (token == nullptr) {
        return invalid("no token has the id " + to_hex(id), "`weft token list` shows them");
    }
    return decide(
        id,
        token->withdrawn ? std::vector<std::byte>{} : journal::encode(journal::TokenWithdrawn{id}));
}

// ---- Certificates -------------------------------------------------------------------------------

/// What must hold before keys are certified by the operator's word.
Result<> Issuer::may_certify(const Request& request) const {
    if (Result<> checked = check_keys(request); !checked) {
        return checked;
    }
    if (!ready()) {
        return invalid(
            "the issuer has not heard yet from a member what it granted before",
            "wait until one is reached; if all are gone for good: weft issuer alone --yes");
    }
    if (is_revoked(request.identity_key)) {
        return invalid("this identity key was revoked", "let the node make a new one");
    }
    const Ledger::Node* node = ledger_.live(request.identity_key);
    if (node != nullptr && !same_keys(node->certificate, request)) {
        return invalid("node " + node->certificate.name + " has this identity key, and other keys",
                       "`weft node rotate` gives it new ones");
    }
    return {};
}

Result<Decision<std::vector<std::byte>>> Issuer::issue(const Request& request,
                                                       const IssueOptions& options,
                                                       const TimeView& time) {
    ledger_.on_time(time);
    if (Result<> may = may_certify(request); !may) {
        return may.error();
    }
    if (const Ledger::Node* node = ledger_.live(request.identity_key)) {
        return is_due(node->certificate, time) ? rotate(request, time) : decide(*node->bytes);
    }
    if (!identity::valid_name(request.name)) {
        return invalid("this is not a node's name: " + request.name,
                       "1 to 63 of a-z, 0-9 and inner hyphens");
    }
    if (is_taken(request.name, nullptr)) {
        return invalid("the name " + request.name + " is taken",
                       "take another, " + free_name(request.name) + " is free");
    }
    std::vector<net::Prefix> routed = options.routed;
    std::sort(routed.begin(), routed.end());
    if (Result<> checked = check_routed(routed); !checked) {
        return checked.error();
    }
    auto blocks = free_blocks(time);
    if (!blocks) {
        return invalid("no block is free in this issuer's slices",
                       "remove nodes that are gone (a block rests 24 h), or add an issuer");
    }
    Grant grant = Grant::first(request, request.name);
    grant.ephemeral = options.ephemeral;
    grant.blocks = *std::move(blocks);
    grant.routed = std::move(routed);
    auto certificate = sign(grant, time);
    if (!certificate) {
        return certificate.error();
    }
    auto records = journal::encode(journal::Granted{{}, {}, *certificate});
    return decide(*std::move(certificate), std::move(records));
}

Result<Decision<Replaced>> Issuer::replace(const Request& request,
                                           const std::string& name,
                                           const TimeView& time) {
    ledger_.on_time(time);
    if (Result<> may = may_certify(request); !may) {
        return may.error();
    }
    const Ledger::Node* old = ledger_.holder(name);
    if (old == nullptr) {
        return unknown_node(name);
    }
    if (const Ledger::Node* node = ledger_.live(request.identity_key)) {
        if (node == old) {
            return decide(Replaced{*node->bytes, {}});
        }
        return invalid("the request is of node " + node->certificate.name + ", which is a member",
                       "let it leave first: `weft leave`, there");
    }
    if (ledger_.revocations().size() >= identity::kRevocationsMax) {
        return no_revocation_left();
    }
    Grant grant = Grant::first(request, name);
    grant.ephemeral = old->certificate.ephemeral;
    grant.blocks = old->certificate.blocks;
    grant.routed = old->certificate.routed;
    auto certificate = sign(grant, time);
    if (!certificate) {
        return certificate.error();
    }
    const journal::Revoked revoked{sign_revocation(old->certificate, time), time.trusted};
    auto records = journal::encode(journal::Granted{{}, revoked, *certificate});
    return decide(Replaced{*std::move(certificate), revoked.bytes}, std::move(records));
}

Result<Decision<std::vector<std::byte>>> Issuer::rotate(const Request& request,
                                                        const TimeView& time) {
    const Ledger::Node* node = ledger_.live(request.identity_key);
    if (node == nullptr) {
        return unknown_node(request.name);
    }
    if (Result<> checked = check_keys(request); !checked) {
        return checked.error();
    }
    if (!ready() || is_revoked(request.identity_key)) {
        return invalid("node " + node->certificate.name +
                           (ready() ? " was revoked" : " may be newer than the ledger knows"),
                       ready() ? "let it join anew" : "wait until a member is reached");
    }
    auto certificate = sign(Grant::next(node->certificate, request), time);
    if (!certificate) {
        return certificate.error();
    }
    auto records = journal::encode(journal::Granted{{}, {}, *certificate});
    return decide(*std::move(certificate), std::move(records));
}

// ---- Revocations --------------------------------------------------------------------------------

Result<Decision<std::vector<std::byte>>> Issuer::revoke(const VerifyKey& identity_key,
                                                        const TimeView& time) const {
    if (const SignedBytes before = ledger_.revocation_of(identity_key)) {
        return decide(*before);
    }
    const Ledger::Node* node = ledger_.live(identity_key);
    if (node == nullptr) {
        return unknown_node(to_hex(identity_key.bytes));
    }
    if (!ready()) {
        return invalid(
            "the issuer does not know yet the number of its last revocation",
            "wait until a member is reached; if all are gone for good: weft issuer alone "
            "--yes");
    }
    if (ledger_.revocations().size() >= identity::kRevocationsMax) {
        return no_revocation_left();
    }
    auto bytes = sign_revocation(node->certificate, time);
    auto records = journal::encode(journal::Revoked{bytes, time.trusted});
    return decide(std::move(bytes), std::move(records));
}

Result<Decision<std::vector<std::byte>>> Issuer::revoke(const std::string& name,
                                                        const TimeView& time) const {
    const Ledger::Node* node = ledger_.holder(name);
    return node == nullptr ? Result<Decision<std::vector<std::byte>>>{unknown_node(name)}
                           : revoke(node->certificate.identity_key, time);
}

}  // namespace weft::issuer
