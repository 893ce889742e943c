// SPDX-License-Identifier: Apache-2.0
// Several wg::Devices on one wire, in virtual time: what the engine does around the core, in the
// plainest form (one thread, one packet at a time). Tests drop, keep and forge what is on the wire.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <weft/base/endian.hpp>
#include <weft/crypto/aead.hpp>
#include <weft/wg/device.hpp>

namespace weft::test {

using namespace std::chrono_literals;
using Payload = std::vector<std::byte>;

inline Payload payload_of(std::string_view text) {
    const ConstBytes bytes = bytes_of(text);
    return {bytes.begin(), bytes.end()};
}

struct WirePacket {
    net::Endpoint from;
    net::Endpoint to;
    Payload bytes;
    std::uint8_t traffic_class = 0;

    [[nodiscard]] std::optional<wg::MessageType> type() const { return wg::classify(bytes); }
};

/// Time and the packets under way. Nothing arrives until World::deliver.
struct Wire {
    Time time{1000s};
    WallTime wall{std::chrono::seconds{1'700'000'000}};
    bool wall_stands_still = false;
    std::deque<WirePacket> under_way;
    std::vector<WirePacket> log;  // every packet ever sent
    bool keeps_log = true;

    [[nodiscard]] wg::Now now() const { return {time, wall}; }
    void put(WirePacket packet) {
        if (keeps_log) {
            log.push_back(packet);
        }
        under_way.push_back(std::move(packet));
    }
    [[nodiscard]] std::size_t count(wg::MessageType type) const {
        return static_cast<std::size_t>(
            std::count_if(log.begin(), log.end(), [&](const WirePacket& packet) {
                return packet.type() == type;
            }));
    }
};

/// A device and a minimal engine.
class Node {
  public:
    Node(Wire& wire, const net::Endpoint& endpoint, std::uint64_t seed)
        : wire_(wire), endpoint_(endpoint), random_(seed), device_(random_, 1) {
        wg::Actions actions;
        device_.set_private_key(crypto::generate_private_key(random_), actions);
        run(actions);
    }

    [[nodiscard]] wg::Device& device() { return device_; }
    [[nodiscard]] const net::Endpoint& endpoint() const { return endpoint_; }
    [[nodiscard]] const crypto::PublicKey& key() const { return device_.identity().public_key; }
    [[nodiscard]] wg::Tunnel& tunnel(const Node& other) {
        wg::Tunnel* tunnel = device_.find_peer(other.key());
        if (tunnel == nullptr) {
            throw std::logic_error("no such peer");
        }
        return *tunnel;
    }
    [[nodiscard]] wg::Peer& peer(const Node& other) { return tunnel(other).peer(); }

    void send(const Node& to, std::string_view text) { send(peer(to), payload_of(text)); }

    void send(wg::Peer& peer, const Payload& payload) {
        wg::Session* session = peer.current();
        if (session == nullptr || !session->may_send(wire_.time)) {
            if (!payload.empty()) {
                peer.staged.stage(payload, 1);
            }
            request(peer, wg::PeerRequest::kHandshake);
            return;
        }
        const auto nonce = session->take_nonces(1);
        ASSERT_TRUE(nonce);
        if (on_seal) {
            on_seal(session->send_key(), *nonce);
        }
        Payload bytes(wg::kDataOverhead + payload.size());
        wg::write_data_header(bytes.data(), session->remote_index(), *nonce);
        const crypto::SealJob job{.key = &session->send_key(),
                                  .nonce = *nonce,
                                  .head = {},
                                  .payload = payload,
                                  .pad = 0,
                                  .destination = bytes.data() + wg::kDataHeaderSize};
        kernels_->seal(std::span{&job, 1});
        wire_.put({endpoint_, peer.path().remote, std::move(bytes), 0});
        peer.timers.on_authenticated_sent(wire_.time);
        if (!payload.empty()) {
            peer.timers.on_data_sent(wire_.time);
        }
        if (session->wants_rekey_after_send(wire_.time)) {
            request(peer, wg::PeerRequest::kHandshake);
        }
    }

    net::DropReason receive(WirePacket packet) {
        if (packet.type() == wg::MessageType::kData) {
            last_drop = receive_data(packet);
        } else {
            wg::Actions actions;
            const net::Path from{packet.from, endpoint_.address, 1};
            last_drop = device_.on_datagram(packet.bytes, from, queue_depth, wire_.now(), actions);
            run(actions);
        }
        ++drops[last_drop];
        return last_drop;
    }

    void on_timers() {
        wg::Actions actions;
        device_.on_timers(wire_.now(), actions);
        run(actions);
    }

    void request(wg::Peer& peer, wg::PeerRequest what) {
        if (what == wg::PeerRequest::kHandshake && peer.initiated_recently(wire_.time)) {
            return;
        }
        if (peer.request(what)) {
            wg::Actions actions;
            device_.on_requests(peer, peer.take_requests(), wire_.now(), actions);
            run(actions);
        }
    }

    /// Edits the device as the control plane does.
    void change(const std::function<void(wg::Device&, wg::Now, wg::Actions&)>& edit) {
        wg::Actions actions;
        edit(device_, wire_.now(), actions);
        device_.settle(wire_.now(), actions);
        run(actions);
    }

    std::vector<Payload> inbox;   // data that arrived, keepalives not
    std::size_t keepalives = 0;   // that arrived
    std::size_t queue_depth = 0;  // what the handshake lane claims to have waiting
    std::uint64_t dropped_staged = 0;
    net::DropReason last_drop = net::DropReason::kNone;
    std::map<net::DropReason, std::uint64_t> drops;
    std::function<void(const crypto::AeadKey&, std::uint64_t nonce)> on_seal;

  private:
    void run(wg::Actions& actions) {
        for (const auto& datagram : actions.datagrams) {
            const ConstBytes bytes = datagram.view();
            wire_.put({endpoint_,
                       datagram.path.remote,
                       {bytes.begin(), bytes.end()},
                       datagram.traffic_class});
        }
        for (const auto& flush : actions.flushes) {
            auto waiting = flush.peer->staged.take_all();
            for (const auto& item : waiting) {
                send(*flush.peer, item.bytes);
            }
            if (waiting.empty() && flush.keepalive_if_empty) {
                send(*flush.peer, {});
            }
        }
        dropped_staged += actions.dropped_staged;
        for (auto& session : actions.retired_sessions) {
            retired_sessions_.push_back(std::move(session));
        }
        for (auto& peer : actions.retired_peers) {
            retired_peers_.push_back(std::move(peer));
        }
    }

    net::DropReason receive_data(WirePacket& packet) {
        wg::Session* session = device_.indices().find(wg::receiver_of_data(packet.bytes));
        if (session == nullptr) {
            return net::DropReason::kUnknownIndex;
        }
        if (!session->may_receive(wire_.time)) {
            return net::DropReason::kSessionExpired;
        }
        const std::uint64_t counter = wg::counter_of_data(packet.bytes);
        crypto::OpenJob job;
        job.key = &session->receive_key();
        job.nonce = counter;
        job.sealed = Bytes{packet.bytes}.subspan(wg::kDataHeaderSize);
        kernels_->open(std::span{&job, 1});
        if (!job.ok) {
            return net::DropReason::kAuthFailed;
        }
        if (!session->window.commit(counter)) {
            return net::DropReason::kCounterRejected;
        }
        wg::Peer& peer = session->peer();
        peer.roam({packet.from, endpoint_.address, 1});
        if (session->confirm()) {
            request(peer, wg::PeerRequest::kConfirm);
        }
        peer.timers.on_authenticated_received(wire_.time);
        if (peer.current() != nullptr && peer.current()->wants_rekey_after_receive(wire_.time)) {
            request(peer, wg::PeerRequest::kHandshake);
        }
        const ConstBytes plain = job.sealed.first(job.sealed.size() - crypto::kTagSize);
        if (plain.empty()) {
            ++keepalives;
        } else {
            peer.timers.on_data_received(wire_.time);
            inbox.emplace_back(plain.begin(), plain.end());
        }
        return net::DropReason::kNone;
    }

    Wire& wire_;
    net::Endpoint endpoint_;
    SeededRandom random_;
    std::vector<std::unique_ptr<wg::Peer>> retired_peers_;
    std::vector<std::unique_ptr<wg::Session>> retired_sessions_;
    wg::Device device_;
    const crypto::AeadKernels* kernels_ = crypto::choose_kernels("auto").value();
};

class World {
  public:
    explicit World(std::uint64_t seed = 1) : seed_(seed) {
        EXPECT_TRUE(crypto::initialize().has_value());
    }

    /// 192.0.2.1:51820, .2, ...
    Node& add_node() {
        const auto number = static_cast<std::uint8_t>(nodes_.size() + 1);
        const ByteArray<4> address{std::byte{192}, std::byte{0}, std::byte{2}, std::byte{number}};
        const net::Endpoint endpoint{net::IpAddress{std::span{address}}, 51820, 0};
        nodes_.push_back(std::make_unique<Node>(wire, endpoint, seed_ * 1000 + number));
        return *nodes_.back();
    }
    /// `a` learns of `b`; with its endpoint, if told so.
    wg::Tunnel& introduce(Node& a, const Node& b, bool with_endpoint = true) {
        wg::Tunnel* tunnel = a.device().ensure_peer(b.key());
        if (with_endpoint) {
            tunnel->peer().set_endpoint(b.endpoint());
        }
        return *tunnel;
    }

    /// Delivers until the wire is empty; what `lost` picks is lost.
    void deliver() {
        const std::size_t most = wire.under_way.size() + 10'000;
        for (std::size_t rounds = 0; !wire.under_way.empty(); ++rounds) {
            if (rounds > most) {
                throw std::logic_error("packets breed packets");
            }
            WirePacket packet = std::move(wire.under_way.front());
            wire.under_way.pop_front();
            if (lost && lost(packet)) {
                continue;
            }
            for (const auto& node : nodes_) {
                if (node->endpoint() == packet.to) {
                    node->receive(packet);
                }
            }
        }
    }
    /// Delivers, then runs every timer that falls due within `span`, each at its time.
    void advance(Duration span) {
        const Time end = wire.time + span;
        deliver();
        for (unsigned idle = 0;;) {
            Time next = end;
            for (const auto& node : nodes_) {
                node->device().reschedule(wire.time);
                next = std::min(next, node->device().next_deadline());
            }
            idle = next > wire.time ? 0 : idle + 1;
            if (idle > 100) {
                throw std::logic_error("a timer is due and never done");
            }
            const Duration step = std::max(next - wire.time, Duration{0});
            wire.time += step;
            wire.wall += wire.wall_stands_still ? Duration{0} : step;
            for (const auto& node : nodes_) {
                node->on_timers();
            }
            deliver();
            if (wire.time >= end) {
                return;
            }
        }
    }

    Wire wire;
    std::function<bool(const WirePacket&)> lost;

  private:
    std::uint64_t seed_;
    std::vector<std::unique_ptr<Node>> nodes_;
};

/// Two nodes that know each other.
struct Pair {
    explicit Pair(std::uint64_t seed = 1) : world(seed), a(world.add_node()), b(world.add_node()) {
        world.introduce(a, b);
        world.introduce(b, a);
    }
    /// A session, made by `a`.
    void connect() {
        a.send(b, "hello");
        world.deliver();
        ASSERT_EQ(b.inbox.size(), 1U);
        ASSERT_NE(a.peer(b).current(), nullptr);
        ASSERT_NE(b.peer(a).current(), nullptr);
        b.inbox.clear();
    }

    World world;
    Node& a;
    Node& b;
};

}  // namespace weft::test
