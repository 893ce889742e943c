// SPDX-License-Identifier: Apache-2.0
// See ping.hpp. Datagram ICMP sockets (icmp(7), ping_group_range) or, where they are not allowed,
// raw ones. Control thread.
#include "ping.hpp"

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio.hpp>

#include <weft/api/status.hpp>
#include <weft/base/clock.hpp>
#include <weft/base/random.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/sys/socket_address.hpp>

#include "icmp_echo.hpp"

namespace weft::server {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr int kReadsAtOnce = 64;  // then others on the loop have their turn

Result<> connect_to(int fd, const PingPlan& plan) {
    const sys::SocketAddress to = sys::to_socket_address(
        {plan.address,
         0,
         plan.address.is_link_local() ? if_nametoindex(plan.interface.c_str()) : 0});
    if (connect(fd, to.get(), to.size) != 0) {
        return errno_error(errno,
                           "ping " + plan.address.to_string() + " through " + plan.interface,
                           "ip route get " + plan.address.to_string());
    }
    return {};
}

/// A socket that sends echo requests to the plan's address by its interface and nothing else.
Result<UniqueFd> open_echo_socket(const PingPlan& plan) {
    const int family = plan.address.is_v4() ? AF_INET : AF_INET6;
    const int protocol = plan.address.is_v4() ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
    UniqueFd fd{socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol)};
    if (!fd.valid()) {
        fd = UniqueFd{socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol)};
    }
    if (!fd.valid()) {
        return errno_error(
            errno, "open an ICMP socket", "sysctl -w net.ipv4.ping_group_range='0 2147483647'");
    }
    if (setsockopt(fd.get(),
                   SOL_SOCKET,
                   SO_BINDTODEVICE,
                   plan.interface.c_str(),
                   static_cast<socklen_t>(plan.interface.size())) != 0) {
        return errno_error(errno, "bind to " + plan.interface);
    }
    if (Result<> connected = connect_to(fd.get(), plan); !connected) {
        return connected.error();
    }
    return fd;
}

class Ping : public std::enable_shared_from_this<Ping> {
  public:
    using Done = std::function<void(const PingResult&)>;

    Ping(asio::io_context& loop, PingPlan plan, Done done)
        : plan_(std::move(plan)),
          done_(std::move(done)),
          descriptor_(loop),
          send_timer_(loop),
          end_timer_(loop) {
        SystemRandom random;
        random.fill(cookie_);
        ident_ = static_cast<std::uint16_t>(random.next_u32());
        result_.rtt_us.resize(plan_.count);
        sent_at_.resize(plan_.count);
    }

    Result<> start() {
        const Result<UniqueFd> socket = open_echo_socket(plan_);
        if (!socket) {
            return socket.error();
        }
        const int fd = fcntl(socket->get(), F_DUPFD_CLOEXEC, 0);  // Asio closes its own
        error_code error;
        descriptor_.assign(fd, error);
        if (error) {
            const UniqueFd closer{fd};
            return errno_error(error.value(), "hand the ICMP socket to the event loop");
        }
        wait_readable();
        send_next();
        return {};
    }

  private:
    void send_next() {
        const auto number = result_.sent++;
        const Echo echo{ident_, static_cast<std::uint16_t>(number), cookie_};
        const auto message = build_echo_request(plan_.address.family(), echo);
        sent_at_[number] = BootClock::now();
        // One that the kernel refuses is one without an answer.
        static_cast<void>(
            ::send(descriptor_.native_handle(), message.data(), message.size(), MSG_NOSIGNAL));
        if (result_.sent < plan_.count) {
            send_timer_.expires_after(plan_.interval);
            send_timer_.async_wait([self = shared_from_this()](const error_code& cancelled) {
                if (!cancelled && self->done_) {
                    self->send_next();
                }
            });
            return;
        }
        end_timer_.expires_after(plan_.timeout);
        end_timer_.async_wait([self = shared_from_this()](const error_code& cancelled) {
            if (!cancelled) {
                self->finish();
            }
        });
    }

    void wait_readable() {
        descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                               [self = shared_from_this()](const error_code& error) {
                                   if (!error && self->done_) {
                                       self->read();
                                   }
                               });
    }

    void read() {
        std::array<std::byte, 2048> buffer{};
        for (int i = 0; i < kReadsAtOnce; ++i) {
            const auto size =
                recv(descriptor_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (size >= 0) {
                on_message(ConstBytes{buffer}.first(static_cast<std::size_t>(size)));
            } else if (errno == EAGAIN) {
                break;
            }  // else an ICMP error about one request: the others may still be answered
        }
        if (result_.received == plan_.count) {
            finish();
        } else {
            wait_readable();
        }
    }

    void on_message(ConstBytes message) {
        const std::optional<Echo> echo = parse_echo_reply(plan_.address.family(), message);
        if (!echo || echo->cookie != cookie_ || echo->sequence >= result_.sent ||
            result_.rtt_us[echo->sequence]) {
            return;  // another's, or a duplicate
        }
        const Duration rtt = BootClock::now() - sent_at_[echo->sequence];
        if (rtt <= plan_.timeout) {
            const auto us = std::chrono::duration_cast<std::chrono::microseconds>(rtt).count();
            result_.rtt_us[echo->sequence] = static_cast<std::uint64_t>(us);
            ++result_.received;
        }
    }

    void finish() {
        if (!done_) {
            return;
        }
        error_code ignored;
        descriptor_.close(ignored);
        send_timer_.cancel();
        end_timer_.cancel();
        std::exchange(done_, nullptr)(result_);
    }

    PingPlan plan_;
    Done done_;  // null once called
    asio::posix::stream_descriptor descriptor_;
    asio::steady_timer send_timer_;
    asio::steady_timer end_timer_;
    EchoCookie cookie_{};
    std::uint16_t ident_ = 0;
    PingResult result_;
    std::vector<Time> sent_at_;
};

}  // namespace

Result<> check_ping_plan(const PingPlan& plan) {
    if (plan.count < 1 || plan.count > api::kPingCountMax) {
        return invalid("count is " + std::to_string(plan.count),
                       "1 to " + std::to_string(api::kPingCountMax) + " are possible");
    }
    if (plan.interval < kPingIntervalMin || plan.interval > kPingTotalMax) {
        return invalid("interval_ms is " + std::to_string(plan.interval.count()),
                       "at least " + std::to_string(kPingIntervalMin.count()));
    }
    if (plan.timeout.count() < 1 || plan.timeout > kPingTotalMax ||
        duration_of(plan) > kPingTotalMax) {
        return invalid("the ping would take too long",
                       "count, interval_ms and timeout_ms together must stay below " +
                           std::to_string(kPingTotalMax.count() / 1000) + " s");
    }
    return {};
}

Result<> start_ping(asio::io_context& loop,
                    const PingPlan& plan,
                    std::function<void(const PingResult&)> done) {
    if (Result<> checked = check_ping_plan(plan); !checked) {
        return checked.error();
    }
    return std::make_shared<Ping>(loop, plan, std::move(done))->start();
}

}  // namespace weft::server
