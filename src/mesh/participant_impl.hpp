// SPDX-License-Identifier: Apache-2.0
// The participant's state. What it does is in participant.cpp (start, wishes), its traffic
// (datagrams, timers) and its renewal (certificates, keys).
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <weft/identity/issuer_request.hpp>
#include <weft/mesh/participant.hpp>

namespace weft::mesh {

inline constexpr std::uint32_t kFirstIssuer = 1;
inline constexpr identity::UnixSeconds kIssuerLife = identity::UnixSeconds{10} * 365 * 86'400;

/// A copy of a machine's state becomes a node of its own.
inline constexpr std::string_view kCopyRemedy =
    "on the copy: weft down, rm -r /var/lib/weft/weft0.network; then start weftd there, and weft "
    "join with a new token";
inline constexpr std::string_view kJoinAnew =
    "`weft leave --yes`, then `weft join` with a new token: `weft token create` on an issuer's "
    "node";

using SharedCertificate = std::shared_ptr<const gossip::SignedCertificate>;
[[nodiscard]] Result<SharedCertificate> parse_own(ConstBytes bytes);
[[nodiscard]] Error already_member(const identity::Certificate& certificate);

class Participant::Impl {
  public:
    explicit Impl(const Parts& parts)
        : storage_(parts.storage),
          state_(parts.storage),
          random_(parts.random),
          build_time_(parts.build_time) {}

    Result<> start(const Clock& clock, Output& out);
    void stop(Output& out);
    void describe(const gossip::OwnRecord& own, const Clock& clock, Output& out);
    Result<> init(const Beginning& beginning, const Clock& clock, Output& out);
    Result<> join(std::string_view text,
                  const std::string& name,
                  std::vector<InUse> in_use,
                  const Clock& clock,
                  Output& out);
    Result<> leave(const Clock& clock, Output& out);
    Result<> forget();
    Result<issuer::NewToken> create_token(const issuer::TokenOptions& options, const Clock& clock);
    Result<> withdraw_token(const identity::TokenId& id);
    [[nodiscard]] Result<> issue_alone() const;
    Result<> revoke(const std::string& name, const Clock& clock, Output& out);
    Result<> rotate(const Clock& clock, Output& out);
    [[nodiscard]] bool renewal_is_due() const;                    // participant_renewal.cpp
    [[nodiscard]] std::vector<Trouble> troubles(Time now) const;  // participant_troubles.cpp
    // participant_issuers.cpp
    Result<std::string> issuer_request();
    Result<identity::IssuerCertificate> sign_issuer(std::string_view text,
                                                    const Clock& clock,
                                                    Output& out);
    Result<std::uint32_t> revoke_issuer(const std::string& issuer, const Clock& clock, Output& out);
    // participant_certify.cpp
    Result<std::string> certificate_request(const std::string& name);
    Result<std::string> sign_certificate(const Signing& signing, const Clock& clock, Output& out);
    Result<> install_certificate(std::string_view text,
                                 std::vector<InUse> in_use,
                                 const Clock& clock,
                                 Output& out);
    // participant_root.cpp
    [[nodiscard]] const RootKey* root() const;  // nullptr: not here
    [[nodiscard]] Error no_root() const;
    [[nodiscard]] Result<identity::RootBackup> export_root() const;
    [[nodiscard]] Result<> import_root(identity::RootBackup backup) const;
    Result<> remove_root();
    void set_seed_addresses(std::vector<net::Endpoint> addresses);
    void on_datagram(const net::Endpoint& from, ConstBytes bytes, const Clock& clock, Output& out);
    void on_timer(const Clock& clock, Output& out);
    [[nodiscard]] Time next_timer() const;
    std::optional<gossip::ProbeNumber> ping(const gossip::NodeId& member,
                                            const net::Endpoint& to,
                                            std::size_t size,
                                            const Clock& clock,
                                            Output& out);
    bool inquire(const gossip::NodeId& member,
                 const net::Endpoint& to,
                 const gossip::Inquiry& inquiry,
                 const Clock& clock,
                 Output& out);
    void answer(const gossip::Actions::Asked& asked,
                ConstBytes bytes,
                const Clock& clock,
                Output& out);
    [[nodiscard]] bool has(const gossip::NodeId& member) const;
    Result<crypto::PrivateKey> wireguard_key();

