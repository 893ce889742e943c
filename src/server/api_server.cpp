// SPDX-License-Identifier: Apache-2.0
// The socket, who may open it, and the routes behind it. Control thread.
#include <utility>

#include <weft/server/api_server.hpp>

#include "acceptor.hpp"
#include "api_routes.hpp"
#include "http_connection.hpp"
#include "unix_listener.hpp"

namespace weft::server {
namespace {

constexpr Acceptor::Limits kConnectionsMax{.all = 64, .others = 48};

}  // namespace

class ApiServer::Impl {
  public:
    Impl(boost::asio::io_context& event_loop, UnixListener listener)
        : loop(event_loop),
          acceptor(std::make_shared<Acceptor>(event_loop, std::move(listener), kConnectionsMax)) {}

    boost::asio::io_context& loop;
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

Result<> ApiServer::serve(control::Node& node) {
    return impl_->acceptor->start(
        [routes = std::make_shared<ApiRoutes>(node, impl_->loop)](UnixSocket socket) {
            return make_http_connection(std::move(socket), routes);
        });
}

void ApiServer::stop() {
    impl_->acceptor->stop();
}

}  // namespace weft::server
