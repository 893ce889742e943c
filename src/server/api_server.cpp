// SPDX-License-Identifier: Apache-2.0
// The socket, who may open it, and the routes behind it. Control thread.
#include <optional>
#include <utility>

#include <weft/server/api_server.hpp>

#include "acceptor.hpp"
#include "api_routes.hpp"
#include "http_connection.hpp"
#include "unix_listener.hpp"

namespace weft::server {
namespace {

constexpr Acceptor::Limits kConnectionsMax{.all = 64, .others = 48};
constexpr HttpLimits kApiLimits{.body = std::size_t{64} << 10, .keep_alive = true};

}  // namespace

class ApiServer::Impl {
  public:
    Impl(boost::asio::io_context& event_loop, UnixListener unix_listener)
        : loop(event_loop),
          listener(std::move(unix_listener)),
          acceptor(std::make_shared<Acceptor>(event_loop, kConnectionsMax)) {}

    boost::asio::io_context& loop;
    std::optional<UnixListener> listener;
    std::shared_ptr<Acceptor> acceptor;
};

ApiServer::ApiServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
ApiServer::~ApiServer() {
    stop();
}

Result<std::unique_ptr<ApiServer>> ApiServer::listen(const ApiServerConfig& config,
                                                     boost::asio::io_context& loop,
                                                     Log& log) {
    ListenerConfig listener_config;
    listener_config.path = config.socket;
    listener_config.group = find_group(config.group);
    listener_config.mode = listener_config.group ? 0660 : 0600;
    Result<UnixListener> listener = UnixListener::open(listener_config);
    if (!listener) {
        return listener.error();
    }
    if (!listener->group_set()) {
        log.info("api_for_root_only",
                 {{"socket", config.socket.string()},
                  {"cause",
                   listener_config.group ? "its group cannot be set"
                                         : "there is no group \"" + config.group + '"'}});
    }
    return std::unique_ptr<ApiServer>{
        new ApiServer{std::make_shared<Impl>(loop, std::move(*listener))}};
}

Result<> ApiServer::serve(control::Node& node, const control::LogSink& log) {
    const auto routes = std::make_shared<ApiRoutes>(node, log, impl_->loop);
    const HttpHandler handler = [routes](const HttpRequest& request, const HttpReply& reply) {
        routes->handle(request, reply);
    };
    return impl_->acceptor->start(impl_->listener->fd(), [handler](StreamSocket socket) {
        return make_http_connection(std::move(socket), kApiLimits, handler);
    });
}

void ApiServer::stop() {
    impl_->acceptor->stop();
    impl_->listener.reset();
}

}  // namespace weft::server
