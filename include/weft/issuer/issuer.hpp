// SPDX-License-Identifier: Apache-2.0
// An issuer: decides who gets which certificate, out of its slice of the pool, and who loses it.
// Pure: bytes and a time in, a Decision out (decision.hpp); one owner, one thread, one decision at
// a time.
//
//   token create --> on_join --> certificate --> on_renew, rotate --> revoke --> 24 h --> block
//   free again
//                        '-- token create --replace: revokes the old node, the new one has its
//                        blocks at once
//
// Design 6 (Keys, Joining, Revocation). Where the clock is not trusted it acts on no expiry, and no
// block comes back; certificates are dated by the best that is known all the same, or a board that
// booted in 1970 could never begin a network.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <weft/issuer/decision.hpp>
#include <weft/issuer/ledger.hpp>

namespace weft::issuer {

inline constexpr UnixSeconds kCertificateLife = UnixSeconds{365} * 86'400;
inline constexpr UnixSeconds kEphemeralLife = 86'400;
/// Nodes of other issuers whose names are kept in mind.
inline constexpr std::size_t kForeignMax = 65'536;
/// Serials that are left out when a merge shows that the ledger is old: others may know of more.
inline constexpr std::uint32_t kSerialJump = 1'024;

/// Each with an initializer, so that any can be named alone.
struct TokenOptions {
    UnixSeconds lifetime = 3'600;  // s
    std::uint32_t uses = 1;
    std::string name{};  ///< "": the joiner's wish
    std::optional<net::Prefix> from{};
    bool ephemeral = false;
    std::string replace{};  ///< a live node whose place is taken, and its name unless `name` is set
    std::vector<net::Endpoint> endpoints{};
};
struct NewToken {
    TokenId id{};
    std::string text;  ///< a secret until it is used or expired
};

/// Two machines with one identity key: an image was cloned after `weft join`.
struct Clone {
    VerifyKey identity_key;
    std::string first;  ///< the node's name
    std::optional<net::IpAddress> first_source;
    std::string second;  ///< the name that the other machine asked for
    net::IpAddress second_source;
};

/// To a joining or renewing machine.
struct Answer {
    identity::JoinReply::Status status{};
    std::vector<std::byte> sealed;       ///< the datagram's payload
    std::vector<std::byte> certificate;  ///< granted; also to be spread
    std::vector<std::byte> revocation;   ///< by --replace; to be spread first
    std::optional<Clone> clone;          ///< refused, and both are to be named to the operator
};

struct IssueOptions {
    bool ephemeral = false;
    std::vector<net::Prefix> routed{};  ///< certified further prefixes
};

/// Who took a node's place, by the operator's word.
struct Replaced {
    std::vector<std::byte> certificate;
    std::vector<std::byte> revocation;  ///< to be spread first; empty: it was done before
};

/// What a member knows. Own certificates and revocations that the ledger lacks were granted after
/// the backup that it came from.
struct Known {
    std::vector<SignedBytes> certificates{};
    std::vector<SignedBytes> revocations{};  ///< this issuer's, in any order
};
struct Merged {
    std::size_t certificates = 0;  ///< adopted into the ledger
    std::size_t revocations = 0;
    std::size_t tokens_withdrawn = 0;  ///< all open ones: which were used is not known any more
    std::size_t conflicts = 0;         ///< another revocation has the number of one of the ledger's
};

using CurrentOf = std::function<ConstBytes(const VerifyKey& identity_key)>;

class Issuer {
  public:
    struct Parts {
        identity::IssuerCertificate certificate;
        std::vector<std::byte> certificate_bytes;
        identity::SigningKey signing_key;
        crypto::PrivateKey sealing_key;
        VerifyKey first_root;               ///< which tokens carry
        const identity::TrustStore& trust;  ///< the node's; outlives the issuer
        RandomSource& random;               ///< outlives the issuer
    };
    struct Settings {
        BlockSizes sizes;
        std::vector<net::Prefix> pools;  ///< at most 2; told to who joins
        /// There is no member to ask, or the operator says so: grant without a merge.
        bool alone = false;
    };

    Issuer(Parts parts, Settings settings);

