// SPDX-License-Identifier: Apache-2.0
// A network of whole gossip nodes in one process and in virtual time: what they send is delivered,
// late, twice or not at all (wire.hpp).
#pragma once

#include <memory>
#include <vector>

#include <weft/gossip/node.hpp>
#include <weft/identity/trusted_time.hpp>

#include "wire.hpp"

namespace weft::sim {

struct Host {
    gossip::OwnIdentity identity() const;

    std::size_t index = 0;
    identity::SigningKey identity_key = identity::SigningKey::from_seed(Secret<32>{});
    crypto::PrivateKey gossip_key;
    std::shared_ptr<const gossip::SignedCertificate> certificate;
    net::Endpoint endpoint;
    std::unique_ptr<SeededRandom> random;
    std::unique_ptr<identity::TrustStore> trust;
    std::unique_ptr<gossip::Node> node;  ///< nullptr: not running
    // Its disk:
    std::uint64_t stored_epoch = 0;
    identity::UnixSeconds stored_time = 0;
    std::vector<std::pair<std::vector<std::byte>, std::vector<std::byte>>> stored_members;

    std::int64_t clock_error_s = 0;  ///< its clock minus true time
    std::optional<identity::TrustedTime> time;
    Duration stall{};  ///< each timer comes this much late
    Time timer = Time::max();
    std::uint64_t bytes = 0;     ///< sent and received, UDP and IPv4 headers included
    std::uint64_t injected = 0;  ///< of these what inject() handed it
    std::uint64_t suspicions = 0;
    std::uint64_t seen_elsewhere = 0;  ///< told that someone else signs with its key
    std::uint64_t seen_twice = 0;      ///< told that a member contradicts itself
};

class World : public Wire {
  public:
    explicit World(std::uint64_t seed, std::size_t hosts = 0);

    // ---- Machines
    std::size_t add_host();
    void start(std::size_t index);
    /// As SIGKILL; what was stored stays.
    void kill(std::size_t index);
    void leave(std::size_t index);
    /// Every host knows every other, and all are running: what a converged network looks like.
    void start_converged();
    /// What it knows reaches its disk, to be there at the next start.
    void store(std::size_t index);
    /// How often any of them was told that there is a clone.
    [[nodiscard]] std::uint64_t clones_told() const;
    /// A copy of the machine, disk and all, at another address.
    std::size_t clone(std::size_t index);
    /// A change of its own record.
    void move_to(std::size_t index, const net::Endpoint& endpoint);
    void touch(std::size_t index);
    void revoke(std::size_t index, std::size_t told_first);

    // ---- The network
    /// Hands bytes to a host as if they came from `from`.
    void inject(const net::Endpoint& from, std::size_t to, std::vector<std::byte> bytes);

    [[nodiscard]] gossip::Moment moment(Host& host) const;

    // ---- What is there
    [[nodiscard]] std::size_t size() const { return hosts_.size(); }
    [[nodiscard]] Host& host(std::size_t index) { return *hosts_[index]; }
    /// Runs on for so long: what a node sends and receives in a second of it, headers included.
    [[nodiscard]] double bytes_each_second(Duration duration);
    [[nodiscard]] bool converged() const;  ///< all that run know the same, and each other
    /// All that run hold what this one says of itself now.
    [[nodiscard]] bool all_know(std::size_t index) const;
    [[nodiscard]] std::uint64_t routes_withdrawn() const { return withdrawn_; }
    /// No node would route a prefix to two members, and none to a member without a certificate for
    /// it.
    [[nodiscard]] bool one_owner_each() const;
    /// Each datagram that is sent, as someone on the way sees it.
    std::function<void(const Host& from, const gossip::Actions::Datagram&)> wiretap;
    [[nodiscard]] const identity::NetworkId& network() const { return network_; }
    gossip::StatementCache cache{1 << 20};

  private:
    [[nodiscard]] std::vector<std::byte> certify(Host& host,
                                                 std::uint64_t serial,
                                                 std::vector<net::Prefix> blocks);
    [[nodiscard]] WallTime wall_of(const Host& host) const;
    void carry_out(Host& host, gossip::Actions& actions);
    void deliver(Host& from, gossip::Actions::Datagram& datagram);
    void schedule_timer(Host& host);
    void happen(Happening& happening) override;

    identity::SigningKey root_;
    identity::SigningKey issuer_key_;
    crypto::PrivateKey issuer_sealing_;
    std::vector<std::byte> issuer_bytes_;
    identity::NetworkId network_;
    std::vector<std::unique_ptr<Host>> hosts_;
    std::map<net::Endpoint, std::size_t> by_endpoint_;
    std::uint64_t withdrawn_ = 0;
    std::uint64_t revocations_ = 0;
};

}  // namespace weft::sim
