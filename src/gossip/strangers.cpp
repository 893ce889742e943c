// SPDX-License-Identifier: Apache-2.0
// See strangers.hpp.
#include "strangers.hpp"

#include <algorithm>

#include <weft/crypto/blake2s.hpp>

#include "address_seeds.hpp"
#include "encoding.hpp"

namespace weft::gossip {
namespace {

/// type, version, echo, cookie
constexpr std::size_t kCookieReplySize = 2 + kEchoSize + kCookieSize;
/// type, version, cookie
constexpr std::size_t kJoinHeadSize = 2 + kCookieSize;

/// Nothing where the introduction has none.
TrustHeads heads_in(ConstBytes plaintext) {
    DatagramReader reader{plaintext};
    while (const auto message = reader.next()) {
        if (const auto* heads = std::get_if<TrustHeads>(&*message)) {
            return *heads;
        }
    }
    return {};
}

/// What can take away a certificate of `issuer`, in the order in which it is accepted, while it
/// fits.
void add_withdrawals(const identity::TrustStore& trust,
                     std::uint32_t issuer,
                     const TrustHeads& known,
                     DatagramWriter& datagram) {
    for (std::size_t i = known.successors; i < trust.successors().size(); ++i) {
        if (!datagram.add(SuccessorItem{*trust.successors()[i]})) {
            return;
        }
    }
    for (const std::uint32_t signer : {identity::kRootSigner, issuer}) {
        const auto all = trust.revocations().find(signer);
        const auto head = std::ranges::find(
            known.revocations, signer, &decltype(known.revocations)::value_type::first);
        for (std::uint64_t i = head == known.revocations.end() ? 0 : head->second;
             all != trust.revocations().end() && i < all->second.size();
             ++i) {
            if (!datagram.add(RevocationItem{*all->second[static_cast<std::size_t>(i)]})) {
                return;
            }
        }
    }
}

}  // namespace

// ---- Cookies -----------------------------------------------------------------------------------

void Strangers::rotate(Time now) {
    if (!secret_made_ || now - *secret_made_ >= kSecretLifetime) {
        previous_ = std::move(secret_);
        core_.random.fill(secret_.mutable_bytes());
        if (!secret_made_ || now - *secret_made_ >= 2 * kSecretLifetime) {
            core_.random.fill(previous_.mutable_bytes());  // none, or one of long ago
        }
        secret_made_ = now;
    }
}

Cookie Strangers::cookie_for(const Secret<32>& secret, const net::Endpoint& from) {
    ByteWriter name{32};
    append(name, from);
    name.write(from.scope_id);
    return crypto::blake2s_mac(secret.bytes(), name.bytes());
}

bool Strangers::valid(const Cookie& cookie, const net::Endpoint& from, Time now) {
    rotate(now);
    return cookie == cookie_for(secret_, from) || cookie == cookie_for(previous_, from);
}

void Strangers::send_cookie(
    const net::Endpoint& to, const Echo& echo, std::size_t cause_size, Time now, Actions& actions) {
    if (cause_size < kCookieReplySize || !cookies_.spend(now)) {
        return;
    }
    rotate(now);
    ByteWriter reply{kCookieReplySize};
    reply.write(static_cast<std::uint8_t>(DatagramType::kCookie));
    reply.write(kFormatVersion);
    reply.append(echo);
    reply.append(cookie_for(secret_, to));
    core_.send_raw(to, std::move(reply).release(), actions);
}

std::optional<Strangers::CookieReply> Strangers::parse_cookie(ConstBytes datagram) {
    if (datagram.size() != kCookieReplySize) {
        return std::nullopt;
    }
    ByteReader reader{datagram.subspan(2)};
    CookieReply reply;
    reader.read_into(reply.echo);
    reader.read_into(reply.cookie);
    return reply;
}

// ---- Members that are not known here -----------------------------------------------------------

void Strangers::on_unknown(const net::Endpoint& from,
                           ConstBytes sealed,
                           Time now,
                           Actions& actions) {
    send_cookie(from, Sealer::echo_of(sealed), sealed.size(), now, actions);
}

std::optional<Strangers::Introduced> Strangers::on_introduce(const net::Endpoint& from,
                                                             ConstBytes datagram,
                                                             const Moment& moment,
                                                             Actions& actions) {
    ByteReader reader{datagram.subspan(2)};
    Cookie cookie{};
    reader.read_into(cookie);
    const ConstBytes certificate = reader.take(reader.read<std::uint16_t>());
    const ConstBytes sealed = reader.take(reader.left());
    if (reader.failed() || sealed.size() < kSealedHeadSize + crypto::kTagSize) {
        ++core_.counters.malformed;
        return std::nullopt;
    }
    if (!valid(cookie, from, moment.now)) {
        send_cookie(from, Sealer::echo_of(sealed), datagram.size(), moment.now, actions);
        return std::nullopt;
    }
    if (!introductions_.spend(moment.now)) {
        return std::nullopt;
    }
    // Not in another's name, and not with keys that it has changed since: before anything is
    // verified.
    const auto claimed = identity::parse_certificate(certificate);
    const Member* known = claimed ? core_.members.find(claimed->id()) : nullptr;
    if (!claimed || claimed->id() != Sealer::sender_of(sealed) ||
        (known != nullptr && claimed->generation < known->certificate->certificate.generation)) {
        ++core_.counters.malformed;
        return std::nullopt;
    }
    auto admitted = core_.cache.certificate(certificate, core_.trust, moment.wall);
    if (!admitted) {
        ++core_.counters.rejected[static_cast<std::size_t>(admitted.error())];
        if (admitted.error() == identity::Rejected::kRevoked ||
            admitted.error() == identity::Rejected::kIssuerRevoked) {
            tell_revoked(from, *claimed, datagram, sealed, moment, actions);
        }
        return std::nullopt;
    }
    Introduced introduced{std::move(*admitted), {}};
    auto plaintext = core_.sealer.open(datagram.first(datagram.size() - sealed.size()),
                                       sealed,
                                       introduced.certificate->certificate.gossip_key);
    if (!plaintext) {
        ++core_.counters.unopened;
        return std::nullopt;
    }
    introduced.plaintext = std::move(*plaintext);
    return introduced;
}

/// Everybody has forgotten it, so nothing else brings it the word: what it lacks of the root's
/// revocations and of its issuer's, no longer than what it sent.
void Strangers::tell_revoked(const net::Endpoint& to,
                             const identity::Certificate& revoked,
                             ConstBytes introduction,
                             ConstBytes sealed,
                             const Moment& moment,
                             Actions& actions) {
    const NodeId id = revoked.id();
    const ConstBytes head = introduction.first(introduction.size() - sealed.size());
    if (const auto plaintext = core_.sealer.open(head, sealed, revoked.gossip_key)) {
        DatagramWriter datagram =
            core_.writer(moment, introduction.size() - kSealedHeadSize - crypto::kTagSize);
        add_withdrawals(core_.trust, revoked.issuer_number, heads_in(*plaintext), datagram);
        auto bytes = core_.sealer.seal({}, id, revoked.gossip_key, datagram.bytes());
        if (!datagram.empty() && !bytes.empty()) {
            core_.send_raw(to, std::move(bytes), actions);
        }
    }
    core_.sealer.forget(id);
}

void Strangers::introduce(const NodeId& to,
                          const net::Endpoint& at,
                          const Cookie& cookie,
                          ProbeNumber number,
                          const Moment& moment,
                          Actions& actions) {
    const Member* own = core_.members.find(core_.id());
    const auto key = core_.gossip_key_of(to);
    if (own == nullptr || !key) {
        return;
    }
    ByteWriter head{kIntroduceHeadSize + identity::kCertificateSizeMax};
    head.write(static_cast<std::uint8_t>(DatagramType::kIntroduce));
    head.write(kFormatVersion);
    head.append(cookie);
    head.write(static_cast<std::uint16_t>(core_.own.certificate->bytes.size()));
    head.append(core_.own.certificate->bytes);
    DatagramWriter datagram = core_.writer(moment, kPlaintextMax - head.size());
    datagram.add(MemberItem{{}, own->record->bytes});  // the certificate is in the head
    datagram.add(Ping{number});
    datagram.add(core_.trust_heads());  // for whoever knows that we are revoked
    std::vector<std::byte> bytes = core_.sealer.seal(head.bytes(), to, *key, datagram.bytes());
    if (!bytes.empty()) {
        core_.send_raw(at, std::move(bytes), actions);
    }
}

void Strangers::on_ask(const net::Endpoint& from, ConstBytes datagram, Time now, Actions& actions) {
    ByteReader reader{datagram.subspan(2)};
    Cookie cookie{};
    Echo nonce{};
    Cookie mac{};
    reader.read_into(cookie);
    reader.read_into(nonce);
    reader.read_into(mac);
    if (reader.failed() || datagram.size() != kAskSize ||
        mac != ask_mac(core_.trust.network(), cookie, nonce)) {
        ++core_.counters.malformed;
        return;
    }
    if (!valid(cookie, from, now)) {
        send_cookie(from, nonce, datagram.size(), now, actions);
        return;
    }
    const std::vector<std::byte>& certificate = core_.own.certificate->bytes;
    static_assert(2 + kEchoSize + identity::kCertificateSizeMax <= kAskSize);
    if (introductions_.spend(now)) {
        ByteWriter reply{kAskSize};
        reply.write(static_cast<std::uint8_t>(DatagramType::kTell));
        reply.write(kFormatVersion);
        reply.append(nonce);
        reply.append(certificate);
        core_.send_raw(from, std::move(reply).release(), actions);
    }
}

// ---- Machines that want to join ----------------------------------------------------------------

void Strangers::on_join(const net::Endpoint& from,
                        ConstBytes datagram,
                        Time now,
                        Actions& actions) {
    if (datagram.size() != kDatagramSizeMax) {
        ++core_.counters.malformed;
        return;
    }
    ByteReader reader{datagram.subspan(2)};
    Cookie cookie{};
    reader.read_into(cookie);
    const ConstBytes body = reader.take(identity::kJoinRequestSize);
    Actions::Join join{from, {}, {body.begin(), body.end()}};
    copy_bytes(body.first(kEchoSize), join.echo);
    if (!valid(cookie, from, now)) {
        send_cookie(from, join.echo, datagram.size(), now, actions);
        return;
    }
    if (introductions_.spend(now)) {
        actions.joins.push_back(std::move(join));
    }
}

}  // namespace weft::gossip