    /// Once, before anything else; see Ledger::replay. Errors: also keys that are not the
    /// certificate's.
    [[nodiscard]] Result<Ledger::Replayed> replay(ConstBytes journal);
    /// Writes the records, and only then changes anything and gives the value. An error is
    /// persist's.
    template <class Value>
    [[nodiscard]] Result<Value> commit(Decision<Value> decision, const Persist& persist) {
        if (Result<> settled = settle(decision.records_, decision.basis_, persist); !settled) {
            return settled.error();
        }
        if constexpr (std::is_same_v<Value, Merged>) {
            merged_ = true;
        }
        return std::move(decision.value_);
    }

    // ---- The operator ------------------------------------------------------------------------
    // Errors say what is wrong and what to do.
    [[nodiscard]] Result<Decision<NewToken>> create_token(const TokenOptions& options,
                                                          const TimeView& time);
    [[nodiscard]] Result<Decision<TokenId>> withdraw_token(const TokenId& id) const;
    /// A certificate by the operator's own word, without a token: init's own node, cert sign. Again
    /// for the same keys it is the same one, after half of its life the next. Of `request`, keys
    /// and name count.
    [[nodiscard]] Result<Decision<std::vector<std::byte>>> issue(
        const identity::JoinRequest& request, const IssueOptions& options, const TimeView& time);
    /// The place of a live node (its name, blocks and routed prefixes) for the machine of
    /// `request`; the old certificate is revoked in the same record. Again for the same keys the
    /// same.
    [[nodiscard]] Result<Decision<Replaced>> replace(const identity::JoinRequest& request,
                                                     const std::string& name,
                                                     const TimeView& time);
    /// The next generation for a live node of this issuer, with the keys of `request`.
    [[nodiscard]] Result<Decision<std::vector<std::byte>>> rotate(
        const identity::JoinRequest& request, const TimeView& time);
    /// The signed revocation, numbered without gaps; of a node revoked before, the same again.
    [[nodiscard]] Result<Decision<std::vector<std::byte>>> revoke(const VerifyKey& identity_key,
                                                                  const TimeView& time) const;
    /// By the name of a live node.
    [[nodiscard]] Result<Decision<std::vector<std::byte>>> revoke(const std::string& name,
                                                                  const TimeView& time) const;

    // ---- The network -------------------------------------------------------------------------
    // Errors (nobody is answered): what is not a request, or not one that this node's peers would
    // send.
    /// Seeds for replies; as many as fit.
    void set_seeds(std::vector<identity::Seed> seeds) { seeds_ = std::move(seeds); }
    /// `source` has proved by a cookie that it is there. A withdrawn token is told as an expired
    /// one, a clone as kUsedToken with the first's name. kClockOff is never told: a machine with a
    /// wrong clock is granted what it asks for, and the time in every reply says by how much it is
    /// off.
    [[nodiscard]] Result<Decision<Answer>> on_join(ConstBytes sealed,
                                                   const net::Endpoint& source,
                                                   const TimeView& time);
    /// `current`: the certificate of the request's serial, as members know it, or the requester
    /// sent it. Told kExpiredToken when it is past its grace (join anew), kNotFromHere with the
    /// name of the issuer's node when its blocks are another issuer's to give.
    [[nodiscard]] Result<Decision<Answer>> on_renew(ConstBytes sealed,
                                                    ConstBytes current,
                                                    const TimeView& time);
    /// Whichever of the two a sealed request is. `current_of`: the certificate that members know of
    /// an identity key, empty where they know none; the ledger's is taken then.
    [[nodiscard]] Result<Decision<Answer>> on_request(ConstBytes sealed,
                                                      const net::Endpoint& source,
                                                      const CurrentOf& current_of,
                                                      const TimeView& time);
    /// After a restart, and again whenever more is known. Errors: own revocations with a gap.
    [[nodiscard]] Result<Decision<Merged>> merge_known(const Known& known, const TimeView& time);
    /// A node of another issuer has signed off: its name is free at once.
    void on_left(const VerifyKey& identity_key);
    /// There is no member that could be asked: the operator says so.
    void go_alone() { settings_.alone = true; }
    /// Whether it has merged or is alone; else joins and renewals are told to wait.
    [[nodiscard]] bool ready() const { return merged_ || settings_.alone; }

