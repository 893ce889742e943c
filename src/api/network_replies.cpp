// SPDX-License-Identifier: Apache-2.0
// What a node says about its network: values to JSON and back. Key order is that of network.hpp and
// never changes; new keys go to the end of their object. Pure; any thread.
#include <utility>

#include <weft/api/network.hpp>
#include <weft/api/status.hpp>

#include "json_reader.hpp"
#include "json_writer.hpp"

namespace weft::api {
namespace {

namespace json = boost::json;

json::object token_use_json(const TokenUse& use) {
    return {{"node", use.node}, {"name", use.name}, {"from", use.from}, {"at_ms", use.at_ms}};
}

json::object token_json(const TokenStatus& token) {
    return {{"id", token.id},
            {"state", token.state},
            {"name", nullable(token.name)},
            {"from", nullable(token.from)},
            {"replaces", nullable(token.replaces)},
            {"ephemeral", token.ephemeral},
            {"uses", token.uses},
            {"used", objects(token.used, token_use_json)},
            {"created_ms", token.created_ms},
            {"expires_ms", token.expires_ms}};
}

json::object member_json(const MemberStatus& member) {
    return {{"name", member.name},
            {"id", member.id},
            {"state", member.state},
            {"self", member.self},
            {"issuer", member.issuer},
            {"ephemeral", member.ephemeral},
            {"blocks", strings(member.blocks)},
            {"routed", strings(member.routed)},
            {"endpoints", strings(member.endpoints)},
            {"endpoint", nullable(member.endpoint)},
            {"software", member.software},
            {"public_key", member.public_key},
            {"generation", member.generation},
            {"not_after_ms", member.not_after_ms}};
}

json::object owner_json(const BlockOwner& owner) {
    return {{"block", owner.block}, {"name", owner.name}, {"id", owner.id}};
}

json::object stock_json(const BlockStock& stock) {
    return {{"family", stock.family},
            {"slices", strings(stock.slices)},
            {"block", stock.block},
            {"total", stock.total},
            {"owned", stock.owned},
            {"resting", stock.resting}};
}

TokenUse read_token_use(JsonReader reader) {
    TokenUse use;
    reader.read("node", use.node);
    reader.read("name", use.name);
    reader.read("from", use.from);
    reader.read("at_ms", use.at_ms);
    return use;
}

TokenStatus read_token(JsonReader reader) {
    TokenStatus token;
    reader.read("id", token.id);
    reader.read("state", token.state);
    reader.read("name", token.name);
    reader.read("from", token.from);
    reader.read("replaces", token.replaces);
    reader.read("ephemeral", token.ephemeral);
    reader.read("uses", token.uses);
    reader.each("used",
                [&](JsonReader item) { token.used.push_back(read_token_use(std::move(item))); });
    reader.read("created_ms", token.created_ms);
    reader.read("expires_ms", token.expires_ms);
    return token;
}

MemberStatus read_member(JsonReader reader) {
    MemberStatus member;
    reader.read("name", member.name);
    reader.read("id", member.id);
    reader.read("state", member.state);
    reader.read("self", member.self);
    reader.read("issuer", member.issuer);
    reader.read("ephemeral", member.ephemeral);
    reader.read("blocks", member.blocks);
    reader.read("routed", member.routed);
    reader.read("endpoints", member.endpoints);
    reader.read("endpoint", member.endpoint);
    reader.read("software", member.software);
    reader.read("public_key", member.public_key);
    reader.read("generation", member.generation);
    reader.read("not_after_ms", member.not_after_ms);
    return member;
}

BlockOwner read_owner(JsonReader reader) {
    BlockOwner owner;
    reader.read("block", owner.block);
    reader.read("name", owner.name);
    reader.read("id", owner.id);
    return owner;
}

BlockStock read_stock(JsonReader reader) {
    BlockStock stock;
    reader.read("family", stock.family);
    reader.read("slices", stock.slices);
    reader.read("block", stock.block);
    reader.read("total", stock.total);
    reader.read("owned", stock.owned);
    reader.read("resting", stock.resting);
    return stock;
}

}  // namespace

std::string to_json(const NetworkReply& reply) {
    return json::serialize(json::object{{"api", kApiVersion},
                                        {"network", reply.network},
                                        {"name", reply.name},
                                        {"id", reply.id},
                                        {"blocks", strings(reply.blocks)},
                                        {"pools", strings(reply.pools)},
                                        {"already", reply.already}});
}

std::string to_json(const TokenReply& reply) {
    return json::serialize(json::object{{"api", kApiVersion},
                                        {"id", reply.id},
                                        {"token", reply.token},
                                        {"expires_ms", reply.expires_ms}});
}

std::string to_json(const std::vector<TokenStatus>& tokens) {
    return json::serialize(
        json::object{{"api", kApiVersion}, {"tokens", objects(tokens, token_json)}});
}

std::string to_json(const Members& members) {
    return json::serialize(json::object{{"api", kApiVersion},
                                        {"network", nullable(members.network)},
                                        {"pools", strings(members.pools)},
                                        {"members", objects(members.members, member_json)}});
}

std::string to_json(const Ipam& ipam) {
    return json::serialize(json::object{{"api", kApiVersion},
                                        {"pools", strings(ipam.pools)},
                                        {"owners", objects(ipam.owners, owner_json)},
                                        {"stocks", objects(ipam.stocks, stock_json)}});
}

Result<NetworkReply> parse_network_reply(std::string_view text) {
    return parse_reply<NetworkReply>(text, [](JsonReader& reader, NetworkReply& reply) {
        reader.read("network", reply.network);
        reader.read("name", reply.name);
        reader.read("id", reply.id);
        reader.read("blocks", reply.blocks);
        reader.read("pools", reply.pools);
        reader.read("already", reply.already);
    });
}

Result<TokenReply> parse_token_reply(std::string_view text) {
    return parse_reply<TokenReply>(text, [](JsonReader& reader, TokenReply& reply) {
        reader.read("id", reply.id);
        reader.read("token", reply.token);
        reader.read("expires_ms", reply.expires_ms);
    });
}

Result<std::vector<TokenStatus>> parse_tokens(std::string_view text) {
    using Tokens = std::vector<TokenStatus>;
    return parse_reply<Tokens>(text, [](JsonReader& reader, Tokens& tokens) {
        reader.each("tokens",
                    [&](JsonReader item) { tokens.push_back(read_token(std::move(item))); });
    });
}

Result<Members> parse_members(std::string_view text) {
    return parse_reply<Members>(text, [](JsonReader& reader, Members& reply) {
        reader.read("network", reply.network);
        reader.read("pools", reply.pools);
        reader.each("members", [&](JsonReader item) {
            reply.members.push_back(read_member(std::move(item)));
        });
    });
}

Result<Ipam> parse_ipam(std::string_view text) {
    return parse_reply<Ipam>(text, [](JsonReader& reader, Ipam& ipam) {
        reader.read("pools", ipam.pools);
        reader.each("owners",
                    [&](JsonReader item) { ipam.owners.push_back(read_owner(std::move(item))); });
        reader.each("stocks",
                    [&](JsonReader item) { ipam.stocks.push_back(read_stock(std::move(item))); });
    });
}

}  // namespace weft::api