    /// A certificate's next, from issuer to issuer.
    struct Renewal {
        std::optional<NodeKeys> keys;  // of a rotation: these are to be certified
        bool keys_settled = true;      // node.key has those in use
        std::optional<Time> next;      // attempt; nullopt: none is due
        std::optional<IssuerCall> call;
        std::set<std::uint32_t> tried;  // issuers, in this attempt
        std::string asked;              // the name of the one that is called
        std::string silent;             // those without an answer
        std::optional<Error> failed;    // the last attempt
        Time failed_at;
        Duration pause = kRetryFirst;  // where it is urgent
        Time told_at;
        std::optional<Time> expiry_told;
    };
    /// Two machines were seen to have one key.
    struct Seen {
        Time at;
        Trouble trouble;
    };
    /// What being a member consists of.
    struct Member {
        NodeKeys keys;
        NetworkState network;
        std::shared_ptr<const gossip::SignedCertificate> certificate;
        identity::TrustStore trust;
        gossip::StatementCache cache;
        std::unique_ptr<gossip::Node> node;
        std::unique_ptr<issuer::Issuer> issuer;  // nullptr: none here
        std::uint32_t issuer_number = 0;
        identity::SignedBytes issuer_bytes;  // its certificate
        bool issuer_stale = false;           // trust has changed since it was looked at
        std::set<gossip::NodeId> unlearnt;   // members that the issuer has not heard of
        std::size_t journal_size = 0;
        std::optional<Time> first_heard;        // a member, since the start
        std::map<gossip::NodeId, bool> agrees;  // who has answered: knew the same, the last time
        bool has_unknown_grant = false;         // a member has one of ours that the journal lacks
        bool members_dirty = false;
        Time members_kept;
        Renewal renewal{};
        bool someone_left = true;  // perhaps: on an issuer's node they are to be revoked
        std::optional<RootKey> imported_root{};
        std::map<std::string, Seen> clones{};  // by the name of whose key has two machines
    };

    std::unique_ptr<Member> member_;
    std::optional<identity::TrustedTime> time_;
    std::optional<Result<>> joined_;

  private:
    [[nodiscard]] gossip::Moment moment(const Clock& clock) const {
        return {clock.now, time_->view()};
    }
    Result<> become_member(NodeKeys keys, NetworkState network, const Clock& clock, Output& out);
    Result<> accept(const Grant& grant,
                    const identity::VerifyKey& root,
                    NodeKeys keys,
                    const Clock& clock,
                    Output& out);
    Result<> restore_trust(Member& member) const;
    Result<> start_gossip(Member& member, const Clock& clock, Output& out);
    [[nodiscard]] static bool is_alone(const Member& member);
    void tell_own_revocations(const Clock& clock, Output& out);
    issuer::Persist persist(Member& member) const;
    Result<NodeKeys> own_keys();

    void absorb(gossip::Actions actions, const Clock& clock, Output& out);
    void store_epoch(std::uint64_t epoch, const Clock& clock, gossip::Actions& more, Output& out);
    void on_event(const gossip::Event& event, const Clock& clock, Output& out);
    void on_join_request(const gossip::Actions::Join& join, const Clock& clock, Output& out);
    static void tell_grant(ConstBytes certificate, const std::string& to, Output& out);
    void finish_join(const Clock& clock, Output& out);
    struct Words {
        std::size_t members = 0;  // others
        std::size_t heard = 0;
        std::size_t agreeing = 0;  // their last word: they know the same
    };
    [[nodiscard]] Words words() const;
    [[nodiscard]] bool merge_is_due(Time now) const;
    void merge(const Clock& clock, Output& out);
    void revoke_left(const Clock& clock, Output& out);
    /// Commits it and spreads it.
    Result<> tell_revocation(Result<issuer::Decision<std::vector<std::byte>>> decision,
                             const Clock& clock,
                             Output& out);
    [[nodiscard]] bool is_foreign(const gossip::Member& member) const;
    void learn(Output& out);
    void look_for_own_grant(const gossip::Member& member) const;
    void keep_members(Output& out);

