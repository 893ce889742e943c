// SPDX-License-Identifier: Apache-2.0
// The HTTP API on the daemon's unix socket (README.md); the routes are in api_routes.cpp. Whoever
// may open the socket may read and ping; changes need uid 0. Control thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <weft/base/log.hpp>
#include <weft/base/result.hpp>
#include <weft/control/log_sink.hpp>
#include <weft/control/node.hpp>

namespace weft::server {

struct ApiServerConfig {
    std::filesystem::path socket;
    std::string group;  // may open the socket, where there is such a group
};

class ApiServer {
  public:
    /// Takes the socket's name; a live one is an error, as another daemon has it. Callers wait
    /// until serve().
    static Result<std::unique_ptr<ApiServer>> listen(const ApiServerConfig& config,
                                                     boost::asio::io_context& loop,
                                                     Log& log);
    ~ApiServer();
    ApiServer(const ApiServer&) = delete;
    ApiServer& operator=(const ApiServer&) = delete;

    /// Answers from `node` and with what was logged; both must outlive stop().
    Result<> serve(control::Node& node, const control::LogSink& log);
    /// Closes every connection and removes the socket. Idempotent.
    void stop();

  private:
    class Impl;
    explicit ApiServer(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

}  // namespace weft::server
