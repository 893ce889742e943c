// SPDX-License-Identifier: Apache-2.0
// See acceptor.hpp. Control thread.
#include "acceptor.hpp"

#include <algorithm>
#include <utility>

#include <fcntl.h>

#include <weft/base/unique_fd.hpp>

namespace weft::server {
namespace {

/// After an accept that failed (no descriptors left, say): not a busy loop.
constexpr std::chrono::milliseconds kPauseAfterError{100};

}  // namespace

Acceptor::Acceptor(boost::asio::io_context& loop, UnixListener listener, Limits limits)
    : acceptor_(loop), pause_(loop), listener_(std::move(listener)), limits_(limits) {}

Result<> Acceptor::start(Make make) {
    make_ = std::move(make);
    const int fd = fcntl(listener_->fd(), F_DUPFD_CLOEXEC, 0);  // Asio closes its own
    boost::system::error_code error;
    acceptor_.assign(boost::asio::local::stream_protocol{}, fd, error);
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
    listener_.reset();
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
        [self = shared_from_this()](const boost::system::error_code& error, UnixSocket socket) {
            self->on_accept(error, std::move(socket));
        });
}

void Acceptor::on_accept(const boost::system::error_code& error, UnixSocket socket) {
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
    const bool is_root = peer_uid(socket.native_handle()) == uid_t{0};
    if (has_place_for(is_root)) {
        const std::shared_ptr<Connection> connection = make_(std::move(socket));
        clients_.push_back({connection, is_root});
        connection->start();
    }
    accept();
}

}  // namespace weft::server
