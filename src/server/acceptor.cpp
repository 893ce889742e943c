// SPDX-License-Identifier: Apache-2.0
// See acceptor.hpp. Control thread.
#include "acceptor.hpp"

#include <algorithm>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>

#include <weft/base/unique_fd.hpp>

#include "unix_listener.hpp"

namespace weft::server {
namespace {

/// After an accept that failed (no descriptors left, say): not a busy loop.
constexpr std::chrono::milliseconds kPauseAfterError{100};

}  // namespace

Acceptor::Acceptor(boost::asio::io_context& loop, Limits limits)
    : acceptor_(loop), pause_(loop), limits_(limits) {}

Result<> Acceptor::start(int listening, Make make) {
    make_ = std::move(make);
    StreamProtocol::endpoint name;
    auto size = static_cast<socklen_t>(name.capacity());
    if (getsockname(listening, name.data(), &size) != 0) {
        return errno_error(errno, "look at the listening socket");
    }
    const int fd = fcntl(listening, F_DUPFD_CLOEXEC, 0);  // Asio closes its own
    boost::system::error_code error;
    acceptor_.assign(StreamProtocol{name.data()->sa_family, 0}, fd, error);
    if (error) {
        const UniqueFd closer{fd};
        return errno_error(error.value(), "hand the listening socket to the event loop");
    }
    accept();
    return {};
}

void Acceptor::stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    for (const Client& client : clients_) {
        if (const std::shared_ptr<Connection> connection = client.connection.lock()) {
            connection->close();
        }
    }
    clients_.clear();
}

bool Acceptor::has_place_for(bool is_root) {
    std::erase_if(clients_, [](const Client& client) { return client.connection.expired(); });
    const auto others = std::count_if(
        clients_.begin(), clients_.end(), [](const Client& client) { return !client.is_root; });
    return clients_.size() < limits_.all &&
           (is_root || static_cast<std::size_t>(others) < limits_.others);
}

void Acceptor::accept() {
    acceptor_.async_accept(
        [self = shared_from_this()](const boost::system::error_code& error, StreamSocket socket) {
            self->on_accept(error, std::move(socket));
        });
}

void Acceptor::on_accept(const boost::system::error_code& error, StreamSocket socket) {
    if (!acceptor_.is_open()) {
        return;
    }
    if (error) {
        pause_.expires_after(kPauseAfterError);
        pause_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
            if (!cancelled && self->acceptor_.is_open()) {
                self->accept();
            }
        });
        return;
    }
    static_cast<void>(fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC));  // Asio's is without
    const bool is_root = peer_uid(socket.native_handle()) == uid_t{0};
    if (has_place_for(is_root)) {
        if (const std::shared_ptr<Connection> connection = make_(std::move(socket))) {
            clients_.push_back({connection, is_root});
            connection->start();
        }
    }
    accept();
}

}  // namespace weft::server