    // participant_renewal.cpp
    [[nodiscard]] Duration renewal_pause() const;
    [[nodiscard]] bool renewal_is_urgent() const;
    void retry_renewal(Time now);
    void on_heard_of(const gossip::NodeId& node, Time now);
    [[nodiscard]] Time soon(Time now, Duration pause);
    [[nodiscard]] Time next_renewal() const;
    void renew(const Clock& clock, Output& out);
    [[nodiscard]] identity::JoinRequest renewal_request() const;
    Result<> attempt_renewal(const Clock& clock, Output& out);
    Result<> renew_here(const Clock& clock, Output& out);
    [[nodiscard]] std::vector<net::Endpoint> endpoints_of(const std::string& name) const;
    [[nodiscard]] std::vector<std::uint32_t> issuers_to_ask() const;
    void ask_next_issuer(const Clock& clock, Output& out);
    bool answers_renewal(const net::Endpoint& from,
                         ConstBytes bytes,
                         const Clock& clock,
                         Output& out);
    void conclude_call(const Clock& clock, Output& out);
    [[nodiscard]] std::string fault_in_renewal(ConstBytes bytes,
                                               const identity::Certificate& certificate,
                                               const identity::TimeView& time) const;
    Result<> adopt(std::vector<std::byte> bytes,
                   std::vector<identity::Seed> seeds,
                   const identity::TimeView& time,
                   const Clock& clock,
                   Output& out);
    void on_renewal_failed(const Error& error, const Clock& clock, Output& out);
    void watch_expiry(const Clock& clock, Output& out);

    // participant_troubles.cpp
    void note_clone(Trouble trouble, Time now, Output& out) const;
    void note_clone(const gossip::Event& event,
                    const std::string& subject,
                    Time now,
                    Output& out) const;
    [[nodiscard]] std::optional<Trouble> certificate_trouble() const;

    // participant_certify.cpp
    Result<std::vector<std::byte>> certify(const Signing& signing,
                                           const identity::JoinRequest& request,
                                           const Clock& clock,
                                           Output& out);

    // participant_issuers.cpp
    Result<> start_issuer(Member& member, bool alone) const;
    void refresh_issuer(Output& out);
    [[nodiscard]] std::vector<net::Prefix> taken_slices() const;
    [[nodiscard]] Result<std::vector<net::Prefix>> new_slices() const;
    [[nodiscard]] Result<std::optional<identity::IssuerCertificate>> issuer_to_be(
        const identity::IssuerRequest& request) const;

    // participant_rotation.cpp
    Result<NodeKeys> keys_in_use(const identity::Certificate& certificate,
                                 std::optional<NodeKeys>& next);
    Result<> settle_keys();
    void take_next_keys(Output& out);
    [[nodiscard]] std::vector<identity::Seed> seeds() const;

    Storage& storage_;
    State state_;
    RandomSource& random_;
    identity::UnixSeconds build_time_;
    gossip::OwnRecord own_;
    std::vector<net::Endpoint> seed_addresses_;

    std::unique_ptr<Joiner> joiner_;
    std::optional<NodeKeys> joining_keys_;
    identity::VerifyKey joining_root_;
    std::vector<InUse> in_use_;  // here, when joining began
    std::optional<Time> time_kept_;
};

}  // namespace weft::mesh
