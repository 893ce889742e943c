// SPDX-License-Identifier: Apache-2.0
// Who is answered by metrics' server and with what; and its port on this machine's loopback.
#include "metrics_routes.hpp"

#include <boost/asio.hpp>
#include <gtest/gtest.h>

#include "tcp_listener.hpp"

namespace weft::server {
namespace {

const net::IpAddress kLoopback = *net::IpAddress::parse("127.0.0.1");

HttpResponse asked(const std::string& method,
                   const std::string& target,
                   const std::string& host = "127.0.0.1:9484",
                   const std::string& why_not = "") {
    const MetricsSource source{[] { return std::string{"metric 1\n"}; },
                               [&] { return why_not; },
                               [&] { return why_not; },
                               [] { return std::string{"{}"}; }};
    return answer_metrics({method, target, {}, {}, host}, kLoopback, source);
}

TEST(MetricsRoutes, AnswersItsThreePaths) {
    EXPECT_EQ(asked("GET", "/metrics").status, 200U);
    EXPECT_EQ(asked("GET", "/metrics?x=1").body, "metric 1\n");
    EXPECT_EQ(asked("GET", "/metrics").content_type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(asked("GET", "/healthz").status, 200U);
    EXPECT_EQ(asked("GET", "/readyz").body, "ok");
}

TEST(MetricsRoutes, SaysWhyItIsNotWell) {
    for (const char* const path : {"/healthz", "/readyz"}) {
        const HttpResponse answer = asked("GET", path, "localhost", "in no network");
        EXPECT_EQ(answer.status, 503U);
        EXPECT_EQ(answer.body, "in no network");
        EXPECT_TRUE(answer.content_type.starts_with("text/plain"));
    }
}

TEST(MetricsRoutes, OnlyGetAndHeadArePossible) {
    for (const char* const path : {"/metrics", "/", "/page/main.js", "/page/mesh.json"}) {
        EXPECT_EQ(asked("HEAD", path).status, 200U);
        for (const char* const method : {"POST", "OPTIONS", "PUT", "DELETE", "get", ""}) {
            const HttpResponse answer = asked(method, path);
            EXPECT_EQ(answer.status, 405U) << method;
            EXPECT_EQ(answer.allow, "GET, HEAD");
        }
    }
}

TEST(MetricsRoutes, ServesThePageWhichTakesNothingFromElsewhere) {
    const HttpResponse page = asked("GET", "/?x");
    EXPECT_EQ(page.status, 200U);
    EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
    EXPECT_TRUE(
        page.policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
    EXPECT_NE(page.policy.find("frame-ancestors 'none'"), std::string::npos);
    EXPECT_EQ(page.policy.find("unsafe"), std::string::npos);
    EXPECT_EQ(asked("GET", "/page/main.js").content_type, "text/javascript; charset=utf-8");
    EXPECT_EQ(asked("GET", "/page/style.css").content_type, "text/css; charset=utf-8");
    EXPECT_EQ(asked("GET", "/page/icon.svg").content_type, "image/svg+xml");
    EXPECT_EQ(asked("GET", "/page/mesh.json").body, "{}");
    EXPECT_EQ(asked("GET", "/page/mesh.json").content_type, "application/json");
    EXPECT_EQ(asked("GET", "/metrics").policy, "default-src 'none'; frame-ancestors 'none'");
}

TEST(MetricsRoutes, NamesThePathsThereAre) {
    for (const char* const target : {"",
                                     "/metrics/",
                                     "//metrics",
                                     "/v1/status",
                                     "*",
                                     "//",
                                     "/index.html",
                                     "/page/",
                                     "/page/index.html",
                                     "/page/../page/main.js",
                                     "/page/%6dain.js"}) {
        const HttpResponse answer = asked("GET", target);
        EXPECT_EQ(answer.status, 404U) << target;
        EXPECT_NE(answer.body.find("/, /metrics, /healthz, /readyz"), std::string::npos);
    }
}

TEST(MetricsRoutes, AnswersNobodyWhoCallsItByAnotherName) {
    for (const char* const host : {"",
                                   "evil.example",
                                   "evil.example:9484",
                                   "127.0.0.1.evil.example",
                                   "localhost.evil.example",
                                   "192.0.2.1",
                                   "[::1",
                                   "::1",
                                   "[127.0.0.1]",
                                   "[::1].evil.example",
                                   "localhost:1:2"}) {
        EXPECT_EQ(asked("GET", "/metrics", host).status, 403U) << host;
        EXPECT_EQ(asked("POST", "/", host).status, 403U) << host;
        EXPECT_EQ(asked("GET", "/page/mesh.json", host).status, 403U) << host;
    }
    for (const char* const host : {"127.0.0.1",
                                   "127.0.0.1:1",
                                   "localhost",
                                   "LocalHost:9484",
                                   "[::1]",
                                   "[::1]:80",
                                   "[0:0::1]:80"}) {
        EXPECT_EQ(asked("GET", "/metrics", host).status, 200U) << host;
    }
}

TEST(MetricsRoutes, TheConfiguredAddressIsAName) {
    const net::IpAddress own = *net::IpAddress::parse("192.0.2.1");
    EXPECT_TRUE(is_host_allowed("192.0.2.1:9484", own));
    EXPECT_TRUE(is_host_allowed("localhost", own));
    EXPECT_FALSE(is_host_allowed("192.0.2.2:9484", own));
    const net::IpAddress own6 = *net::IpAddress::parse("2001:db8::1");
    EXPECT_TRUE(is_host_allowed("[2001:DB8:0::1]:9484", own6));
    EXPECT_FALSE(is_host_allowed("2001:db8::1", own6));
    const net::IpAddress all = net::IpAddress::unspecified(net::Family::kIpv6);
    EXPECT_TRUE(is_host_allowed("192.0.2.2:9484", all));  // no name: nobody can rebind it
    EXPECT_FALSE(is_host_allowed("node.example", all));
}

namespace asio = boost::asio;

std::uint16_t port_of(const UniqueFd& listening) {
    asio::ip::tcp::endpoint at;
    auto size = static_cast<socklen_t>(at.capacity());
    EXPECT_EQ(::getsockname(listening.get(), at.data(), &size), 0);
    return at.port();
}

TEST(TcpListener, TakesAPortOnceAndSaysWhoMayHaveIt) {
    const Result<UniqueFd> first = listen_tcp(*net::Endpoint::parse("127.0.0.1:0"));
    ASSERT_TRUE(first) << first.error().message();
    EXPECT_NE(::fcntl(first->get(), F_GETFD) & FD_CLOEXEC, 0);
    const std::uint16_t port = port_of(*first);
    const Result<UniqueFd> second = listen_tcp({kLoopback, port, 0});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, std::errc::address_in_use);
    EXPECT_NE(second.error().remedy.find("sport = :" + std::to_string(port)), std::string::npos);

    asio::io_context loop;
    asio::ip::tcp::socket client{loop};
    client.connect({asio::ip::address_v4::loopback(), port});
    const UniqueFd accepted{::accept4(first->get(), nullptr, nullptr, SOCK_CLOEXEC)};
    EXPECT_TRUE(accepted.valid());
    EXPECT_TRUE(is_from_loopback(accepted.get()));
    EXPECT_FALSE(is_from_loopback(-1));
}

TEST(TcpListener, SaysThatAnAddressIsNotThisMachines) {
    const Result<UniqueFd> other = listen_tcp(*net::Endpoint::parse("192.0.2.1:9484"));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, std::errc::address_not_available);
    EXPECT_NE(other.error().remedy.find("api.metrics"), std::string::npos);
}

}  // namespace
}  // namespace weft::server
