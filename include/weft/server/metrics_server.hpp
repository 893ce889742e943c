// SPDX-License-Identifier: Apache-2.0
// Metrics, health and the page by HTTP on a TCP address (api.metrics; README.md): GET only, for
// whoever reaches the address, so that is loopback unless the configuration says otherwise. A node
// goes on without it: what is wrong is a problem in its status, and tried again. Control thread.
#pragma once

#include <memory>
#include <optional>

#include <weft/control/log_sink.hpp>
#include <weft/control/node.hpp>
#include <weft/net/address.hpp>

namespace weft::server {

class MetricsServer {
  public:
    /// Serves `node`, which must outlive stop(), as `loop` and `log`, whose last events the page
    /// shows; nowhere: nothing.
    MetricsServer(const std::optional<net::Endpoint>& at,
                  control::Node& node,
                  boost::asio::io_context& loop,
                  control::LogSink& log);
    ~MetricsServer();  // NOLINT(bugprone-exception-escape): a timer that cannot be cancelled
    MetricsServer(const MetricsServer&) = delete;
    MetricsServer& operator=(const MetricsServer&) = delete;

    /// Closes every connection and the port. Idempotent.
    void stop();

  private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace weft::server
