// SPDX-License-Identifier: Apache-2.0
// One request over the daemon's unix socket, one connection each (Connection: close). Blocking with
// a deadline; the answer is bounded. RFC 9112 as far as our own server uses it. The CLI's thread.
#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <weft/api/client.hpp>
#include <weft/base/number.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/base/wipe.hpp>

namespace weft::api {
namespace {

constexpr std::size_t kHeadMax = 16 << 10;
constexpr std::size_t kBodyMax = 16 << 20;  // a status of wg::kPeersMax peers
constexpr int kBacklogPauseMs = 10;

using Clock = std::chrono::steady_clock;

Error timed_out(const std::filesystem::path& socket) {
    return {std::make_error_code(std::errc::timed_out),
            "weftd at " + socket.string() + " did not answer in time",
            "look at its log: journalctl -u weftd"};
}

Error not_http(std::string_view what) {
    return {std::make_error_code(std::errc::protocol_error),
            "the answer is not weftd's: " + std::string{what},
            "check the socket's path: --socket"};
}

Error connect_error(int error_number, const std::filesystem::path& socket) {
    const std::error_code code{error_number, std::generic_category()};
    const std::string start = "start it: weftd, or weftd --config FILE";
    if (error_number == ENOENT) {
        return {code, "weftd is not running: no socket at " + socket.string(), start};
    }
    if (error_number == ECONNREFUSED) {
        return {code, "weftd is not running: nobody listens at " + socket.string(), start};
    }
    if (error_number == EACCES) {
        return {code,
                "no permission to open " + socket.string(),
                "run as root, or join its group: usermod -aG weft USER"};
    }
    return errno_error(error_number, "connect to " + socket.string());
}

int milliseconds_until(Clock::time_point deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

/// A connection that gives up at its deadline.
class Connection {
  public:
    static Result<Connection> open(const std::filesystem::path& socket,
                                   Clock::time_point deadline) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string& path = socket.native();
        if (path.empty() || path.size() >= sizeof address.sun_path) {
            return invalid("'" + path + "' is no path for a socket: 1 to 107 characters");
        }
        std::copy(path.begin(), path.end(), address.sun_path);
        Connection connection{socket, deadline};
        connection.fd_ = UniqueFd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
        if (!connection.fd_.valid()) {
            return errno_error(errno, "open a socket");
        }
        // EAGAIN on a unix socket means a full backlog, which poll cannot wait for.
        while (::connect(connection.fd_.get(),
                         reinterpret_cast<const sockaddr*>(&address),
                         sizeof address) != 0) {
            if (errno != EAGAIN && errno != EINTR) {
                return connect_error(errno, socket);
            }
            if (milliseconds_until(deadline) == 0) {
                return timed_out(socket);
            }
            ::poll(nullptr, 0, kBacklogPauseMs);
        }
        return connection;
    }

    Result<> send(std::string_view text) {
        while (!text.empty()) {
            const ssize_t sent = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                text.remove_prefix(static_cast<std::size_t>(sent));
                continue;
            }
            if (auto ready = wait_for(POLLOUT); !ready) {
                return ready;
            }
        }
        return {};
    }

    /// Appends what has come; 0 at the end.
    Result<std::size_t> receive(std::string& out) {
        std::array<char, 16384> buffer{};
        for (;;) {
            const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
            if (size >= 0) {
                out.append(buffer.data(), static_cast<std::size_t>(size));
                return static_cast<std::size_t>(size);
            }
            if (auto ready = wait_for(POLLIN); !ready) {
                return ready.error();
            }
        }
    }

  private:
    Connection(std::filesystem::path socket, Clock::time_point deadline)
        : socket_(std::move(socket)), deadline_(deadline) {}

    /// After a call that failed: waits where waiting helps.
    Result<> wait_for(short events) {
        if (errno != EAGAIN && errno != EINTR) {
            return errno_error(errno, "talk to weftd at " + socket_.string());
        }
        pollfd entry{fd_.get(), events, 0};
        const int left = milliseconds_until(deadline_);
        if (left == 0 || ::poll(&entry, 1, left) == 0) {
            return timed_out(socket_);
        }
        return {};
    }

