// SPDX-License-Identifier: Apache-2.0
// The engine's owners and their order: Tun and UdpGroup, Shared, Device, workers, lane. Stop goes
// back: lane first (nobody orders workers any more), then the workers, then descriptors.
#include <algorithm>

#include <weft/dataplane/engine.hpp>

#include "handshake_lane.hpp"
#include "shared.hpp"
#include "worker.hpp"

namespace weft::dataplane {

class Engine::Impl {
  public:
    Impl(const EngineConfig& config, sys::Tun tun, sys::UdpGroup udp, RandomSource& random)
        : tun_(std::move(tun)),
          udp_(std::move(udp)),
          guarded_(random, static_cast<unsigned>(udp_.workers.size())),
          shared_(*config.kernels, guarded_.device.indices(), udp_.workers.size()),
          lane_(shared_, guarded_, workers_, udp_),
          wished_(config.offloads),
          fwmark_(config.fwmark) {
        shared_.mtu = config.mtu;
        shared_.icmp_source6 = config.icmp_source6;
        shared_.routes.store(new wg::RouteTable);
        shared_.offloads.tun_tso = tun_.tso();
        shared_.offloads.tun_uso = tun_.uso();
        for (std::size_t i = 0; i < udp_.workers.size(); ++i) {
            workers_.push_back(
                std::make_unique<Worker>(shared_, i, tun_.queues()[i], udp_.workers[i]));
        }
        publish_port();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() {
        stop_threads();
        delete shared_.routes.load();
    }

    Result<> rebind(std::uint16_t port, std::uint32_t fwmark);

    sys::Tun tun_;
    sys::UdpGroup udp_;
    GuardedDevice guarded_;
    Shared shared_;
    std::vector<std::unique_ptr<Worker>> workers_;
    HandshakeLane lane_;
    sys::Offloads wished_;
    std::uint32_t fwmark_;
    std::weak_ptr<const void> round_;  // retired through qsbr
    bool started_ = false;

    void publish_port() {
        shared_.listen_port = udp_.port;
        shared_.offloads.udp_gso = udp_.gso;
        shared_.offloads.udp_gro = udp_.gro;
    }
    void start_threads() {
        publish_port();
        if (started_) {
            for (const auto& worker : workers_) {
                worker->start();
            }
            lane_.start();
        }
    }
    void stop_threads() {
        lane_.stop();
        for (const auto& worker : workers_) {
            worker->stop();
        }
    }
};

/// With every thread stopped: packets wait in the kernel for a moment, sessions and queues stay.
Result<> Engine::Impl::rebind(std::uint16_t port, std::uint32_t fwmark) {
    if (port == udp_.port && fwmark == fwmark_) {
        return {};
    }
    stop_threads();
    Result<> outcome;
    if (port == udp_.port) {
        outcome = udp_.set_fwmark(fwmark);
        if (!outcome) {
            (void)udp_.set_fwmark(fwmark_);  // some may have taken the new one
        }
    } else {
        auto fresh = sys::UdpGroup::open({.port = port,
                                          .workers = static_cast<unsigned>(workers_.size()),
                                          .fwmark = fwmark,
                                          .wish = wished_});
        if (!fresh) {
            outcome = fresh.error();
        } else if (fresh->workers.size() != workers_.size()) {
            outcome = invalid("the new port's sockets cannot be steered as the old ones were",
                              "restart weftd with that port");
        } else {
            // Workers refer to the elements, so these stay and take new sockets.
            std::move(fresh->workers.begin(), fresh->workers.end(), udp_.workers.begin());
            udp_.lane = std::move(fresh->lane);
            udp_.crowd = std::move(fresh->crowd);
            udp_.gossip = std::move(fresh->gossip);
            udp_.steered = fresh->steered;
            udp_.port = fresh->port;
            udp_.gso = fresh->gso;
            udp_.gro = fresh->gro;
        }
    }
    if (outcome) {
        fwmark_ = fwmark;
        const std::scoped_lock lock{guarded_.mutex};
        for (const auto& [key, tunnel] : guarded_.device.tunnels()) {
            tunnel->peer().forget_source();
        }
    }
    start_threads();
    return outcome;
}

Engine::Engine(const EngineConfig& config, sys::Tun tun, sys::UdpGroup udp, RandomSource& random) {
    WEFT_ASSERT(config.kernels != nullptr && tun.queues().size() == udp.workers.size());
    WEFT_ASSERT(!udp.workers.empty() && udp.workers.size() <= wg::kWorkersMax);
    impl_ = std::make_unique<Impl>(config, std::move(tun), std::move(udp), random);
}
Engine::~Engine() = default;

void Engine::start() {
    impl_->started_ = true;
    impl_->start_threads();
}

void Engine::change(const std::function<void(wg::Device&, wg::Now, wg::Actions&)>& edit) noexcept {
    {
        const std::scoped_lock lock{impl_->guarded_.mutex};
        const wg::Now now{BootClock::now(), wall_now()};
        wg::Actions actions;
        edit(impl_->guarded_.device, now, actions);
        impl_->guarded_.device.settle(now, actions);
        impl_->lane_.carry_out(actions);
    }
    impl_->shared_.lane.wake.wake();  // deadlines may have moved
}
bool Engine::has_gone_round() {
    if (!impl_->round_.expired()) {
        return false;
    }
    const auto round = std::make_shared<const char>();
    impl_->round_ = round;
    change([&](wg::Device&, wg::Now, wg::Actions&) { impl_->shared_.qsbr.retire(round); });
    return true;
}
Result<> Engine::rebind(std::uint16_t port, std::uint32_t fwmark) {
    return impl_->rebind(port, fwmark);
}
void Engine::set_icmp_source6(const net::IpAddress& source) {
    if (source != impl_->shared_.icmp_source6) {
        impl_->stop_threads();
        impl_->shared_.icmp_source6 = source;
        impl_->start_threads();
    }
}
const sys::UdpPair& Engine::gossip_sockets() const {
    return impl_->udp_.gossip;
}
const sys::UdpGroup& Engine::sockets() const {
    return impl_->udp_;
}
const sys::GossipRelay& Engine::gossip_relay() const {
    return impl_->shared_.gossip;
}
const sys::UdpPair& Engine::gossip_way_out() const {
    return impl_->udp_.steered ? impl_->udp_.gossip : impl_->udp_.workers.front();
}
unsigned Engine::ifindex() const {
    return impl_->tun_.ifindex();
}
const std::string& Engine::interface() const {
    return impl_->tun_.name();
}
std::uint16_t Engine::listen_port() const {
    return impl_->udp_.port;
}
std::uint32_t Engine::fwmark() const {
    return impl_->fwmark_;
}
unsigned Engine::workers() const {
    return static_cast<unsigned>(impl_->workers_.size());
}
std::uint64_t Engine::shared_batches() const {
    return impl_->shared_.sharing.shared_batches();
}
sys::Offloads Engine::offloads() const {
    const OffloadSwitches& now = impl_->shared_.offloads;
    return {.tun_tso = now.tun_tso,
            .tun_uso = now.tun_uso,
            .udp_gso = now.udp_gso,
            .udp_gro = now.udp_gro};
}
DropCounts Engine::drops() const {
    DropCounts sum{};
    for (std::size_t reason = 0; reason < sum.size(); ++reason) {
        sum[reason] = impl_->guarded_.drops.get(reason) + impl_->lane_.drops().get(reason);
        for (const auto& worker : impl_->workers_) {
            sum[reason] += worker->drops().get(reason);
        }
    }
    return sum;
}
bool Engine::interface_lost() const {
    return impl_->shared_.interface_lost.load(std::memory_order_relaxed);
}

}  // namespace weft::dataplane
