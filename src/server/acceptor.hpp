// SPDX-License-Identifier: Apache-2.0
// Accepts connections on a listening socket, unix or TCP, no more at a time than a limit, and knows
// those that are alive so that it can close them. Some places are root's, so that nobody else can
// shut it out; over TCP nobody is root. Control thread.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <boost/asio.hpp>

#include <weft/base/result.hpp>

namespace weft::server {

using StreamProtocol = boost::asio::generic::stream_protocol;
using StreamSocket = StreamProtocol::socket;

/// One client. Lives as long as an operation of its own is under way.
class Connection {
  public:
    Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    virtual ~Connection() = default;
    virtual void start() = 0;
    /// Ends every operation; no handler does anything more.
    virtual void close() = 0;
};

class Acceptor : public std::enable_shared_from_this<Acceptor> {
  public:
    using Make = std::function<std::shared_ptr<Connection>(StreamSocket)>;

    /// Connections at once, of all users, and of all but root.
    struct Limits {
        std::size_t all;
        std::size_t others;
    };

    Acceptor(boost::asio::io_context& loop, Limits limits);

    /// On a duplicate of `listening`, which stays its owner's. `make` may return nothing: the
    /// connection is closed.
    [[nodiscard]] Result<> start(int listening, Make make);
    /// Closes the connections. Idempotent.
    void stop();

  private:
    void accept();
    void on_accept(const boost::system::error_code& error, StreamSocket socket);
    [[nodiscard]] bool has_place_for(bool is_root);

    struct Client {
        std::weak_ptr<Connection> connection;
        bool is_root;
    };
    boost::asio::basic_socket_acceptor<StreamProtocol> acceptor_;
    boost::asio::steady_timer pause_;
    Limits limits_;
    Make make_;
    std::vector<Client> clients_;
};

}  // namespace weft::server
