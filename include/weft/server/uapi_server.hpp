// SPDX-License-Identifier: Apache-2.0
// WireGuard's cross-platform configuration protocol (wireguard.com/xplatform) on
// DIRECTORY/INTERFACE.sock, so that `wg show` and `wg set` work. uid 0 only, as it tells keys.
// Control thread.
#pragma once

#include <filesystem>
#include <memory>

#include <weft/base/log.hpp>
#include <weft/base/result.hpp>
#include <weft/control/node.hpp>

namespace weft::server {

/// Where wg(8) looks.
inline constexpr const char* kUapiDirectory = "/var/run/wireguard";

class UapiServer {
  public:
    /// Serves `node`, which must outlive stop(). A live socket of that name is an error.
    static Result<std::unique_ptr<UapiServer>> start(const std::filesystem::path& directory,
                                                     control::Node& node,
                                                     boost::asio::io_context& loop,
                                                     Log& log);
    ~UapiServer();
    UapiServer(const UapiServer&) = delete;
    UapiServer& operator=(const UapiServer&) = delete;

    /// Closes every connection and removes the socket. Idempotent.
    void stop();

  private:
    class Impl;
    explicit UapiServer(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

}  // namespace weft::server
