// SPDX-License-Identifier: Apache-2.0
// weft-bench-traffic: TCP, UDP and ICMP figures between two IPv4 addresses, for machines where
// nothing is installed (suite board). One host serves; the other measures and prints what arrived
// there.
//
// TCP: a flow is a connection. The server counts what it receives after a warm-up, and when the
// client shuts its side down answers {bytes u64, nanoseconds u64}, little-endian.
// UDP: a datagram begins with {run u64, kind u8}. The server counts the datagrams of the newest
// run; to a kQuery it answers {run u64, count u64}.
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weft/base/bytes.hpp>
#include <weft/base/endian.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/net/address.hpp>
#include <weft/net/checksum.hpp>

#include "place.hpp"

namespace {

using namespace weft;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::size_t kTcpBuffer = std::size_t{128} * 1024;
constexpr milliseconds kWarmUp{500};          // of a TCP flow, not counted
constexpr int kPatienceSeconds = 10;          // of every wait
constexpr int kMaxFlows = 64;                 // connections
constexpr const char* kCongestion = "cubic";  // said, because a machine's default may be another
constexpr std::size_t kUdpHead = 9;
constexpr std::size_t kUdpMax = 65507;
constexpr std::byte kData{0};
constexpr std::byte kQuery{1};
constexpr int kQueries = 50;
constexpr int kQueryWaitMs = 100;
constexpr milliseconds kPingInterval{2};
constexpr int kPingWaitMs = 1000;
constexpr std::size_t kIcmpHead = 8;
constexpr std::size_t kPingSize = kIcmpHead + 56;

/// From any thread: says what failed and why, and ends the program.
[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "weft-bench-traffic: %s: %s\n", what.c_str(), std::strerror(errno));
    std::_Exit(1);
}

const sockaddr* as_sockaddr(const sockaddr_in& place) {
    return reinterpret_cast<const sockaddr*>(&place);
}

