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
#include <weft/identity/root_backup.hpp>
#include <weft/identity/trusted_time.hpp>
#include <weft/issuer/issuer.hpp>
#include <weft/mesh/joiner.hpp>
#include <weft/mesh/peers.hpp>
#include <weft/mesh/pools.hpp>
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

/// Something that is wrong now, and stays so until somebody does something about it.
struct Trouble {
    std::string code;  ///< stable snake_case, as status has it
    bool error = false;
    std::string subject;
    std::string cause;
    std::string remedy;
};

/// What is to be done now.
struct Output {
    std::vector<gossip::Actions::Datagram> datagrams;
    std::vector<gossip::Actions::PeerTime> answers;  ///< to pings, ping()'s too
    std::vector<gossip::Actions::Asked> asked;       ///< for answer()
    std::vector<gossip::Actions::Seen> seen;         ///< in answer to inquire()
    std::vector<Notice> notices;
    bool peers_changed = false;  ///< compare wanted_peers()
    bool own_changed = false;    ///< certificate() was renewed; wireguard_key() may be another
};

/// ENOTCONN, ENOTSUP: what is asked of a node that cannot have it.
[[nodiscard]] Error not_a_member();
[[nodiscard]] Error not_an_issuer();

class Participant {
  public:
    /// Members and time are written at most this often; trust and epochs at once.
    static constexpr Duration kKeepMembersEvery = std::chrono::seconds{10};
    static constexpr Duration kKeepTimeEvery = std::chrono::hours{1};
    /// An issuer that was restarted merges what members know this long after it first heard one,
    /// as soon as so many have answered and all that have know the same; after the longer time
    /// half of those must; in the end it goes on with what it knows.
    static constexpr Duration kMergeAfter = std::chrono::seconds{2};
    static constexpr std::size_t kAgreeing = 3;
    static constexpr Duration kMergeAtLast = std::chrono::seconds{20};
    static constexpr Duration kMergeInAnyCase = std::chrono::minutes{2};

    /// Attempts to renew the certificate from half of its life on, give or take half: usually,
    /// when less than kUrgentBefore is left of it, and while new keys wait for theirs. The first
    /// one comes sooner by a factor. One that failed in that last week is repeated after
    /// kRetryFirst, then after twice as long each time, up to kRetryMax; an issuer's node that is
    /// heard of again is asked at once.
    static constexpr Duration kRenewEvery = std::chrono::hours{1};
    static constexpr Duration kRenewUrgentEvery = std::chrono::minutes{2};
    static constexpr identity::UnixSeconds kUrgentBefore = identity::UnixSeconds{7} * 86'400;
    static constexpr Duration kRotateEvery = std::chrono::minutes{1};
    static constexpr Duration::rep kFirstAttemptSooner = 10;
    static constexpr Duration kRetryFirst = std::chrono::seconds{10};
    static constexpr Duration kRetryMax = std::chrono::minutes{5};

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
    /// Before an end that is foreseen: members that are not on the disk yet are written.
    void stop(Output& out);
    /// What other nodes are told of this one, without anchors; with each change. Endpoints where
    /// others see it are added.
    void describe(const gossip::OwnRecord& own, const Clock& clock, Output& out);

    /// Addresses at which members may be, asked for ever beside all that is known; as gossip's.
    void set_seed_addresses(std::vector<net::Endpoint> addresses);

    // ---- The operator's wishes ---------------------------------------------------------------
    struct Beginning {
        std::string name;
        std::vector<net::Prefix> pools;  ///< one or two, of different families
        issuer::BlockSizes blocks;
    };
    /// A new network. Errors: a member already (EALREADY), a name or pool that none can have,
    /// storage's. After an error nothing has begun.
    [[nodiscard]] Result<> init(const Beginning& beginning, const Clock& clock, Output& out);
    /// Begins to ask, ending an earlier attempt; take_joined() tells how it ends. A network whose
    /// pools overlap what is `in_use` here is not joined. Errors: EALREADY, no token, the Joiner's.
    [[nodiscard]] Result<> join(std::string_view token,
                                const std::string& name,
                                std::vector<InUse> in_use,
                                const Clock& clock,
                                Output& out);
    // A certificate by hand, where no issuer can be reached: identity/carried.hpp has the words.
    /// This machine's public keys and the name it wishes, as one word for sign_certificate() of an
    /// issuer's node. A member asks with its own name for its next certificate. The keys are on the
    /// disk when it returns. Errors: storage's.
    [[nodiscard]] Result<std::string> certificate_request(const std::string& name);
    struct Signing {
        std::string request;    ///< the word
        std::string name{};     ///< "": the one that is wished
        std::string replace{};  ///< a node whose place it takes; with none of the rest
        bool ephemeral = false;
        std::vector<net::Prefix> routed{};
    };
    /// What the request gets, as one word for install_certificate(). Of `replace` it gets name,
    /// blocks and routed prefixes, and the old certificate is revoked. Errors: no issuer here, not
    /// such a word, the issuer's, storage's.
    [[nodiscard]] Result<std::string> sign_certificate(const Signing& signing,
                                                       const Clock& clock,
                                                       Output& out);
    /// Into the network that signed it; of a member its next certificate. Errors: not such a word,
    /// not this machine's or not good, EALREADY in another network, pools `in_use`, storage's.
    [[nodiscard]] Result<> install_certificate(std::string_view text,
                                               std::vector<InUse> in_use,
                                               const Clock& clock,
                                               Output& out);
    /// nullopt: nobody asked, or it is not over. Taken once.
    [[nodiscard]] std::optional<Result<>> take_joined();
    /// Asks for a certificate of new WireGuard and gossip keys; the identity key stays. On the
    /// issuer's own node it is done when it returns, elsewhere when the issuer has answered: then
    /// Output::own_changed is set. It goes on over restarts, and the old keys are in use until
    /// then. While it is under way, again is the same one. Errors: not a member, storage's, of an
    /// issuer's node the issuer's: also then it goes on.
    [[nodiscard]] Result<> rotate(const Clock& clock, Output& out);
    [[nodiscard]] bool is_rotating() const;
    /// Whether the certificate is to be followed by another now: half of its life is over, or keys
    /// rotate.
    [[nodiscard]] bool is_renewing() const;
    /// Signs off; forget() when a second has passed, or more until somebody has been told.
    [[nodiscard]] Result<> leave(const Clock& clock, Output& out);
    [[nodiscard]] Result<> forget();

