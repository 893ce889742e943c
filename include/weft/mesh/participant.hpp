// SPDX-License-Identifier: Apache-2.0
// A node's part in its network: keys and state, trust, gossip, and on an issuer's node the issuer.
// Pure but for the storage: datagrams, clocks and wishes in, datagrams and notices out. The daemon
// drives one (control), a simulation drives thousands in virtual time. One owner, one thread.
//
//   nothing --init or join--> member --leave or revoked--> nothing
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weft/gossip/node.hpp>
#include <weft/identity/trusted_time.hpp>
#include <weft/issuer/issuer.hpp>
#include <weft/mesh/joiner.hpp>
#include <weft/mesh/peers.hpp>
#include <weft/mesh/state.hpp>

namespace weft::mesh {

struct Clock {
    Time now;
    WallTime wall;
};

/// Something to be told to the operator.
struct Notice {
    std::string event;  ///< stable snake_case, as the log has it
    bool warning = false;
    std::string subject;  ///< a node's name or id
    std::string detail;
};

/// What is to be done now.
struct Output {
    std::vector<gossip::Actions::Datagram> datagrams;
    std::vector<Notice> notices;
    bool peers_changed = false;  ///< compare wanted_peers()
};

class Participant {
  public:
    /// Members and time are written at most this often; trust and epochs at once.
    static constexpr Duration kKeepMembersEvery = std::chrono::seconds{10};
    static constexpr Duration kKeepTimeEvery = std::chrono::hours{1};
    /// An issuer that was restarted merges what members know this long after it first heard one,
    /// as soon as one that answers knows the same; where none ever does, after the longer time.
    static constexpr Duration kMergeAfter = std::chrono::seconds{2};
    static constexpr Duration kMergeAtLast = std::chrono::seconds{20};

    struct Parts {
        Storage& storage;  ///< outlives it, as does `random`
        RandomSource& random;
        identity::UnixSeconds build_time = 0;
    };
    explicit Participant(const Parts& parts);
    ~Participant();
    Participant(const Participant&) = delete;
    Participant& operator=(const Participant&) = delete;

    /// Goes on where the last run stopped; once, first. Errors: state that cannot be read.
    [[nodiscard]] Result<> start(const Clock& clock, Output& out);
    /// What other nodes are told of this one, without anchors; with each change. Endpoints where
    /// others see it are added.
    void describe(const gossip::OwnRecord& own, const Clock& clock, Output& out);

    // ---- The operator's wishes ---------------------------------------------------------------
    struct Beginning {
        std::string name;
        std::vector<net::Prefix> pools;  ///< one or two, of different families
        issuer::BlockSizes blocks;
    };
    /// A new network. Errors: a member already (EALREADY), a name or pool that none can have,
    /// storage's. After an error nothing has begun.
    [[nodiscard]] Result<> init(const Beginning& beginning, const Clock& clock, Output& out);
    /// Begins to ask; joined() tells how it ends. `key`: the WireGuard key that is to be certified,
    /// nullptr: a new one. Errors: EALREADY, no token, the Joiner's.
    [[nodiscard]] Result<> join(std::string_view token,
                                const std::string& name,
                                const Clock& clock,
                                Output& out);
    /// nullopt: nobody asked, or it is not over. Taken once.
    [[nodiscard]] std::optional<Result<>> take_joined();
    /// Signs off; forget() when a second has passed.
    [[nodiscard]] Result<> leave(const Clock& clock, Output& out);
    [[nodiscard]] Result<> forget();

    // Of an issuer's node. Errors: it is none (ENOTSUP), the issuer's, storage's.
    [[nodiscard]] Result<issuer::NewToken> create_token(const issuer::TokenOptions& options,
                                                        const Clock& clock);
    [[nodiscard]] Result<> withdraw_token(const identity::TokenId& id);
    [[nodiscard]] Result<> revoke(const std::string& name, const Clock& clock, Output& out);

    // ---- The network -------------------------------------------------------------------------
    void on_datagram(const net::Endpoint& from, ConstBytes bytes, const Clock& clock, Output& out);
    void on_timer(const Clock& clock, Output& out);
    /// Time::max() where there is nothing to wait for.
    [[nodiscard]] Time next_timer() const;

    // ---- What there is to know ---------------------------------------------------------------
    [[nodiscard]] bool is_member() const;
    /// The rest while it is one.
    [[nodiscard]] const gossip::Node& gossip() const;
    [[nodiscard]] const identity::TrustStore& trust() const;
    [[nodiscard]] const identity::Certificate& certificate() const;
    [[nodiscard]] const NetworkState& network() const;
    [[nodiscard]] const crypto::PrivateKey& wireguard_key() const;
    [[nodiscard]] const issuer::Issuer* issuer() const;  ///< nullptr: none here
    [[nodiscard]] const identity::TrustedTime& time() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::mesh
