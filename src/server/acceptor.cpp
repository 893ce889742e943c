// SPDX-License-Identifier: Apache-2.0
// See acceptor.hpp. Control thread.
#include "acceptor.hpp"

#include <utility>

#include <fcntl.h>

#include <weft/base/unique_fd.hpp>

namespace weft::server {
namespace {

/// After an accept that failed (no descriptors left, say): not a busy loop.
constexpr std::chrono::milliseconds kPauseAfterError{100};

}  // namespace

Acceptor::Acceptor(boost::asio::io_context& loop,
                   UnixListener listener,
                   std::size_t connections_max)
    : acceptor_(loop),
      pause_(loop),
      listener_(std::move(listener)),
      connections_max_(connections_max) {}

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
    for (const std::weak_ptr<Connection>& weak : connections_) {
        if (const std::shared_ptr<Connection> connection = weak.lock()) {
            connection->close();
        }
    }
    connections_.clear();
    listener_.reset();
}

std::size_t Acceptor::count_alive() {
    std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
    return connections_.size();
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
    if (count_alive() < connections_max_) {
        if (const std::shared_ptr<Connection> connection = make_(std::move(socket))) {
            connections_.push_back(connection);
            connection->start();
        }
    }
    accept();
}

}  // namespace weft::server