    UniqueFd fd_;
    std::filesystem::path socket_;
    Clock::time_point deadline_;
};

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) {
        return lower(x) == lower(y);
    });
}

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    return first == std::string_view::npos
               ? std::string_view{}
               : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

struct Head {
    unsigned status = 0;
    std::optional<std::size_t> content_length;
};

/// `text`: the status line and header lines, each with its CRLF.
Result<Head> parse_head(std::string_view text) {
    Head head;
    const std::string_view first = text.substr(0, text.find("\r\n"));
    const bool http = first.starts_with("HTTP/1.") && first.size() >= 12 && first[8] == ' ';
    const auto status = http ? parse_number<unsigned>(first.substr(9, 3)) : std::nullopt;
    if (!status) {
        return not_http("no HTTP status line");
    }
    head.status = *status;
    text.remove_prefix(first.size() + 2);
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find("\r\n"));
        text.remove_prefix(line.size() + 2);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) {
            return not_http("a header without a colon");
        }
        const std::string_view name = line.substr(0, colon);
        const std::string_view value = trim(line.substr(colon + 1));
        if (equal_ignoring_case(name, "transfer-encoding")) {
            return not_http("an encoded body");
        }
        if (!equal_ignoring_case(name, "content-length")) {
            continue;
        }
        head.content_length = parse_number<std::size_t>(value);
        if (!head.content_length) {
            return not_http("a Content-Length that is no number");
        }
    }
    return head;
}

/// Reads until the empty line; what came of the body stays in `buffer`.
Result<Head> receive_head(Connection& connection, std::string& buffer) {
    std::size_t end = std::string::npos;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
        if (buffer.size() > kHeadMax) {
            return not_http("its header is larger than 16 KiB");
        }
        const auto received = connection.receive(buffer);
        if (!received) {
            return received.error();
        }
        if (*received == 0) {
            return not_http("it ended early");
        }
    }
    auto head = parse_head(std::string_view{buffer}.substr(0, end + 2));
    buffer.erase(0, end + 4);
    return head;
}

Result<Response> receive_response(Connection& connection) {
    Response response;
    const auto head = receive_head(connection, response.body);
    if (!head) {
        return head.error();
    }
    response.status = head->status;
    const std::size_t wanted = head->content_length.value_or(kBodyMax);
    if (wanted > kBodyMax) {
        return not_http("it is larger than " + std::to_string(kBodyMax >> 20) + " MiB");
    }
    while (response.body.size() < wanted) {
        const auto received = connection.receive(response.body);
        if (!received) {
            return received.error();
        }
        if (*received == 0 && head->content_length) {
            return not_http("it ended early");
        }
        if (*received == 0) {
            return response;
        }
    }
    if (!head->content_length) {
        return not_http("it is larger than " + std::to_string(kBodyMax >> 20) + " MiB");
    }
    response.body.resize(wanted);
    return response;
}

}  // namespace

Result<Response> call(const std::filesystem::path& socket,
                      std::string_view method,
                      std::string_view target,
                      std::string_view body,
                      std::chrono::milliseconds timeout) {
    auto connection = Connection::open(socket, Clock::now() + timeout);
    if (!connection) {
        return connection.error();
    }
    std::string request;
    const Wiped wiped{request};  // it may have a passphrase
    request.reserve(kHeadMax + body.size());
    request.append(method);
    request.append(" ").append(target).append(" HTTP/1.1\r\nHost: weftd\r\nConnection: close\r\n");
    if (!body.empty() || method == "POST") {
        request +=
            "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\n";
    }
    request.append("\r\n").append(body);
    if (auto sent = connection->send(request); !sent) {
        return sent.error();
    }
    return receive_response(*connection);
}

}  // namespace weft::api