UniqueFd open_socket(int type, int protocol = 0) {
    UniqueFd fd{::socket(AF_INET, type | SOCK_CLOEXEC, protocol)};
    if (!fd.valid()) {
        fail("socket");
    }
    const timeval patience{kPatienceSeconds, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return fd;
}

UniqueFd connected(int type, const net::IpAddress& to, std::uint16_t port, int protocol = 0) {
    UniqueFd fd = open_socket(type, protocol);
    const sockaddr_in place = place_of(to, port);
    if (::connect(fd.get(), as_sockaddr(place), sizeof place) != 0) {
        fail("connect to " + to.to_string() + " port " + std::to_string(port));
    }
    return fd;
}

UniqueFd bound(int type, std::uint16_t port) {
    UniqueFd fd = open_socket(type);
    const int yes = 1;
    if (type == SOCK_STREAM) {  // not UDP: there it would share the port
        ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    }
    const sockaddr_in place = place_of({}, port);
    if (::bind(fd.get(), as_sockaddr(place), sizeof place) != 0) {
        fail(std::string{type == SOCK_STREAM ? "TCP" : "UDP"} + " port " + std::to_string(port));
    }
    return fd;
}

// ---- the server --------------------------------------------------------------------------------
void serve_flow(const UniqueFd& fd) {
    std::vector<std::byte> buffer(kTcpBuffer);
    std::optional<Clock::time_point> start;
    std::uint64_t bytes = 0;
    Clock::time_point last;
    for (;;) {
        const ssize_t size = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
        if (size <= 0) {
            break;
        }
        last = Clock::now();
        if (!start) {
            start = last + kWarmUp;
        } else if (last >= *start) {
            bytes += static_cast<std::uint64_t>(size);
        }
    }
    ByteArray<16> answer{};
    store_le64(&answer[0], bytes);
    if (start && last > *start) {
        store_le64(&answer[8], static_cast<std::uint64_t>(nanoseconds{last - *start}.count()));
    }
    static_cast<void>(::send(fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL));
}

void serve_tcp(const UniqueFd& listener) {
    static std::atomic<int> flows{0};
    const timeval patience{kPatienceSeconds, 0};
    for (;;) {
        pollfd ready{listener.get(), POLLIN, 0};
        ::poll(&ready, 1, -1);
        UniqueFd fd{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        if (!fd.valid()) {
            continue;  // it was gone again
        }
        if (flows.load() >= kMaxFlows) {
            continue;
        }
        ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        flows += 1;
        std::thread{[flow = std::move(fd)] {
            serve_flow(flow);
            flows -= 1;
        }}.detach();
    }
}

[[noreturn]] void serve_udp(const UniqueFd& fd) {
    std::vector<std::byte> datagram(kUdpMax);
    std::uint64_t run = 0;
    std::uint64_t count = 0;
    for (;;) {
        sockaddr_in from{};
        socklen_t from_size = sizeof from;
        const ssize_t size = ::recvfrom(fd.get(),
                                        datagram.data(),
                                        datagram.size(),
                                        0,
                                        reinterpret_cast<sockaddr*>(&from),
                                        &from_size);
        if (size < ssize_t{kUdpHead}) {
            continue;
        }
        if (const std::uint64_t its = load_le64(datagram.data()); its != run) {
            run = its;
            count = 0;
        }
        if (datagram[8] == kData) {
            count += 1;
            continue;
        }
        ByteArray<16> answer{};
        store_le64(&answer[0], run);
        store_le64(&answer[8], count);
        static_cast<void>(
            ::sendto(fd.get(), answer.data(), answer.size(), 0, as_sockaddr(from), from_size));
    }
}

int serve(std::uint16_t port) {
    const UniqueFd listener = bound(SOCK_STREAM, port);
    const UniqueFd udp = bound(SOCK_DGRAM, port);
    if (::listen(listener.get(), kMaxFlows) != 0) {
        fail("listen");
    }
    std::thread{[&] { serve_tcp(listener); }}.detach();
    std::cout << "ready" << std::endl;
    serve_udp(udp);
}

// ---- what is measured --------------------------------------------------------------------------
/// Gbit/s that one flow's receiver counted.
double run_flow(const net::IpAddress& to, std::uint16_t port, milliseconds duration) {
    const UniqueFd fd = connected(SOCK_STREAM, to, port);
    // Where the kernel has another alone, that one it is.
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_CONGESTION, kCongestion, std::strlen(kCongestion));
    const std::vector<std::byte> buffer(kTcpBuffer);
    const auto end = Clock::now() + kWarmUp + duration;
    while (Clock::now() < end) {
        if (::send(fd.get(), buffer.data(), buffer.size(), MSG_NOSIGNAL) <= 0) {
            fail("send over TCP");
        }
    }
    ::shutdown(fd.get(), SHUT_WR);
    ByteArray<16> answer{};
    if (::recv(fd.get(), answer.data(), answer.size(), MSG_WAITALL) != ssize_t{answer.size()}) {
        fail("the other side's count");
    }
    const auto took = static_cast<double>(load_le64(&answer[8]));
    return took > 0 ? static_cast<double>(load_le64(answer.data())) * 8 / took : 0;
}

int tcp(const net::IpAddress& to, std::uint16_t port, std::size_t flows, milliseconds duration) {
    std::vector<double> rates(flows);
    std::vector<std::thread> threads;
    for (double& rate : rates) {
        threads.emplace_back([&] { rate = run_flow(to, port, duration); });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    std::cout << std::accumulate(rates.begin(), rates.end(), 0.0) << '\n';
    return 0;
}

/// Thousands of datagrams per second that arrived, sent as fast as a loop of send() goes.
int udp(const net::IpAddress& to, std::uint16_t port, std::size_t size, milliseconds duration) {
    const UniqueFd fd = connected(SOCK_DGRAM, to, port);
    const auto start = Clock::now();
    const auto run = static_cast<std::uint64_t>(start.time_since_epoch().count());
    std::vector<std::byte> datagram(size);
    store_le64(datagram.data(), run);
    datagram[8] = kData;
    while (Clock::now() < start + duration) {
        // A full queue is what is wanted; a refusal shows in what arrives.
        static_cast<void>(::send(fd.get(), datagram.data(), datagram.size(), 0));
    }
    const double seconds = std::chrono::duration<double>{Clock::now() - start}.count();
    datagram[8] = kQuery;
    for (int i = 0; i < kQueries; ++i) {
        static_cast<void>(::send(fd.get(), datagram.data(), kUdpHead, 0));
        pollfd ready{fd.get(), POLLIN, 0};
        ByteArray<16> answer{};
        if (::poll(&ready, 1, kQueryWaitMs) == 1 &&
            ::recv(fd.get(), answer.data(), answer.size(), 0) == ssize_t{answer.size()} &&
            load_le64(answer.data()) == run) {
            std::cout << static_cast<double>(load_le64(&answer[8])) / seconds / 1000 << '\n';
            return 0;
        }
    }
    errno = ETIMEDOUT;
    fail("the other side's count over UDP");
}

/// The sequence number of an echo reply to `id` in what a raw socket gives (RFC 792).
std::optional<std::uint16_t> reply_number(ConstBytes packet, std::uint16_t id) {
    const std::size_t head =
        packet.empty() ? 0 : std::to_integer<std::size_t>(packet[0] & std::byte{0x0f}) * 4;
    if (packet.size() < head + kIcmpHead || packet[head] != std::byte{ICMP_ECHOREPLY} ||
        load_be16(&packet[head + 4]) != id) {
        return {};
    }
    return load_be16(&packet[head + 6]);
}

/// Microseconds until the echo reply; none if none comes.
std::optional<double> echo(const UniqueFd& fd, std::uint16_t id, std::uint16_t number) {
    ByteArray<kPingSize> request{};
    request[0] = std::byte{ICMP_ECHO};
    store_be16(&request[4], id);
    store_be16(&request[6], number);
    net::store_checksum(
        &request[2],
        static_cast<std::uint16_t>(~net::checksum_fold(net::checksum_add(0, request))));
    const auto start = Clock::now();
    static_cast<void>(::send(fd.get(), request.data(), request.size(), 0));
    ByteArray<256> packet{};
    while (Clock::now() < start + milliseconds{kPingWaitMs}) {
        pollfd ready{fd.get(), POLLIN, 0};
        if (::poll(&ready, 1, kPingWaitMs) != 1) {
            break;
        }
        const ssize_t size = ::recv(fd.get(), packet.data(), packet.size(), 0);
        if (size > 0 &&
            reply_number(ConstBytes{packet}.first(static_cast<std::size_t>(size)), id) == number) {
            return std::chrono::duration<double, std::micro>{Clock::now() - start}.count();
        }
    }
    return {};
}

/// Prints the median and the 99th percentile of the round trips in microseconds.
int ping(const net::IpAddress& to, std::size_t count) {
    const UniqueFd fd = connected(SOCK_RAW, to, 0, IPPROTO_ICMP);
    const auto id = static_cast<std::uint16_t>(::getpid());
    std::vector<double> times;
    for (std::size_t i = 0; i < count; ++i) {
        if (const auto time = echo(fd, id, static_cast<std::uint16_t>(i))) {
            times.push_back(*time);
        }
        std::this_thread::sleep_for(kPingInterval);
    }
    if (times.size() * 2 < count || times.empty()) {
        std::cerr << "weft-bench-traffic: " << times.size() << " of " << count
                  << " echoes came back\n";
        return 1;
    }
    std::ranges::sort(times);
    std::cout << times[times.size() / 2] << ' ' << times[times.size() * 99 / 100] << '\n';
    return 0;
}

int usage() {
    std::cerr
        << "usage: weft-bench-traffic serve PORT          TCP and UDP; prints \"ready\"\n"
           "       weft-bench-traffic tcp ADDRESS PORT FLOWS MILLISECONDS    Gbit/s received\n"
           "       weft-bench-traffic udp ADDRESS PORT SIZE MILLISECONDS     "
           "1000 datagrams/s received\n"
           "       weft-bench-traffic ping ADDRESS COUNT  median and 99th percentile in us\n";
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words{argv + 1, argv + argc};
    const auto number = [&](std::size_t at) {
        return std::strtoul(words[at].c_str(), nullptr, 10);
    };
    const auto port = [&](std::size_t at) { return static_cast<std::uint16_t>(number(at)); };
    if (words.size() == 2 && words[0] == "serve" && port(1) != 0) {
        return serve(port(1));
    }
    const auto to = words.size() > 2 ? net::IpAddress::parse(words[1]) : std::nullopt;
    if (!to || !to->is_v4()) {
        return usage();
    }
    if (words.size() == 5 && words[0] == "tcp" && number(3) > 0) {
        return tcp(*to, port(2), number(3), milliseconds{number(4)});
    }
    if (words.size() == 5 && words[0] == "udp" && number(3) >= kUdpHead && number(3) <= kUdpMax) {
        return udp(*to, port(2), number(3), milliseconds{number(4)});
    }
    if (words.size() == 3 && words[0] == "ping") {
        return ping(*to, number(2));
    }
    return usage();
}
