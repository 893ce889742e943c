// SPDX-License-Identifier: Apache-2.0
// weft-bench-stream: a paced one-way UDP stream, and a receiver that says for how long it heard
// nothing at most. Nothing goes back. The receiver is bound to the port on every address, so it
// outlives the interface that the datagrams come through.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <weft/base/bytes.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/net/address.hpp>

#include "place.hpp"

namespace {

using namespace weft;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::size_t kSize = 200;  // bytes of a datagram
constexpr int kPollMs = 20;
volatile std::sig_atomic_t stopping = 0;
volatile std::sig_atomic_t restarting = 0;

int usage() {
    std::cerr
        << "usage: weft-bench-stream send ADDRESS PORT PER_SECOND MILLISECONDS\n"
           "       weft-bench-stream receive PORT   until SIGTERM; prints the longest silence "
           "since SIGUSR1, in ms\n";
    return 2;
}

/// Refusals (no route, no session yet) are what the stream is for: it goes on.
int send(const net::IpAddress& to, std::uint16_t port, double per_second, Milliseconds duration) {
    const UniqueFd fd{::socket(AF_INET, SOCK_DGRAM, 0)};
    const sockaddr_in place = place_of(to, port);
    const ByteArray<kSize> datagram{};
    const auto start = Clock::now();
    for (std::uint64_t number = 0;; ++number) {
        const Milliseconds at{static_cast<double>(number) * 1000.0 / per_second};
        if (at > duration) {
            return 0;
        }
        std::this_thread::sleep_until(start + std::chrono::duration_cast<Clock::duration>(at));
        static_cast<void>(::sendto(fd.get(),
                                   datagram.data(),
                                   datagram.size(),
                                   MSG_DONTWAIT,
                                   reinterpret_cast<const sockaddr*>(&place),
                                   sizeof place));
    }
}

int receive(std::uint16_t port) {
    std::signal(SIGTERM, [](int) { stopping = 1; });
    std::signal(SIGUSR1, [](int) { restarting = 1; });
    const UniqueFd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)};
    const sockaddr_in place = place_of({}, port);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0) {
        std::perror("weft-bench-stream: bind");
        return 1;
    }
    ByteArray<kSize> datagram;
    Clock::time_point last = Clock::now();
    Clock::duration longest{};
    while (stopping == 0) {
        if (restarting != 0) {
            restarting = 0;
            longest = {};
        }
        pollfd ready{fd.get(), POLLIN, 0};
        ::poll(&ready, 1, kPollMs);
        const bool heard = ::recv(fd.get(), datagram.data(), datagram.size(), 0) == ssize_t{kSize};
        const auto now = Clock::now();
        longest = std::max(longest, now - last);
        if (heard) {
            last = now;
        }
    }
    std::cout << Milliseconds{longest}.count() << '\n';
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments{argv + 1, argv + argc};
    const auto port_at = [&](std::size_t at) {
        return static_cast<std::uint16_t>(std::strtoul(arguments[at].c_str(), nullptr, 10));
    };
    if (arguments.size() == 2 && arguments[0] == "receive") {
        return receive(port_at(1));
    }
    if (arguments.size() == 5 && arguments[0] == "send") {
        const auto to = net::IpAddress::parse(arguments[1]);
        const double per_second = std::strtod(arguments[3].c_str(), nullptr);
        if (to && to->is_v4() && per_second > 0) {
            return send(*to,
                        port_at(2),
                        per_second,
                        Milliseconds{std::strtod(arguments[4].c_str(), nullptr)});
        }
    }
    return usage();
}
