// SPDX-License-Identifier: Apache-2.0
// The network that a node is in, as values and as JSON: what init, join, tokens, members and ipam
// are asked and answer. Unknown is null, never absent; times are Unix ms; lists are sorted.
//
//   POST /v1/init          InitRequest -> NetworkReply       GET    /v1/tokens      -> TokenStatus…
//   POST /v1/join          JoinRequest -> NetworkReply       DELETE /v1/tokens/ID   -> {}
//   POST /v1/leave         {} -> {}                          GET    /v1/members     -> Members
//   POST /v1/tokens        TokenRequest -> TokenReply        DELETE /v1/nodes/NAME  -> {}
//                                                            GET    /v1/ipam        -> Ipam
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weft/base/result.hpp>

namespace weft::api {

inline constexpr unsigned kBlock4Max = 32;  // prefix lengths
inline constexpr unsigned kBlock6Max = 64;

/// A new network, whose first node and issuer this one is.
struct InitRequest {
    std::string name;   ///< of this node; "": node.name
    std::string pool4;  ///< "": the configuration's, else one that overlaps nothing here
    std::string pool6;
    std::optional<unsigned> block4;  ///< prefix lengths of nodes' blocks; null: the configuration's
    std::optional<unsigned> block6;
};
struct JoinRequest {
    std::string token;
    std::string name;  ///< wished; "": node.name
};
/// What this node is now. `already`: it was before, and nothing was done.
struct NetworkReply {
    std::string network;  ///< its id, 32 hex digits
    std::string name;
    std::string id;  ///< the node's, 32 hex digits
    std::vector<std::string> blocks;
    std::vector<std::string> pools;
    bool already = false;
};

inline constexpr unsigned kTokenUsesMax = 4'096;
inline constexpr unsigned kTokenLifetimeMaxS = 31'536'000;  // a year

struct TokenRequest {
    std::string name;     ///< the joining node's; "": its wish
    std::string from;     ///< prefix that the request must come from; "": any
    std::string replace;  ///< a node whose place and blocks are taken; "": none
    unsigned uses = 1;
    unsigned lifetime_s = 3'600;
    bool ephemeral = false;
};
struct TokenReply {
    std::string id;     ///< 16 hex digits
    std::string token;  ///< a secret until it is used or expired
    std::int64_t expires_ms = 0;
};
struct TokenUse {
    std::string node;  ///< id
    std::string name;
    std::string from;  ///< address
    std::int64_t at_ms = 0;
};
struct TokenStatus {
    std::string id;
    std::string state;  ///< "open" | "used" | "expired" | "withdrawn"
    std::optional<std::string> name;
    std::optional<std::string> from;
    std::optional<std::string> replaces;  ///< node id
    bool ephemeral = false;
    unsigned uses = 1;
    std::vector<TokenUse> used;
    std::int64_t created_ms = 0;
    std::int64_t expires_ms = 0;
};

struct MemberStatus {
    std::string name;
    std::string id;
    std::string state;  ///< "alive" | "suspect" | "dead" | "left"
    bool self = false;
    bool issuer = false;
    bool ephemeral = false;
    std::vector<std::string> blocks;
    std::vector<std::string> routed;
    std::vector<std::string> endpoints;   ///< that it names, best first
    std::optional<std::string> endpoint;  ///< where it was heard last
    std::string software;
    std::string public_key;  ///< WireGuard's, base64
    std::uint32_t generation = 0;
    std::int64_t not_after_ms = 0;
};
struct Members {
    std::optional<std::string> network;  ///< null: in none
    std::vector<std::string> pools;
    std::vector<MemberStatus> members;  ///< by name, this node among them
};

/// An issuer's stock of blocks of one family.
struct BlockStock {
    std::string family;  ///< "ipv4" | "ipv6"
    std::vector<std::string> slices;
    unsigned block = 0;  ///< prefix length
    std::uint64_t total = 0;
    std::uint64_t owned = 0;
    std::uint64_t resting = 0;
};
struct BlockOwner {
    std::string block;
    std::string name;
    std::string id;
};
struct Ipam {
    std::vector<std::string> pools;
    std::vector<BlockOwner> owners;  ///< by block, all members'
    std::vector<BlockStock> stocks;  ///< of this node as an issuer; empty: it is none
};

[[nodiscard]] std::string to_json(const InitRequest& request);
[[nodiscard]] std::string to_json(const JoinRequest& request);
[[nodiscard]] std::string to_json(const TokenRequest& request);
[[nodiscard]] std::string to_json(const NetworkReply& reply);
[[nodiscard]] std::string to_json(const TokenReply& reply);
[[nodiscard]] std::string to_json(const std::vector<TokenStatus>& tokens);
[[nodiscard]] std::string to_json(const Members& members);
[[nodiscard]] std::string to_json(const Ipam& ipam);

/// Of requests every field but `token` has its default; unknown fields and wrong types are errors
/// that name the field. Of replies every field must be there; further ones are ignored.
[[nodiscard]] Result<InitRequest> parse_init_request(std::string_view text);
[[nodiscard]] Result<JoinRequest> parse_join_request(std::string_view text);
[[nodiscard]] Result<TokenRequest> parse_token_request(std::string_view text);
[[nodiscard]] Result<NetworkReply> parse_network_reply(std::string_view text);
[[nodiscard]] Result<TokenReply> parse_token_reply(std::string_view text);
[[nodiscard]] Result<std::vector<TokenStatus>> parse_tokens(std::string_view text);
[[nodiscard]] Result<Members> parse_members(std::string_view text);
[[nodiscard]] Result<Ipam> parse_ipam(std::string_view text);

}  // namespace weft::api
