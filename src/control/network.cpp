// SPDX-License-Identifier: Apache-2.0
// See network_impl.hpp: wishes, in the order in which a network comes to be. Control thread.
#include <algorithm>
#include <cctype>
#include <utility>

#include <weft/base/encoding.hpp>
#include <weft/identity/token.hpp>
#include <weft/mesh/pools.hpp>

#include "network_impl.hpp"

namespace weft::control {
namespace {

/// Who has heard that this node leaves tells the others.
constexpr std::chrono::seconds kSignOff{1};
/// Who has joined a moment ago may not have met anybody yet.
constexpr int kSignOffsMax = 5;

Result<> check_name(const std::string& name) {
    if (identity::valid_name(name)) {
        return {};
    }
    return invalid(
        "no node can have the name \"" + name + "\": 1 to 63 of a-z, 0-9 and inner hyphens",
        "name it: --name NAME");
}

Result<net::Prefix> parse_pool(const std::string& text, net::Family family) {
    const auto prefix = net::Prefix::parse(text);
    if (!prefix || prefix->address.family() != family || prefix->masked() != *prefix) {
        return invalid("no pool: " + text,
                       family == net::Family::kIpv4 ? "as in --pool4 10.64.0.0/12"
                                                    : "as in --pool6 fd12:3456:789a::/48");
    }
    return *prefix;
}

}  // namespace

std::string node_name(const std::string& wished, const config::Config& config) {
    std::string name = wished.empty() ? config.node.name : wished;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return name;
}

Network::Impl::Impl(Parts parts) : parts_(std::move(parts)), leave_timer_(parts_.loop) {
    parts_.overlay.on_joined([this](const Result<>& outcome) { finish_join(outcome); });
}

Result<> Network::Impl::check_configuration() const {
    if (!parts_.overlay.enabled()) {
        return Error{std::make_error_code(std::errc::device_or_resource_busy),
                     parts_.config.origins.at("gossip.enabled") +
                         ": gossip.enabled is false: this node is to be in no network",
                     "take the line out, then restart weftd"};
    }
    if (parts_.config.node.private_key_file.empty()) {
        return {};
    }
    return Error{std::make_error_code(std::errc::device_or_resource_busy),
                 parts_.config.origins.at("node.private_key_file") +
                     ": node.private_key_file: in a network the node's key is its certificate's",
                 "take the line out, then weft reload"};
}

/// What is asked for, else what the configuration says, else what is free.
Result<std::vector<net::Prefix>> Network::Impl::pools_for(const api::InitRequest& request) {
    const Surroundings around = parts_.surroundings();
    Result<std::vector<net::Prefix>> chosen = mesh::choose_pools(around.in_use, parts_.random);
    std::vector<net::Prefix> pools;
    const auto pool = [&](const std::string& asked,
                          const std::optional<net::Prefix>& configured,
                          net::Family family) -> Result<> {
        if (!asked.empty()) {
            const Result<net::Prefix> parsed = parse_pool(asked, family);
            if (!parsed) {
                return parsed.error();
            }
            pools.push_back(*parsed);
        } else if (configured) {
            pools.push_back(*configured);
        } else if (!chosen) {
            return chosen.error();
        } else {
            pools.push_back((*chosen)[family == net::Family::kIpv4 ? 0 : 1]);
        }
        return {};
    };
    const config::NetworkConfig& configured = parts_.config.network;
    if (Result<> added = pool(request.pool4, configured.pool4, net::Family::kIpv4); !added) {
        return added.error();
    }
    if (Result<> added = pool(request.pool6, configured.pool6, net::Family::kIpv6); !added) {
        return added.error();
    }
    if (Result<> checked = mesh::check_pools(pools, around.in_use); !checked) {
        return checked.error();
    }
    return pools;
}

Result<api::NetworkReply> Network::Impl::init(const api::InitRequest& request) {
    mesh::Participant::Beginning beginning;
    beginning.name = node_name(request.name, parts_.config);
    if (Result<> checked = check_name(beginning.name); !checked) {
        return checked.error();
    }
    if (Result<> checked = check_configuration(); !checked) {
        return checked.error();
    }
    const config::NetworkConfig& configured = parts_.config.network;
    beginning.blocks = {static_cast<std::uint8_t>(request.block4.value_or(configured.block4)),
                        static_cast<std::uint8_t>(request.block6.value_or(configured.block6))};
    if (!participant().is_member()) {  // else it is the error that counts
        Result<std::vector<net::Prefix>> pools = pools_for(request);
        if (!pools) {
            return pools.error();
        }
        beginning.pools = std::move(*pools);
    }
    mesh::Output out;
    if (Result<> begun = participant().init(beginning, Overlay::clock(), out); !begun) {
        return begun.error();
    }
    parts_.overlay.carry_out(out);
    parts_.changed();
    return network_reply(participant(), false);
}

void Network::Impl::join(const api::JoinRequest& request, Joined done) {
    if (participant().is_member()) {
        const Result<identity::Token> token = identity::parse_token(request.token);
        const bool same =
            token && identity::network_id_of(token->root) == participant().certificate().network;
        if (same) {
            done(network_reply(participant(), true));
            return;
        }
    }
    answer_join(Error{std::make_error_code(std::errc::operation_canceled),
                      "another weft join took this one's place",
                      {}});
    joined_ = std::move(done);
    Result<> begun = check_configuration();
    mesh::Output out;
    if (begun) {
        begun = participant().join(request.token,
                                   node_name(request.name, parts_.config),
                                   parts_.surroundings().in_use,
                                   Overlay::clock(),
                                   out);
    }
    if (!begun) {
        answer_join(begun.error());
        return;
    }
    if (const Result<identity::Token> token = identity::parse_token(request.token)) {
        asked_ = token->endpoints;
        parts_.changed();  // lockdown lets them answer
    }
    parts_.overlay.carry_out(out);
}

void Network::Impl::finish_join(const Result<>& outcome) {
    if (!outcome) {
        answer_join(outcome.error());
        return;
    }
    parts_.changed();
    answer_join(network_reply(participant(), false));
}

void Network::Impl::answer_join(Result<api::NetworkReply> answer) {
    asked_.clear();
    if (const Joined done = std::exchange(joined_, nullptr)) {
        done(std::move(answer));
    }
}

void Network::Impl::leave(Left done) {
    if (left_) {
        done(Error{std::make_error_code(std::errc::device_or_resource_busy),
                   "this node is leaving already",
                   {}});
        return;
    }
    mesh::Output out;
    if (Result<> begun = participant().leave(Overlay::clock(), out); !begun) {
        done(begun.error());
        return;
    }
    parts_.overlay.carry_out(out);
    left_ = std::move(done);
    sign_off(kSignOffsMax);
}

void Network::Impl::sign_off(int tries) {
    leave_timer_.expires_after(kSignOff);
    leave_timer_.async_wait([this, tries](const boost::system::error_code& error) {
        if (error) {
            return;  // it is gone
        }
        const bool told = !participant().is_member() ||
                          participant().issuer() != nullptr ||  // all others know its node
                          participant().gossip().has_signed_off();
        if (told || tries == 1) {
            finish_leave();
        } else {
            sign_off(tries - 1);
        }
    });
}

void Network::Impl::finish_leave() {
    const Result<> forgotten = participant().forget();
    parts_.changed();
    std::exchange(left_, nullptr)(forgotten);
}

Result<api::TokenReply> Network::Impl::create_token(const api::TokenRequest& request) {
    issuer::TokenOptions options;
    options.lifetime = request.lifetime_s;
    options.uses = request.uses;
    options.name = request.name;
    options.ephemeral = request.ephemeral;
    options.replace = request.replace;
    if (!request.from.empty()) {
        const auto from = net::Prefix::parse(request.from);
        if (!from) {
            return invalid("no prefix: --from " + request.from, "as in --from 192.0.2.0/24");
        }
        options.from = from->masked();
    }
    const Result<issuer::NewToken> token = participant().create_token(options, Overlay::clock());
    if (!token) {
        return token.error();
    }
    const issuer::Ledger::Token& made = participant().issuer()->tokens().at(token->id);
    return api::TokenReply{to_hex(token->id), token->text, milliseconds(made.expiry)};
}

Result<> Network::Impl::withdraw_token(const std::string& id) {
    identity::TokenId bytes{};
    if (!from_hex(id, bytes)) {
        return invalid("no token's id: " + id, "weft token list");
    }
    return participant().withdraw_token(bytes);
}

Result<> Network::Impl::remove_node(const std::string& name) {
    mesh::Output out;
    if (Result<> revoked = participant().revoke(name, Overlay::clock(), out); !revoked) {
        return revoked;
    }
    parts_.overlay.carry_out(out);
    return {};
}

// ---- The door --------------------------------------------------------------------------------

Network::Network(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Network::~Network() = default;

Result<api::NetworkReply> Network::init(const api::InitRequest& request) {
    return impl_->init(request);
}
void Network::join(const api::JoinRequest& request, Joined done) {
    impl_->join(request, std::move(done));
}
std::vector<net::Endpoint> Network::asked_to_join() const {
    return impl_->asked_to_join();
}
void Network::leave(Left done) {
    impl_->leave(std::move(done));
}
Result<api::TokenReply> Network::create_token(const api::TokenRequest& request) {
    return impl_->create_token(request);
}
Result<std::vector<api::TokenStatus>> Network::tokens() const {
    if (!impl_->participant().is_member()) {
        return mesh::not_a_member();
    }
    if (impl_->participant().issuer() == nullptr) {
        return mesh::not_an_issuer();
    }
    return tokens_of(impl_->participant());
}
Result<> Network::withdraw_token(const std::string& id) {
    return impl_->withdraw_token(id);
}
Result<> Network::remove_node(const std::string& name) {
    return impl_->remove_node(name);
}
api::Members Network::members() const {
    return members_of(impl_->participant());
}
api::GossipStatus Network::gossip() const {
    return gossip_of(impl_->participant());
}
api::Ipam Network::ipam() const {
    return ipam_of(impl_->participant());
}

}  // namespace weft::control
