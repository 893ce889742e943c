// SPDX-License-Identifier: Apache-2.0
// What a node must not forget of its network, and the files it lies in. Each is
//
//   "WFT" kind version payload checksum 8 (of BLAKE2b-128 of all before it)
//
//   node.key     kind 'K'  identity seed 32, WireGuard key 32, gossip key 32
//   next.key     kind 'K'  the same, while a rotation is under way: the network's certificate
//                          tells which of both are in use
//   network      kind 'N'  first root 32, block lengths u8 u8, pools, the node's certificate,
//                          seeds; where the root's key is also its number u32 and seed 32: this
//                          file alone makes a member, what it needs is written before
//   trust        kind 'T'  successors, issuers, revocations as they were signed
//   members      kind 'M'  certificates and records as they were signed
//   epoch, time  kind 'E'  one u64: the last epoch used, the last Unix time believed
//   issuer.key   kind 'I'  number u32 (0: of keys that wait for a certificate), signing seed 32,
//                          sealing key 32; trust tells which certificate is theirs
//
// Little-endian. A file that is damaged or a newer weft's is an error that says what to do, and is
// left as it is. One owner, one thread.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <weft/identity/join_message.hpp>
#include <weft/identity/trust_store.hpp>
#include <weft/issuer/block_pool.hpp>
#include <weft/mesh/storage.hpp>

namespace weft::mesh {

inline constexpr std::size_t kStateFileMax = std::size_t{64} << 20;  // 65,536 members and more

/// The issuer's: its format is issuer/ledger's.
inline constexpr std::string_view kIssuerJournal = "issuer.journal";

struct NodeKeys {
    identity::SigningKey identity;
    crypto::PrivateKey wireguard;
    crypto::PrivateKey gossip;

    [[nodiscard]] static NodeKeys generate(RandomSource& random);
    /// Other WireGuard and gossip keys of the same node.
    [[nodiscard]] NodeKeys next(RandomSource& random) const;
    [[nodiscard]] bool are_of(const identity::Certificate& certificate) const;
};
struct RootKey {
    std::uint32_t number = 0;
    identity::SigningKey key;
};
struct NetworkState {
    identity::VerifyKey first_root;
    issuer::BlockSizes blocks;
    std::vector<net::Prefix> pools;      ///< at most 2
    std::vector<std::byte> certificate;  ///< this node's, the newest
    std::vector<identity::Seed> seeds;   ///< at most kJoinSeedsMax: who answers before any is known
    std::optional<RootKey> root;
};
struct TrustState {
    std::vector<std::vector<std::byte>> successors;
    std::vector<std::vector<std::byte>> issuers;
    std::vector<std::vector<std::byte>> revocations;  ///< each signer's in order
};
struct KnownMember {
    std::vector<std::byte> certificate;
    std::vector<std::byte> record;
};
struct IssuerKeys {
    std::uint32_t number = 0;
    identity::SigningKey signing;
    crypto::PrivateKey sealing;
};

class State {
  public:
    /// `storage` outlives it.
    explicit State(Storage& storage) : storage_(storage) {}

    // nullopt: there is no such file. Errors: storage's; EBADMSG where it is damaged or too new.
    [[nodiscard]] Result<std::optional<NodeKeys>> node_keys();
    [[nodiscard]] Result<std::optional<NodeKeys>> next_keys();
    [[nodiscard]] Result<std::optional<NetworkState>> network();
    [[nodiscard]] Result<std::optional<TrustState>> trust();
    [[nodiscard]] Result<std::optional<std::vector<KnownMember>>> members();
    [[nodiscard]] Result<std::optional<IssuerKeys>> issuer_keys();
    [[nodiscard]] Result<std::optional<std::uint64_t>> epoch();
    [[nodiscard]] Result<std::optional<identity::UnixSeconds>> time();

    // Durable when they return.
    [[nodiscard]] Result<> keep(const NodeKeys& keys);
    [[nodiscard]] Result<> keep_next(const NodeKeys& keys);
    [[nodiscard]] Result<> remove_next_keys();
    [[nodiscard]] Result<> keep(const NetworkState& network);
    [[nodiscard]] Result<> keep(const identity::TrustStore& trust);
    [[nodiscard]] Result<> keep(const std::vector<KnownMember>& members);
    [[nodiscard]] Result<> keep(const IssuerKeys& issuer);
    [[nodiscard]] Result<> keep_epoch(std::uint64_t epoch);
    [[nodiscard]] Result<> keep_time(identity::UnixSeconds time);

    /// Everything, the network's file first: a crash in between leaves no member.
    [[nodiscard]] Result<> forget();

  private:
    [[nodiscard]] Result<std::optional<NodeKeys>> keys(std::string_view file);
    [[nodiscard]] Result<> keep_keys(std::string_view name, const NodeKeys& keys);
    [[nodiscard]] Result<std::optional<std::uint64_t>> number(std::string_view file);

    Storage& storage_;
};

}  // namespace weft::mesh