    // Of an issuer's node. Errors: it is none (ENOTSUP), the issuer's, storage's.
    [[nodiscard]] Result<issuer::NewToken> create_token(const issuer::TokenOptions& options,
                                                        const Clock& clock);
    [[nodiscard]] Result<> withdraw_token(const identity::TokenId& id);
    /// Grants and revokes from now on, until the next start, without having asked a member.
    [[nodiscard]] Result<> issue_alone();
    [[nodiscard]] Result<> revoke(const std::string& name, const Clock& clock, Output& out);

    // The root's key, which signs issuers: kept on the node of init until it is removed. Its text
    // under a passphrase is made and read by identity/root_backup.hpp, which takes up to 2 s.
    /// What an export holds. Errors: not a member; it is not on this node (ENOENT).
    [[nodiscard]] Result<identity::RootBackup> export_root() const;
    /// In memory, until remove_root() or the daemon's end. Errors: not a member; another network's,
    /// or a root that a successor has followed (EINVAL).
    [[nodiscard]] Result<> import_root(identity::RootBackup backup);
    /// Gone from the state file when it returns, and from memory: without an export for ever. No
    /// error where there is none.
    [[nodiscard]] Result<> remove_root();
    [[nodiscard]] bool has_root() const;

    // Further issuers; trust().issuers() lists them. The first is of the member that is to issue,
    // the others need the root's key (ENOENT).
    /// Its issuer's public keys as one word for sign_issuer(); the keys are on its disk when it
    /// returns. Again, or of a node that issues already: the same keys. It issues by itself when
    /// the certificate has come. Errors: not a member, storage's.
    [[nodiscard]] Result<std::string> issuer_request();
    /// Gives it half of the largest part of each pool that is free, signs and spreads that; for
    /// keys that have a certificate the same slice, and a new certificate after half of its life.
    /// Errors: not such a word, no member that is known here, a pool without a free block (EINVAL).
    [[nodiscard]] Result<identity::IssuerCertificate> sign_issuer(std::string_view request,
                                                                  const Clock& clock,
                                                                  Output& out);
    /// By number, or by its node's name; the number. All that it has certified is void everywhere.
    /// Errors: unknown or ambiguous, or this node's own certificate is of it (EINVAL).
    [[nodiscard]] Result<std::uint32_t> revoke_issuer(const std::string& issuer,
                                                      const Clock& clock,
                                                      Output& out);

    // ---- The network -------------------------------------------------------------------------
    void on_datagram(const net::Endpoint& from, ConstBytes bytes, const Clock& clock, Output& out);
    void on_timer(const Clock& clock, Output& out);
    /// Time::max() where there is nothing to wait for.
    [[nodiscard]] Time next_timer() const;
    /// See gossip::Node::ping; Output::answers has what comes back. nullopt: of no member.
    std::optional<gossip::ProbeNumber> ping(const gossip::NodeId& member,
                                            const net::Endpoint& to,
                                            std::size_t size,
                                            const Clock& clock,
                                            Output& out);

    /// See gossip::Node; false: of no member.
    bool inquire(const gossip::NodeId& member,
                 const net::Endpoint& to,
                 const gossip::Inquiry& inquiry,
                 const Clock& clock,
                 Output& out);
    void answer(const gossip::Actions::Asked& asked,
                ConstBytes bytes,
                const Clock& clock,
                Output& out);

    // ---- What there is to know ---------------------------------------------------------------
    [[nodiscard]] bool is_member() const;
    /// That is certified or will be; made and kept where there is none yet.
    [[nodiscard]] Result<crypto::PrivateKey> wireguard_key();
    /// The rest while it is one.
    [[nodiscard]] const gossip::Node& gossip() const;
    [[nodiscard]] const identity::TrustStore& trust() const;
    [[nodiscard]] const identity::Certificate& certificate() const;
    [[nodiscard]] const NetworkState& network() const;
    [[nodiscard]] const issuer::Issuer* issuer() const;  ///< nullptr: none here
    [[nodiscard]] const identity::TrustedTime& time() const;
    [[nodiscard]] std::vector<Trouble> troubles(Time now) const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::mesh
