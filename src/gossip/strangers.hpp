// SPDX-License-Identifier: Apache-2.0
// Whoever is not known yet: a cookie proves that they can be reached where they say before any
// signature of theirs is looked at, and no answer is longer than its cause. The cookie is a MAC of
// the address under a secret that changes each two minutes, as WireGuard's (paper 5.4.7).
#pragma once

#include "core.hpp"

namespace weft::gossip {

class Strangers {
  public:
    static constexpr Duration kSecretLifetime = std::chrono::minutes{2};
    /// Cookies and introductions that are answered in a second, all strangers together.
    static constexpr double kCookiesPerSecond = 5'000;
    static constexpr double kIntroductionsPerSecond = 100;

    explicit Strangers(Core& core) : core_(core) {}

    /// A sealed datagram that nobody known can have sent.
    void on_unknown(const net::Endpoint& from, ConstBytes sealed, Time now, Actions& actions);

    struct Introduced {
        std::shared_ptr<const SignedCertificate> certificate;
        std::vector<std::byte> plaintext;
    };
    /// Without a valid cookie it is answered by one; with it, certificate and seal are checked.
    std::optional<Introduced> on_introduce(const net::Endpoint& from,
                                           ConstBytes datagram,
                                           const Moment& moment,
                                           Actions& actions);
    struct CookieReply {
        Echo echo{};
        Cookie cookie{};
    };
    static std::optional<CookieReply> parse_cookie(ConstBytes datagram);
    /// Certificate, record, a ping and what is known of trust, with their cookie.
    void introduce(const NodeId& to,
                   const net::Endpoint& at,
                   const Cookie& cookie,
                   ProbeNumber number,
                   const Moment& moment,
                   Actions& actions);

    /// "Who is there?", of whoever knows the network: our certificate.
    void on_ask(const net::Endpoint& from, ConstBytes datagram, Time now, Actions& actions);

    void on_join(const net::Endpoint& from, ConstBytes datagram, Time now, Actions& actions);

  private:
    void rotate(Time now);
    [[nodiscard]] static Cookie cookie_for(const Secret<32>& secret, const net::Endpoint& from);
    [[nodiscard]] bool valid(const Cookie& cookie, const net::Endpoint& from, Time now);
    void tell_revoked(const net::Endpoint& to,
                      const identity::Certificate& revoked,
                      ConstBytes introduction,
                      ConstBytes sealed,
                      const Moment& moment,
                      Actions& actions);
    void send_cookie(const net::Endpoint& to,
                     const Echo& echo,
                     std::size_t cause_size,
                     Time now,
                     Actions& actions);

    Core& core_;
    Secret<32> secret_;
    Secret<32> previous_;
    std::optional<Time> secret_made_;
    Allowance cookies_ = Allowance::per_second(kCookiesPerSecond);
    Allowance introductions_ = Allowance::per_second(kIntroductionsPerSecond);
};

}  // namespace weft::gossip
