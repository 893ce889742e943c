// SPDX-License-Identifier: Apache-2.0
// The port, who may come by it, and the texts that they get. Control thread.
#include <utility>

#include <boost/asio.hpp>

#include <weft/base/clock.hpp>
#include <weft/server/metrics_server.hpp>

#include "acceptor.hpp"
#include "http_connection.hpp"
#include "metrics_routes.hpp"
#include "metrics_text.hpp"
#include "page_routes.hpp"
#include "process_usage.hpp"
#include "tcp_listener.hpp"

namespace weft::server {
namespace {

constexpr Acceptor::Limits kScrapersMax{.all = 16, .others = 16};  // nobody is root here
constexpr HttpLimits kMetricsLimits{.body = 1024, .keep_alive = false};
constexpr const char* kPart = "metrics";  // of those that have problems
constexpr std::chrono::seconds kTryEvery{5};
/// A text answers all who ask for this long: they cannot keep the control thread busy.
constexpr std::chrono::milliseconds kTextLives{500};

MetricsInput gather(control::Node& node) {
    MetricsInput input;
    input.status = node.status();
    control::Network& network = node.network();
    input.gossip = network.gossip();
    input.ipam = network.ipam();
    if (const auto certificate = network.certificate()) {
        input.certificate = *certificate;
    }
    input.vitals = node.vitals();
    input.containers = node.containers();
    input.process = process_usage();
    return input;
}

}  // namespace

class MetricsServer::Impl : public std::enable_shared_from_this<Impl> {
  public:
    Impl(const net::Endpoint& at,
         control::Node& node,
         boost::asio::io_context& loop,
         control::LogSink& log)
        : at_(at),
          node_(node),
          log_(log),
          timer_(loop),
          acceptor_(std::make_shared<Acceptor>(loop, kScrapersMax)) {}

    void start() {
        Result<> serving = serve();
        if (serving) {
            log_.info("metrics_served", {{"address", at_.to_string()}});
            node_.set_problems(kPart, exposure());
            return;
        }
        const Error& error = serving.error();
        if (!told_) {
            log_.warn("metrics_not_served", {{"cause", error.message()}});
            told_ = true;
        }
        node_.set_problems(
            kPart, {{"metrics_not_served", "warning", at_.to_string(), error.cause, error.remedy}});
        timer_.expires_after(kTryEvery);
        timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
            const auto self = weak.lock();
            if (self && !cancelled) {
                self->start();
            }
        });
    }

    void stop() {
        timer_.cancel();
        acceptor_->stop();
        listening_.reset();
    }

  private:
    Result<> serve() {
        Result<UniqueFd> listening = listen_tcp(at_);
        if (!listening) {
            return listening.error();
        }
        listening_ = std::move(*listening);
        return acceptor_->start(listening_.get(), [this](StreamSocket socket) {
            return make_connection(std::move(socket));
        });
    }

    std::shared_ptr<Connection> make_connection(StreamSocket socket) {
        if (at_.address.is_loopback() && !is_from_loopback(socket.native_handle())) {
            return nullptr;
        }
        const MetricsSource source{
            [this] { return kept(metrics_, [this] { return metrics_text(gather(node_)); }); },
            [this] { return node_.vitals().not_alive; },
            [this] { return node_.vitals().not_ready; },
            [this] {
                return kept(
                    mesh_, [this] { return mesh_json(node_.status(), log_.recent(), wall_now()); });
            }};
        return make_http_connection(
            std::move(socket),
            kMetricsLimits,
            [source, address = at_.address](const HttpRequest& request, const HttpReply& reply) {
                reply(answer_metrics(request, address, source));
            });
    }

    struct KeptText {
        std::string text;
        Time made;
    };

    template <class Make>
    static const std::string& kept(KeptText& last, Make make) {
        if (last.text.empty() || BootClock::now() - last.made > kTextLives) {
            last = {make(), BootClock::now()};
        }
        return last.text;
    }

    [[nodiscard]] std::vector<api::Problem> exposure() const {
        if (at_.address.is_loopback()) {
            return {};
        }
        return {{"metrics_exposed",
                 "warning",
                 at_.to_string(),
                 "whoever reaches this address reads the names and addresses of peers, what they "
                 "send and what this node logs, and there is no password",
                 "let only those who may come to it by a firewall, or set api.metrics = "
                 "\"127.0.0.1:" +
                     std::to_string(at_.port) + "\" and restart weftd"}};
    }

    net::Endpoint at_;
    control::Node& node_;
    control::LogSink& log_;
    boost::asio::steady_timer timer_;
    std::shared_ptr<Acceptor> acceptor_;
    UniqueFd listening_;
    bool told_ = false;
    KeptText metrics_;
    KeptText mesh_;
};

MetricsServer::MetricsServer(const std::optional<net::Endpoint>& at,
                             control::Node& node,
                             boost::asio::io_context& loop,
                             control::LogSink& log) {
    if (at) {
        impl_ = std::make_shared<Impl>(*at, node, loop, log);
        impl_->start();
    }
}

// NOLINTNEXTLINE(bugprone-exception-escape): a timer that cannot be cancelled
MetricsServer::~MetricsServer() {
    stop();
}

void MetricsServer::stop() {
    if (impl_) {
        impl_->stop();
    }
}

}  // namespace weft::server
