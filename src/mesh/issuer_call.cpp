// SPDX-License-Identifier: Apache-2.0
// See issuer_call.hpp. Asking, then what comes back. Pure.
#include <algorithm>

#include <weft/base/assert.hpp>
#include <weft/base/byte_reader.hpp>
#include <weft/base/byte_writer.hpp>
#include <weft/mesh/issuer_call.hpp>

namespace weft::mesh {
namespace {

/// type, version, echo: of cookies and join replies
constexpr std::size_t kAnswerHeadSize = 2 + gossip::kEchoSize;

}  // namespace

// ---- Asking -------------------------------------------------------------------------------------

IssuerCall::IssuerCall(Parts parts, Time now)
    : sealed_(std::move(parts.sealed)),
      reply_key_(std::move(parts.reply_key)),
      issuer_(parts.issuer),
      start_(now),
      next_ask_(now),
      deadline_(now + kDeadline) {
    WEFT_ASSERT(sealed_.size() == identity::kJoinRequestSize && !parts.at.empty());
    for (const net::Endpoint& at : parts.at) {
        const bool is_new = std::none_of(targets_.begin(),
                                         targets_.end(),
                                         [&](const Target& target) { return target.at == at; });
        if (is_new) {
            targets_.emplace_back().at = at;
        }
    }
}

Duration IssuerCall::round() const {
    if (waiting_) {
        return kWaitPause;
    }
    Duration round = kRoundFirst;
    for (unsigned i = kRoundsBeforeBackOff; i <= rounds_ && round < kRoundMax; ++i) {
        round *= 2;
    }
    return std::min(round, kRoundMax);
}

void IssuerCall::on_timer(Time now, std::vector<Datagram>& out) {
    if (is_over()) {
        return;
    }
    if (now >= deadline_) {
        gave_up_ = true;
        return;
    }
    if (now < next_ask_) {
        return;
    }
    Target& target = targets_[turn_];
    target.asked = true;
    target.awaits_answer = true;
    target.cookies_left = kCookiesPerTurn;
    send(target, out);
    next_ask_ = now + round() / static_cast<Duration::rep>(targets_.size());
    if (++turn_ == targets_.size()) {
        turn_ = 0;
        ++rounds_;
    }
}

Time IssuerCall::next_timer() const {
    return is_over() ? Time::max() : std::min(next_ask_, deadline_);
}

void IssuerCall::send(const Target& target, std::vector<Datagram>& out) const {
    ByteWriter datagram{gossip::kDatagramSizeMax};
    datagram.write(static_cast<std::uint8_t>(gossip::DatagramType::kJoin));
    datagram.write(gossip::kFormatVersion);
    datagram.append(target.cookie);
    datagram.append(sealed_);
    datagram.append_zeros(gossip::kDatagramSizeMax - datagram.size());
    out.push_back({target.at, std::move(datagram).release()});
}

// ---- What comes back ----------------------------------------------------------------------------

IssuerCall::Target* IssuerCall::asked(const net::Endpoint& from) {
    const auto found = std::find_if(targets_.begin(), targets_.end(), [&](const Target& target) {
        return target.asked && target.at == from;
    });
    return found == targets_.end() ? nullptr : &*found;
}

bool IssuerCall::on_datagram(const net::Endpoint& from,
                             ConstBytes bytes,
                             Time now,
                             std::vector<Datagram>& out) {
    if (is_over()) {
        ++ignored_.late;
        return false;
    }
    Target* const target = asked(from);
    if (target == nullptr) {
        ++ignored_.from_elsewhere;
        return false;
    }
    ByteReader reader{bytes};
    const auto type = static_cast<gossip::DatagramType>(reader.read<std::uint8_t>());
    const auto version = reader.read<std::uint8_t>();
    gossip::Echo echo{};
    reader.read_into(echo);
    const bool is_cookie = type == gossip::DatagramType::kCookie &&
                           bytes.size() == kAnswerHeadSize + gossip::kCookieSize;
    const bool is_reply = type == gossip::DatagramType::kJoinReply &&
                          bytes.size() <= kAnswerHeadSize + identity::kJoinReplySizeMax;
    if (reader.failed() || version != gossip::kFormatVersion || (!is_cookie && !is_reply)) {
        ++ignored_.malformed;
        return false;
    }
    if (!std::equal(echo.begin(), echo.end(), sealed_.begin())) {
        ++ignored_.foreign;
        return false;
    }
    const ConstBytes body = reader.take(reader.left());
    if (is_cookie) {
        on_cookie(*target, body, out);
    } else {
        on_reply(*target, body, now);
    }
    return true;
}

void IssuerCall::on_cookie(Target& target, ConstBytes cookie, std::vector<Datagram>& out) {
    if (target.cookies_left == 0) {
        ++ignored_.surplus;
        return;
    }
    --target.cookies_left;
    target.seen = true;
    copy_bytes(cookie, target.cookie);
    send(target, out);
}

void IssuerCall::on_reply(Target& target, ConstBytes sealed, Time now) {
    auto reply = identity::open_join_reply(sealed, reply_key_, issuer_);
    if (!reply) {
        ++ignored_.forged;
        return;
    }
    if (reply->status == identity::JoinReply::Status::kWait) {
        on_wait(target, now);
    } else {
        answer_ = Answer{*std::move(reply), target.at};
    }
}

/// One for each request: "wait" can be sent again by whoever saw it, and must not put off the next
/// request for ever.
void IssuerCall::on_wait(Target& target, Time now) {
    if (!target.awaits_answer) {
        ++ignored_.surplus;
        return;
    }
    target.awaits_answer = false;
    waiting_ = true;
    deadline_ = start_ + kWaitDeadline;
    turn_ = static_cast<std::size_t>(&target - targets_.data());
    next_ask_ = now + kWaitPause;
}

// ---- What there is to say -----------------------------------------------------------------------

std::vector<net::Endpoint> IssuerCall::asked() const {
    std::vector<net::Endpoint> endpoints;
    for (const Target& target : targets_) {
        if (target.asked) {
            endpoints.push_back(target.at);
        }
    }
    return endpoints;
}

std::vector<net::Endpoint> IssuerCall::seen() const {
    std::vector<net::Endpoint> endpoints;
    for (const Target& target : targets_) {
        if (target.seen) {
            endpoints.push_back(target.at);
        }
    }
    return endpoints;
}

}  // namespace weft::mesh
