// SPDX-License-Identifier: Apache-2.0
// See kept_ends.hpp. Control thread, at start, when there is nothing else to do.
#include "kept_ends.hpp"

#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <weft/base/clock.hpp>

namespace weft::control {
namespace {

constexpr std::string_view kTun = "tun";
constexpr std::string_view kUdp4 = "udp4";
constexpr std::string_view kUdp6 = "udp6";

// Of systemd, from 254 on, a thread closes what the manager is told to forget.
constexpr std::chrono::milliseconds kLetGoWithin{1000};
constexpr std::chrono::milliseconds kTryEvery{5};

/// What `open` opens; with `was_kept`, as soon as the manager has let go of its predecessor.
template <class Open>
auto open_anew(bool was_kept, const Open& open) {
    if (was_kept) {
        DescriptorStore::wait_for_manager();
    }
    const Time until = BootClock::now() + kLetGoWithin;
    auto opened = open();
    while (!opened && was_kept && BootClock::now() < until &&
           (opened.error().code.value() == EADDRINUSE || opened.error().code.value() == EBUSY)) {
        std::this_thread::sleep_for(kTryEvery);
        opened = open();
    }
    return opened;
}

Result<sys::UdpGroup> open_port(const sys::UdpGroupConfig& config,
                                DescriptorStore& store,
                                Log& log) {
    sys::KeptSockets kept{store.take_all(kUdp4), store.take_all(kUdp6)};
    const bool was_kept = !kept.empty();
    if (was_kept) {
        Result<sys::UdpGroup> adopted = sys::UdpGroup::adopt(std::move(kept), config);
        if (adopted && adopted->steered) {
            log.info("port_taken_over", {{"port", std::to_string(adopted->port)}});
            return adopted;
        }
        log.warn("kept_port_unfit",
                 {{"cause", adopted ? "it cannot be steered" : adopted.error().message()}});
        store.forget_all(kUdp4);
        store.forget_all(kUdp6);
    }
    Result<sys::UdpGroup> opened =
        open_anew(was_kept, [&config] { return sys::UdpGroup::open(config); });
    if (opened) {
        keep_port(*opened, store);
    }
    return opened;
}

Result<sys::Tun> open_tun(const std::string& interface,
                          unsigned queues,
                          const sys::Offloads& wish,
                          DescriptorStore& store,
                          Log& log) {
    std::vector<UniqueFd> kept = store.take_all(kTun);
    const bool was_kept = !kept.empty();
    if (was_kept) {
        Result<sys::Tun> adopted = sys::Tun::adopt(std::move(kept), interface, queues, wish);
        if (adopted) {
            log.info("interface_taken_over", {{"interface", interface}});
            return adopted;
        }
        log.warn("kept_interface_unfit", {{"cause", adopted.error().message()}});
        store.forget_all(kTun);
    }
    Result<sys::Tun> opened =
        open_anew(was_kept, [&] { return sys::Tun::create(interface, queues, wish); });
    if (opened) {
        std::vector<int> fds;
        for (const sys::TunQueue& queue : opened->queues()) {
            fds.push_back(queue.fd());
        }
        store.keep_all(kTun, fds);
    }
    return opened;
}

}  // namespace

Result<Ends> open_ends(const std::string& interface,
                       const sys::UdpGroupConfig& config,
                       DescriptorStore& store,
                       Log& log) {
    Result<sys::UdpGroup> udp = open_port(config, store, log);
    if (!udp) {
        return udp.error();
    }
    const auto queues = static_cast<unsigned>(udp->workers.size());
    Result<sys::Tun> tun = open_tun(interface, queues, config.wish, store, log);
    if (!tun) {
        return tun.error();
    }
    return Ends{std::move(*tun), std::move(*udp)};
}

void keep_port(const sys::UdpGroup& group, DescriptorStore& store) {
    if (group.steered) {
        store.keep_all(kUdp4, group.members(net::Family::kIpv4));
        store.keep_all(kUdp6, group.members(net::Family::kIpv6));
    } else {
        store.forget_all(kUdp4);
        store.forget_all(kUdp6);
    }
}

}  // namespace weft::control
