// SPDX-License-Identifier: Apache-2.0
// Addresses at which some member should be, as an operator wrote them down: who that is has to be
// asked, for nothing can be sealed to an address. Only what shows that it knows the network is
// answered, with a certificate, which must be good here; from then on it is a seed as any other.
//
//   ask, zero cookie --> cookie --> ask, cookie --> tell, admitted: a seed, which is pinged
//
// While no member is heard there it is asked again, at 1 s and then twice as late each time, at
// most each 10 min: the machine there may be another tomorrow.
#pragma once

#include "core.hpp"

namespace weft::gossip {

/// Longer than any answer.
inline constexpr std::size_t kAskSize = 512;

/// Of an ask: that its sender knows the network, which strangers who scan do not.
[[nodiscard]] Cookie ask_mac(const identity::NetworkId& network,
                             const Cookie& cookie,
                             const Echo& nonce);

class AddressSeeds {
  public:
    static constexpr Duration kAskFirst = std::chrono::seconds{1};
    static constexpr Duration kAskMax = std::chrono::minutes{10};

    explicit AddressSeeds(Core& core) : core_(core) {}

    void set(const std::vector<net::Endpoint>& addresses);
    [[nodiscard]] Time next_timer() const;
    void on_timer(Time now, Actions& actions);

    /// Whether that cookie was for an ask of ours.
    bool on_cookie(const net::Endpoint& from,
                   const Echo& echo,
                   const Cookie& cookie,
                   Actions& actions);
    /// Who is there: a seed now, to be pinged; nullopt where it was not asked, or is not good.
    std::optional<Seed> on_tell(const net::Endpoint& from,
                                ConstBytes datagram,
                                const Moment& moment);

  private:
    struct Address {
        Time next{};  // zero: at once
        Duration pause = kAskFirst;
        std::optional<Echo> nonce;  // of the ask that is not answered
        std::optional<NodeId> node;
    };
    [[nodiscard]] bool is_heard(const net::Endpoint& at, const Address& address, Time now) const;
    void ask(const net::Endpoint& at, const Echo& nonce, const Cookie& cookie, Actions& actions);

    Core& core_;
    std::map<net::Endpoint, Address> addresses_;
};

}  // namespace weft::gossip
