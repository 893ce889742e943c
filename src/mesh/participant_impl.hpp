// SPDX-License-Identifier: Apache-2.0
// The participant's state. What it does is in two files: participant.cpp (start, wishes) and
// participant_traffic.cpp (datagrams, timers).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <weft/mesh/participant.hpp>

namespace weft::mesh {

inline constexpr std::string_view kJournal = "issuer.journal";

class Participant::Impl {
  public:
    explicit Impl(const Parts& parts)
        : storage_(parts.storage),
          state_(parts.storage),
          random_(parts.random),
          build_time_(parts.build_time) {}

    Result<> start(const Clock& clock, Output& out);
    void describe(const gossip::OwnRecord& own, const Clock& clock, Output& out);
    Result<> init(const Beginning& beginning, const Clock& clock, Output& out);
    Result<> join(std::string_view text, const std::string& name, const Clock& clock, Output& out);
    Result<> leave(const Clock& clock, Output& out);
    Result<> forget();
    Result<issuer::NewToken> create_token(const issuer::TokenOptions& options, const Clock& clock);
    Result<> withdraw_token(const identity::TokenId& id);
    Result<> revoke(const std::string& name, const Clock& clock, Output& out);
    void on_datagram(const net::Endpoint& from, ConstBytes bytes, const Clock& clock, Output& out);
    void on_timer(const Clock& clock, Output& out);
    [[nodiscard]] Time next_timer() const;

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
        std::size_t journal_size = 0;
        std::optional<Time> first_heard;  // a member, since the start
        bool agrees = false;              // the last one that answered knows the same
        bool has_unknown_grant = false;   // a member has one of ours that the journal lacks
        bool members_dirty = false;
        Time members_kept;
    };

    std::unique_ptr<Member> member_;
    std::optional<identity::TrustedTime> time_;
    std::optional<Result<>> joined_;

  private:
    [[nodiscard]] gossip::Moment moment(const Clock& clock) const {
        return {clock.now, time_->view()};
    }
    Result<> become_member(NodeKeys keys, NetworkState network, const Clock& clock, Output& out);
    Result<> restore_trust(Member& member) const;
    Result<> start_gossip(Member& member, const Clock& clock, Output& out);
    [[nodiscard]] static bool is_alone(const Member& member);
    Result<> start_issuer(Member& member, bool alone) const;
    void tell_own_revocations(const Clock& clock, Output& out);
    issuer::Persist persist(Member& member) const;
    Result<NodeKeys> own_keys();

    void absorb(gossip::Actions actions, const Clock& clock, Output& out);
    void store_epoch(std::uint64_t epoch, const Clock& clock, gossip::Actions& more, Output& out);
    void on_event(const gossip::Event& event, Output& out);
    void on_join_request(const gossip::Actions::Join& join, const Clock& clock, Output& out);
    void finish_join(const Clock& clock, Output& out);
    [[nodiscard]] bool merge_is_due(Time now) const;
    void merge(const Clock& clock, Output& out);
    void look_for_own_grant(const gossip::Member& member);
    void keep_members(Time now, Output& out);
    [[nodiscard]] std::vector<identity::Seed> seeds() const;

    Storage& storage_;
    State state_;
    RandomSource& random_;
    identity::UnixSeconds build_time_;
    gossip::OwnRecord own_;

    std::unique_ptr<Joiner> joiner_;
    std::optional<NodeKeys> joining_keys_;
    identity::VerifyKey joining_root_;
    std::optional<Time> time_kept_;
};

}  // namespace weft::mesh
