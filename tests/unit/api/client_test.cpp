// SPDX-License-Identifier: Apache-2.0
// The client against a socket that answers well, badly, too much, or not at all.
#include <chrono>

#include <gtest/gtest.h>

#include <weft/api/client.hpp>

#include "fake_daemon.hpp"

namespace weft::api {
namespace {

using namespace std::chrono_literals;

Result<Response> ask(const std::string& answer) {
    const test::FakeDaemon daemon{answer};
    return call(daemon.socket(), "GET", "/v1/status", "", 10s);
}

TEST(Client, returns_status_and_body) {
    const auto response = ask(test::http("404 Not Found", "{\"a\":1}"));
    ASSERT_TRUE(response) << response.error().message();
    EXPECT_EQ(response->status, 404U);
    EXPECT_EQ(response->body, "{\"a\":1}");
}

TEST(Client, sends_a_request_with_its_body) {
    test::FakeDaemon daemon{test::http("200 OK", "")};
    ASSERT_TRUE(call(daemon.socket(), "POST", "/v1/ping", "{}", 10s));
    ASSERT_TRUE(call(daemon.socket(), "GET", "/v1/peers", "", 10s));
    EXPECT_EQ(daemon.requests(),
              (std::vector<std::string>{
                  "POST /v1/ping HTTP/1.1\r\nHost: weftd\r\nConnection: close\r\n"
                  "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
                  "GET /v1/peers HTTP/1.1\r\nHost: weftd\r\nConnection: close\r\n\r\n"}));
}

TEST(Client, takes_a_large_body_and_no_larger_one) {
    const std::string most(16 << 20, 'x');
    const auto response = ask(test::http("200 OK", most));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->body.size(), most.size());
    const auto larger = ask(test::http("200 OK", most + "x"));
    ASSERT_FALSE(larger);
    EXPECT_EQ(larger.error().cause, "the answer is not weftd's: it is larger than 16 MiB");
}

TEST(Client, reads_to_the_end_without_a_length) {
    const auto response = ask("HTTP/1.1 200 OK\r\n\r\nabc");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->body, "abc");
    EXPECT_FALSE(ask("HTTP/1.1 200 OK\r\n\r\n" + std::string((16 << 20) + 1, 'x')));
}

TEST(Client, ignores_what_follows_the_body) {
    const auto response = ask("HTTP/1.1 200 OK\r\ncontent-length:\t3 \r\n\r\nabcdef");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->body, "abc");
}

TEST(Client, an_answer_that_is_not_http_is_an_error) {
    for (const std::string& answer :
         {std::string{"SSH-2.0-x\r\n\r\n"},
          std::string{"HTTP/1.1 abc OK\r\n\r\n"},
          std::string{"HTTP/1.1\r\n\r\n"},
          std::string{"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"},
          std::string{"HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\na"},
          std::string{"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\na"},
          std::string{"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\na"},
          std::string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
          std::string{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"},
          std::string{"HTTP/1.1 200 OK\r\n"},
          "HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x')}) {
        const auto response = ask(answer);
        ASSERT_FALSE(response) << answer.substr(0, 60);
        EXPECT_EQ(response.error().code, std::errc::protocol_error) << answer.substr(0, 60);
    }
}

TEST(Client, gives_up_at_its_deadline) {
    const test::FakeDaemon silent{""};
    const auto response = call(silent.socket(), "GET", "/v1/status", "", 1ms);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, std::errc::timed_out);
    EXPECT_EQ(response.error().remedy, "look at its log: journalctl -u weftd");
}

TEST(Client, tells_that_the_daemon_is_not_running) {
    const auto response = call("/nonexistent/weftd.sock", "GET", "/", "", 1s);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, std::errc::no_such_file_or_directory);
    EXPECT_EQ(response.error().message(),
              "weftd is not running: no socket at /nonexistent/weftd.sock (start it: weftd, "
              "or weftd --config FILE)");
}

TEST(Client, tells_that_nobody_listens) {
    std::string pattern = (std::filesystem::temp_directory_path() / "weft-XXXXXX").string();
    const std::filesystem::path directory = ::mkdtemp(pattern.data());
    const std::string path = (directory / "weftd.sock").string();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int left_over = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(left_over, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::close(left_over);
    const auto response = call(path, "GET", "/", "", 1s);
    std::filesystem::remove_all(directory);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, std::errc::connection_refused);
}

TEST(Client, refuses_a_path_that_is_too_long) {
    EXPECT_FALSE(call("/" + std::string(107, 'x'), "GET", "/", "", 1s));
    EXPECT_FALSE(call("", "GET", "/", "", 1s));
}

}  // namespace
}  // namespace weft::api