    // ---- For status, and the ledger's file ---------------------------------------------------
    [[nodiscard]] const identity::IssuerCertificate& certificate() const {
        return parts_.certificate;
    }
    [[nodiscard]] const Ledger& ledger() const { return ledger_; }
    [[nodiscard]] const std::map<TokenId, Ledger::Token>& tokens() const {
        return ledger_.tokens();
    }
    /// Replaces the journal's file (temp, fsync, rename), when the caller finds it grown.
    [[nodiscard]] std::vector<std::byte> snapshot(const TimeView& time) const {
        return ledger_.snapshot(time);
    }

  private:
    struct Verdict;
    struct Grant;
    struct Foreign {
        std::string name;
        std::uint64_t serial = 0;
    };
    using Request = identity::JoinRequest;

    [[nodiscard]] Result<> settle(ConstBytes records, std::uint64_t basis, const Persist& persist);
    template <class Value>
    [[nodiscard]] Decision<Value> decide(Value value, std::vector<std::byte> records = {}) const {
        return {std::move(value), std::move(records), ledger_.version()};
    }

    // join.cpp, in the order in which a request meets them
    [[nodiscard]] Result<Decision<Answer>> join(const Request& request,
                                                const net::Endpoint& source,
                                                const TimeView& time);
    [[nodiscard]] Result<Verdict> judge_join(const Request& request,
                                             const net::IpAddress& source,
                                             const TimeView& time);
    [[nodiscard]] std::optional<Verdict> refuse_token(const Ledger::Token& token,
                                                      const net::IpAddress& source,
                                                      const TimeView& time) const;
    [[nodiscard]] std::optional<Clone> clone_of(const Request& request,
                                                const Ledger::Use& use,
                                                const Ledger::Token& token) const;
    [[nodiscard]] Result<Verdict> rejoin(const Ledger::Node& node,
                                         const Request& request,
                                         const Ledger::Use& use,
                                         const TimeView& time) const;
    [[nodiscard]] Result<Verdict> join_new(const Ledger::Token& token,
                                           const Request& request,
                                           const Ledger::Use& use,
                                           const TimeView& time) const;

    // renew.cpp
    [[nodiscard]] Result<Decision<Answer>> renewal(const Request& request,
                                                   ConstBytes current,
                                                   const TimeView& time);
    [[nodiscard]] Result<Verdict> judge_renewal(const Request& request,
                                                ConstBytes current,
                                                const TimeView& time) const;
    [[nodiscard]] Result<Verdict> renew(const identity::Certificate& newest,
                                        ConstBytes bytes,
                                        const Request& request,
                                        const TimeView& time) const;

    // grant.cpp
    [[nodiscard]] Result<> may_grant(const TimeView& time) const;
    [[nodiscard]] Result<> may_certify(const Request& request) const;
    [[nodiscard]] Result<std::vector<std::byte>> sign(const Grant& grant,
                                                      const TimeView& time) const;
    [[nodiscard]] std::vector<std::byte> sign_revocation(const identity::Certificate& certificate,
                                                         const TimeView& time) const;
    [[nodiscard]] std::optional<std::vector<net::Prefix>> free_blocks(const TimeView& time) const;
    [[nodiscard]] bool is_revoked(const VerifyKey& identity_key) const;
    [[nodiscard]] bool is_taken(const std::string& name, const VerifyKey* except) const;
    [[nodiscard]] std::string free_name(const std::string& wanted) const;
    [[nodiscard]] Result<> check_routed(const std::vector<net::Prefix>& routed) const;
    [[nodiscard]] Answer answer(const Request& request, Verdict verdict, const TimeView& time);

    // merge.cpp
    [[nodiscard]] bool is_lost(ConstBytes bytes, const identity::Certificate& certificate) const;
    void learn(const identity::Certificate& certificate, ConstBytes bytes, const TimeView& time);

    Parts parts_;
    Settings settings_;
    Ledger ledger_;
    bool merged_ = false;
    std::vector<identity::Seed> seeds_;
    // Nodes of other issuers: knowledge, not promises, and learnt anew with each merge.
    std::map<VerifyKey, Foreign> foreign_;
    std::map<std::string, VerifyKey> foreign_names_;
};

}  // namespace weft::issuer
