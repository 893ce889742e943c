// SPDX-License-Identifier: Apache-2.0
// What an issuer has promised: tokens and who used them, certificates, revocations, blocks. An
// append-only journal of records is the truth; what is in memory follows from replaying it, and a
// decision of today is applied by replaying what was written for it: there is one way in.
//
//   record:  len u16 (of the payload)  type u8  version u8  payload  checksum 4 (BLAKE2b-32 of all
//   before it)
//
// One record holds all of one decision that must not be torn apart: that a token was used, by whom,
// whose certificate it revoked and which it granted. Little-endian. Pure; one owner, one thread.
// The file itself is control's. Its records' signatures are not checked again: who can write it has
// the signing key as well.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/identity/join_message.hpp>
#include <weft/identity/trust_store.hpp>
#include <weft/issuer/block_pool.hpp>

namespace weft::issuer {

using identity::SignedBytes;
using identity::TokenId;
using identity::VerifyKey;

inline constexpr std::size_t kTokensMax = 4'096;  // not expired, of one issuer
inline constexpr std::uint32_t kTokenUsesMax = 4'096;
/// How long a token is remembered after its expiry, so that "expired" is told and not "unknown".
inline constexpr UnixSeconds kTokenKept = UnixSeconds{7} * 86'400;
/// Journals are read whole; a larger one is not ours. 64 Ki revoked and 64 Ki live nodes have half
/// of it.
inline constexpr std::size_t kJournalSizeMax = std::size_t{128} << 20;

class Ledger {
  public:
    /// Who used a token, when, from where, and the name it asked for ("" where it was none).
    struct Use {
        VerifyKey identity_key;
        UnixSeconds time = 0;
        net::IpAddress source;
        std::string wanted;

        friend bool operator==(const Use&, const Use&) = default;
    };
    struct Token {
        VerifyKey key;  ///< of its one-time key
        UnixSeconds created = 0;
        UnixSeconds expiry = 0;
        std::uint32_t uses = 1;
        std::string name;  ///< "": the joiner's wish
        std::optional<net::Prefix> from;
        bool ephemeral = false;
        std::optional<VerifyKey> replaces;  ///< the node whose place its user takes
        bool withdrawn = false;
        std::vector<Use> used;

        [[nodiscard]] const Use* use_of(const VerifyKey& identity_key) const;
        [[nodiscard]] bool open() const { return !withdrawn && used.size() < uses; }
    };
    struct Older {
        SignedBytes bytes;
        std::vector<net::Prefix> blocks;
    };
    struct Node {
        identity::Certificate certificate;  ///< the newest
        SignedBytes bytes;
        std::vector<net::Prefix> blocks;  ///< of all its certificates
        std::vector<Older> older;      ///< those with blocks that the newest lacks: after a merge
        std::optional<TokenId> token;  ///< by which it joined last, and
        Use use;                       ///< how
        bool revoked = false;
    };
    struct Revoked {
        SignedBytes bytes;
        bool dated = true;  ///< by a clock that was trusted
    };

    Ledger(const identity::IssuerCertificate& issuer, BlockSizes sizes);

    struct Replayed {
        std::size_t records = 0;
        std::size_t size = 0;  ///< bytes that count: cut the file here before anything is appended
        std::size_t torn =
            0;  ///< bytes behind, of a write that a crash ended: nobody was told of it
    };
    /// Once, at the start. An error (damage before the tail, another issuer's ledger, a newer
    /// weft's) leaves the ledger unusable.
    [[nodiscard]] Result<Replayed> replay(ConstBytes journal);
    /// Whole records that are durable by now.
    [[nodiscard]] Result<> apply(ConstBytes records);
    /// A journal that replays to the same, without what matters no more: certificates that others
    /// followed, tokens long expired. All revocations stay, for members ask for them by number.
    [[nodiscard]] std::vector<std::byte> snapshot(const TimeView& time) const;
    /// Records so far: a decision holds for one state only.
    [[nodiscard]] std::uint64_t version() const { return version_; }

    /// In the order of their ids; shown by token list.
    [[nodiscard]] const std::map<TokenId, Token>& tokens() const { return tokens_; }
    [[nodiscard]] const Token* token(const TokenId& id) const;
    [[nodiscard]] const std::map<VerifyKey, Node>& nodes() const { return nodes_; }
    /// nullptr: never granted, or revoked.
    [[nodiscard]] const Node* live(const VerifyKey& identity_key) const;
    /// The live node of a name.
    [[nodiscard]] const Node* holder(const std::string& name) const;
    /// Another live node than `except` with a block that overlaps: there is none, but after a
    /// backup was restored and granted from. Linear.
    [[nodiscard]] const Node* live_owner(const net::Prefix& block, const VerifyKey& except) const;
    [[nodiscard]] bool is_revoked(const VerifyKey& identity_key) const {
        return revoked_.contains(identity_key);
    }
    /// By number, from 1 on.
    [[nodiscard]] const std::vector<Revoked>& revocations() const { return revocations_; }
    /// nullptr: not revoked.
    [[nodiscard]] SignedBytes revocation_of(const VerifyKey& identity_key) const;
    /// The low 32 bits of the serial that comes next; 0: there are no more.
    [[nodiscard]] std::uint32_t next_counter() const { return next_counter_; }
    [[nodiscard]] const BlockPool& pool() const { return pool_; }
    void on_time(const TimeView& time) { pool_.on_time(time); }

  private:
    struct Apply;  // one function per event, in ledger.cpp
    void own(Node& node, const net::Prefix& block);
    void take_counter(std::uint32_t counter);
    [[nodiscard]] bool still_matters(const VerifyKey& key, const Node& node) const;
    [[nodiscard]] bool still_matters(const Token& token, const TimeView& time) const;

    identity::NetworkId network_;
    std::uint32_t issuer_number_;
    BlockPool pool_;
    std::uint64_t version_ = 0;
    std::uint32_t next_counter_ = 1;
    std::map<TokenId, Token> tokens_;
    std::map<VerifyKey, Node> nodes_;
    std::set<std::pair<std::string, VerifyKey>> names_;  // of live nodes
    std::map<net::Prefix, VerifyKey> last_revoked_;      // of a block's owners
    std::map<VerifyKey, std::size_t> revoked_;           // index into revocations_
    std::vector<Revoked> revocations_;
};

}  // namespace weft::issuer
