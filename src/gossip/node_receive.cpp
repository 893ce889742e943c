// SPDX-License-Identifier: Apache-2.0
// The way of a datagram: by type, unsealed, message by message, and last its header, which shows
// whether more differs. See node.hpp.
#include <algorithm>
#include <limits>
#include <utility>

#include <weft/base/byte_reader.hpp>
#include <weft/identity/trusted_time.hpp>

#include "node_parts.hpp"

namespace weft::gossip {
namespace {

/// One of our statements in a format to come: its relayer is newer than we are, not bad.
bool is_of_later_version(ConstBytes statement) {
    ByteReader reader{statement};
    const bool ours = reader.skip("WF");
    (void)reader.take(1);
    const auto version = reader.read<std::uint8_t>();
    return ours && !reader.failed() && version > kFormatVersion;
}

}  // namespace

void Node::on_datagram(const net::Endpoint& from,
                       ConstBytes bytes,
                       const Moment& moment,
                       Actions& actions) {
    Counters& counters = parts_->core.counters;
    ++counters.datagrams_in;
    counters.bytes_in += bytes.size();
    const bool is_sealed =
        !bytes.empty() && static_cast<DatagramType>(bytes[0]) == DatagramType::kSealed;
    if (bytes.size() < 2 || bytes.size() > (is_sealed ? kPaddedSizeMax : kDatagramSizeMax) ||
        std::to_integer<std::uint8_t>(bytes[1]) != kFormatVersion) {
        ++counters.malformed;
        return;
    }
    parts_->receive(from, bytes, parts_->confirmed(moment), actions);
}

void Node::Parts::receive(const net::Endpoint& from,
                          ConstBytes datagram,
                          const Moment& moment,
                          Actions& actions) {
    switch (static_cast<DatagramType>(datagram[0])) {
        case DatagramType::kSealed:
            receive_sealed(from, datagram, moment, actions);
            break;
        case DatagramType::kIntroduce:
            receive_introduction(from, datagram, moment, actions);
            break;
        case DatagramType::kCookie:
            receive_cookie(from, datagram, moment, actions);
            break;
        case DatagramType::kJoin:
            strangers.on_join(from, datagram, moment.now, actions);
            break;
        case DatagramType::kAsk:
            strangers.on_ask(from, datagram, moment.now, actions);
            break;
        case DatagramType::kTell:
            receive_tell(from, datagram, moment, actions);
            break;
        case DatagramType::kJoinReply:
        default:
            ++core.counters.malformed;
            return;
    }
    settle(moment, actions);
}

void Node::Parts::receive_sealed(const net::Endpoint& from,
                                 ConstBytes datagram,
                                 const Moment& moment,
                                 Actions& actions) {
    if (datagram.size() < kSealedHeadSize + crypto::kTagSize) {
        ++core.counters.malformed;
        return;
    }
    const NodeId sender = Sealer::sender_of(datagram);
    if (core.is_own(sender)) {
        ++core.counters.unopened;  // our own, reflected, or a clone's
        return;
    }
    const auto key = core.gossip_key_of(sender);
    const auto plaintext = key ? core.sealer.open({}, datagram, *key) : std::nullopt;
    if (!plaintext) {
        ++core.counters.unopened;
        strangers.on_unknown(from, datagram, moment.now, actions);
        return;
    }
    handle({sender, from, nullptr}, *plaintext, moment, actions);
}

void Node::Parts::receive_introduction(const net::Endpoint& from,
                                       ConstBytes datagram,
                                       const Moment& moment,
                                       Actions& actions) {
    auto introduced = strangers.on_introduce(from, datagram, moment, actions);
    if (introduced && !core.is_own(introduced->certificate->id)) {
        const NodeId sender = introduced->certificate->id;
        handle({sender, from, std::move(introduced->certificate)},
               introduced->plaintext,
               moment,
               actions);
    }
}

void Node::Parts::receive_cookie(const net::Endpoint& from,
                                 ConstBytes datagram,
                                 const Moment& moment,
                                 Actions& actions) {
    const auto reply = Strangers::parse_cookie(datagram);
    if (reply && address_seeds.on_cookie(from, reply->echo, reply->cookie, actions)) {
        return;
    }
    const auto cause = reply ? prober.take_by_echo(reply->echo, from) : std::nullopt;
    if (cause) {
        const ProbeNumber number = prober.expect_answer(cause->first, cause->second, moment.now);
        strangers.introduce(cause->first, cause->second, reply->cookie, number, moment, actions);
    }
}

void Node::Parts::receive_tell(const net::Endpoint& from,
                               ConstBytes datagram,
                               const Moment& moment,
                               Actions& actions) {
    if (const auto seed = address_seeds.on_tell(from, datagram, moment)) {
        prober.ping(seed->node, seed->endpoint, moment, actions);
    }
}

void Node::Parts::handle(const Sender& sender,
                         ConstBytes plaintext,
                         const Moment& moment,
                         Actions& actions) {
    DatagramReader reader{plaintext};
    if (!reader.header()) {
        ++core.counters.malformed;
        return;
    }
    core.contacts[sender.id].said = moment.now;
    bool pinged = false;
    while (const auto message = reader.next()) {
        if (plaintext.size() > kPlaintextMax && !std::holds_alternative<Ping>(*message)) {
            continue;
        }
        // One answer for a datagram, or many pings in one would be multiplied.
        if (std::holds_alternative<Ping>(*message) && std::exchange(pinged, true)) {
            continue;
        }
        take(sender, *reader.header(), *message, moment, actions);
    }
    if (reader.malformed()) {
        ++core.counters.malformed;
    }
    anti_entropy.on_header(sender.id, sender.at, *reader.header(), moment, actions);
}

void Node::Parts::take(const Sender& sender,
                       const Header& header,
                       const Message& message,
                       const Moment& moment,
                       Actions& actions) {
    const NodeId& from = sender.id;
    const bool differs = header.members_digest != core.members.digest() ||
                         header.trust_digest != core.trust_digest();
    if (const auto* ping = std::get_if<Ping>(&message)) {
        prober.on_ping(from, sender.at, *ping, differs, moment, actions);
    } else if (const auto* ack = std::get_if<Ack>(&message)) {
        if (prober.on_ack(from, sender.at, *ack, moment, actions)) {
            actions.peer_times.push_back({from, ack->number, header.time, !differs});
            const identity::UnixSeconds ours = moment.wall.now;
            if (std::max(ours, header.time) - std::min(ours, header.time) <=
                identity::TrustedTime::kMedianOffMax) {
                agreed = moment.now;
            }
        }
    } else if (const auto* request = std::get_if<PingRequest>(&message)) {
        prober.on_ping_request(from, sender.at, *request, moment, actions);
    } else if (const auto* nack = std::get_if<Nack>(&message)) {
        prober.on_nack(*nack);
    } else if (const auto* inquiry = std::get_if<Inquiry>(&message)) {
        if (core.contacts[from].inquiries.spend(moment.now)) {
            actions.asked.push_back({from, sender.at, *inquiry});
        }
    } else if (const auto* sight = std::get_if<Sight>(&message)) {
        actions.seen.push_back({from, sight->number, {sight->bytes.begin(), sight->bytes.end()}});
    } else if (const auto* accusation = std::get_if<Accusation>(&message)) {
        const bool replayed =
            moment.wall.trusted && header.time + kAccusationAgeMax < moment.wall.now;
        if (!replayed) {
            prober.on_accusation(from, *accusation, moment, actions);
        }
    } else if (const auto* item = std::get_if<MemberItem>(&message)) {
        take_member(sender, *item, moment, actions);
    } else if (std::holds_alternative<IssuerItem>(message) ||
               std::holds_alternative<RevocationItem>(message) ||
               std::holds_alternative<SuccessorItem>(message)) {
        take_trust(sender, message, moment, actions);
    } else if (!core.proven(from, sender.at, moment.now)) {
        return;  // answers to the rest are longer than their causes
    } else if (const auto* buckets = std::get_if<Buckets>(&message)) {
        anti_entropy.on_buckets(from, sender.at, *buckets, moment, actions);
    } else if (const auto* summary = std::get_if<Summary>(&message)) {
        anti_entropy.on_summary(from, sender.at, *summary, moment, actions);
    } else if (const auto* want = std::get_if<Want>(&message)) {
        anti_entropy.on_want(from, *want, moment.now);
    } else if (const auto* heads = std::get_if<TrustHeads>(&message)) {
        anti_entropy.on_trust_heads(from, sender.at, *heads, moment, actions);
    }
}

// ---- Members -----------------------------------------------------------------------------------

void Node::Parts::take_member(const Sender& sender,
                              MemberItem item,
                              const Moment& moment,
                              Actions& actions) {
    if (is_barred(sender.id, moment.now)) {
        return;
    }
    if (item.certificate.empty() && sender.introduced) {
        item.certificate = sender.introduced->bytes;
    }
    const Result<Record> record = parse_record(item.record);
    if (!record) {
        if (!is_of_later_version(item.record)) {
            on_rejected(sender, identity::Rejected::kMalformed, moment, actions);
        }
        return;
    }
    if (core.is_own(record->node)) {
        take_own(sender.id, item, *record, moment, actions);
        return;
    }
    const Member* const before = core.members.find(record->node);
    const auto known = before == nullptr ? nullptr : before->certificate;
    const auto last = before == nullptr ? nullptr : before->record;
    if (item.certificate.empty()) {
        if (known == nullptr || known->certificate.generation != record->order.generation) {
            anti_entropy.want({{record->node}}, sender.id, sender.at, moment, actions);
            return;  // it will come whole
        }
        item.certificate = known->bytes;
    }
    using Outcome = Membership::Outcome;
    const Outcome outcome = core.members.offer(item, moment.wall, moment.now);
    if (last) {
        watch_for_clone(last->record, *record, outcome, moment.now, actions);
    }
    switch (outcome) {
        case Outcome::kKnown:
            break;
        case Outcome::kEquivocated:
            ++core.counters.equivocated;
            [[fallthrough]];
        case Outcome::kNew:
        case Outcome::kChanged:
            on_news(sender,
                    record->node,
                    outcome,
                    {item.pushed, core.members.find(record->node)->certificate != known},
                    moment,
                    actions);
            break;
        case Outcome::kEquivocatedLower:
            ++core.counters.equivocated;
            anti_entropy.push(sender.id, record->node, moment.now);
            break;
        case Outcome::kOlder:
            ++core.counters.older;
            anti_entropy.push(sender.id, record->node, moment.now);
            break;
        case Outcome::kOverBudget:
            ++core.counters.over_budget;
            break;
        case Outcome::kRejected:
            if (!is_of_later_version(item.certificate)) {
                on_rejected(sender, core.members.rejected(), moment, actions);
            }
            anti_entropy.on_refused(record->node, Membership::hash_of(item), moment.now);
            break;
    }
}

void Node::Parts::on_news(const Sender& sender,
                          const NodeId& node,
                          Membership::Outcome outcome,
                          const MemberNews& news,
                          const Moment& moment,
                          Actions& actions) {
    const bool first = outcome == Membership::Outcome::kNew;
    actions.events.push_back({first ? Event::Kind::kMemberNew : Event::Kind::kMemberChanged, node});
    if (first && core.members.size() <= 2) {
        next_gossip = std::min(next_gossip, moment.now + kGossipSoon);  // there is somebody to tell
    }
    prober.on_news_of(node, actions);
    core.contacts[sender.id].sync_was_fruitful = true;
    anti_entropy.on_fruit();
    const bool settled = started && moment.now - *started >= kSettled;
    if (!news.pushed || ((!first || settled) && pushed_rumours.spend(moment.now))) {
        spread_member(node, news.whole);
    }
}

/// Two words of one life and one order are a lie, or a copy of a machine that runs. Those of two
/// lives may be a restored backup's, whose owner will jump past them.
void Node::Parts::watch_for_clone(const Record& before,
                                  const Record& offered,
                                  Membership::Outcome outcome,
                                  Time now,
                                  Actions& actions) {
    using Outcome = Membership::Outcome;
    const bool taken = outcome == Outcome::kChanged || outcome == Outcome::kEquivocated;
    const bool contradicts =
        outcome == Outcome::kEquivocated || outcome == Outcome::kEquivocatedLower;
    const bool of_one_life = offered.boot_id == before.boot_id;
    if ((contradicts && of_one_life) ||
        (taken && core.contacts[offered.node].lives.on_change(before, offered, now))) {
        actions.events.push_back({Event::Kind::kEquivocation, offered.node});
    }
}

/// Something signed with our own key. Our last record, from a life whose disk is lost, is jumped
/// past; whoever jumps past us in turn is a second machine with our keys.
void Node::Parts::take_own(const NodeId& from,
                           const MemberItem& item,
                           const Record& record,
                           const Moment& moment,
                           Actions& actions) {
    const Member* known = core.members.find(core.id());
    if (known == nullptr || record.order < known->order() ||
        std::ranges::equal(item.record, known->record->bytes)) {
        return;
    }
    if (!core.cache.record(
            item.record, core.trust.network(), core.own.certificate->certificate.identity_key)) {
        ++core.counters.rejected[static_cast<std::size_t>(identity::Rejected::kBadSignature)];
        charge(from, moment.now);
        return;
    }
    // A higher generation, or the last epoch there is, cannot be passed: that is for people to
    // mend.
    const bool passable = record.order.generation == known->order().generation &&
                          record.order.epoch < std::numeric_limits<std::uint64_t>::max();
    if (!passable) {
        if (!is_own_renewal(item, record, moment)) {
            actions.events.push_back({Event::Kind::kOwnElsewhere, core.id()});
        }
    } else if (!epoch_to_store && jumps.spend(moment.now)) {
        epoch_to_store = std::max(epoch, record.order.epoch) + 1;
        actions.epoch = epoch_to_store;
        if (takes_turns_with(record, known->record->record, *epoch_to_store, moment.now)) {
            actions.events.push_back({Event::Kind::kOwnElsewhere, core.id()});
        }
    }
}

/// From before a backup was restored: it is due here too, and granted again. Without a certificate
/// it may be one.
bool Node::Parts::is_own_renewal(const MemberItem& item,
                                 const Record& record,
                                 const Moment& moment) {
    const identity::Certificate& ours = core.own.certificate->certificate;
    if (record.order.generation <= ours.generation || item.certificate.empty()) {
        return record.order.generation > ours.generation;
    }
    const auto newer = core.cache.certificate(item.certificate, core.trust, moment.wall);
    return newer && (*newer)->certificate.generation > ours.generation &&
           (*newer)->certificate.gossip_key == ours.gossip_key &&
           (*newer)->certificate.wireguard_key == ours.wireguard_key;
}

/// This node jumps past `other` to the epoch `jump`.
bool Node::Parts::takes_turns_with(Record other, Record ours, std::uint64_t jump, Time now) {
    if (other.boot_id == ours.boot_id) {
        other.boot_id = ~ours.boot_id;  // of a copy of this very life, memory and all
    }
    const bool it_came_back = own_lives.on_change(ours, other, now);
    ours.order.epoch = jump;
    own_lives.on_change(other, ours, now);
    return it_came_back;
}

// ---- Trust -------------------------------------------------------------------------------------

void Node::Parts::take_trust(const Sender& sender,
                             const Message& message,
                             const Moment& moment,
                             Actions& actions) {
    if (is_barred(sender.id, moment.now)) {
        return;
    }
    const std::uint32_t before = core.trust_digest();
    std::optional<identity::Rejected> rejected;
    if (const auto* issuer = std::get_if<IssuerItem>(&message)) {
        rejected = add_issuer(issuer->bytes, moment, actions);
    } else if (const auto* revocation = std::get_if<RevocationItem>(&message)) {
        rejected = add_revocation(revocation->bytes, moment, actions);
    } else if (const auto* successor = std::get_if<SuccessorItem>(&message)) {
        rejected = add_successor(successor->bytes, moment, actions);
    }
    if (core.trust_digest() != before) {
        core.contacts[sender.id].trust_pause = AntiEntropy::kInterval;
    }
    if (rejected) {
        on_rejected(sender, *rejected, moment, actions);
    }
}

// ---- Relayers ----------------------------------------------------------------------------------

void Node::Parts::on_rejected(const Sender& sender,
                              identity::Rejected reason,
                              const Moment& moment,
                              Actions& actions) {
    ++core.counters.rejected[static_cast<std::size_t>(reason)];
    switch (reason) {
        case identity::Rejected::kUnknownIssuer:
        case identity::Rejected::kGap:
            if (core.proven(sender.id, sender.at, moment.now)) {
                anti_entropy.ask_trust(sender.id, sender.at, moment, actions);
            }
            break;
        case identity::Rejected::kMalformed:
        case identity::Rejected::kForeignNetwork:
        case identity::Rejected::kBadSignature:
        case identity::Rejected::kOutsideSlice:
            charge(sender.id, moment.now);
            break;
        // Honest nodes that know less than we do, or have another time.
        case identity::Rejected::kRevoked:
        case identity::Rejected::kIssuerRevoked:
        case identity::Rejected::kExpired:
        case identity::Rejected::kNotYetValid:
        case identity::Rejected::kFull:
        case identity::Rejected::kConflict:
        case identity::Rejected::kCount:
            break;
    }
}

bool Node::Parts::is_barred(const NodeId& relayer, Time now) {
    Contact& contact = core.contacts[relayer];
    contact.bad_statements =
        std::max(0.0,
                 contact.bad_statements - std::chrono::duration<double>(now - contact.bad_since) /
                                              std::chrono::duration<double>(kBadStatementLifetime));
    contact.bad_since = now;
    return contact.bad_statements >= kBadStatementsMax;
}

void Node::Parts::charge(const NodeId& relayer, Time now) {
    if (!is_barred(relayer, now)) {
        core.contacts[relayer].bad_statements += 1;
    }
}

}  // namespace weft::gossip
