// SPDX-License-Identifier: Apache-2.0
// Connections of WireGuard's tools: read a request to its empty line, carry it out, answer, and
// again. What passes may hold keys, so buffers are wiped. Control thread.
#include <array>
#include <optional>
#include <utility>

#include <net/if.h>
#include <sodium.h>

#include <boost/asio.hpp>

#include <weft/server/uapi_server.hpp>

#include "acceptor.hpp"
#include "uapi_text.hpp"
#include "unix_listener.hpp"

namespace weft::server {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr Acceptor::Limits kUapiConnectionsMax{.all = 16, .others = 0};  // root alone
constexpr std::size_t kChunk = 16384;
constexpr std::chrono::seconds kTimeout{10};  // without any progress

void wipe(std::string& text) {
    sodium_memzero(text.data(), text.size());
    text.clear();
}

/// As text.append(), but leaves no copy where the text was.
void append_wiping(std::string& text, std::string_view more) {
    if (text.size() + more.size() > text.capacity()) {
        std::string larger;
        larger.reserve(2 * (text.size() + more.size()));
        larger += text;
        wipe(text);
        text = std::move(larger);
    }
    text += more;
}

int errno_of(const Error& error) {
    const std::error_condition condition = error.code.default_error_condition();
    return condition.category() == std::generic_category() && condition.value() != 0
               ? condition.value()
               : EIO;
}

class UapiConnection final : public Connection,
                             public std::enable_shared_from_this<UapiConnection> {
  public:
    UapiConnection(StreamSocket socket, control::Node& node, Log& log)
        : socket_(std::move(socket)), timer_(socket_.get_executor()), node_(node), log_(log) {}
    ~UapiConnection() override {
        wipe(text_);
        wipe(answer_);
        sodium_memzero(chunk_.data(), chunk_.size());
    }

    void start() override { read(); }
    void close() override {
        error_code ignored;
        socket_.close(ignored);
        timer_.cancel();
    }

  private:
    void read() {
        arm_timer();
        socket_.async_read_some(
            asio::buffer(chunk_),
            [self = shared_from_this()](const error_code& error, std::size_t size) {
                self->on_read(error, size);
            });
    }

    void on_read(const error_code& error, std::size_t size) {
        if (error || !socket_.is_open()) {
            close();
            return;
        }
        const std::size_t searched = text_.size();
        append_wiping(text_, {chunk_.data(), size});
        sodium_memzero(chunk_.data(), size);
        if (text_.size() > kUapiRequestMax) {
            answer_ = print_uapi_errno(EMSGSIZE);
            last_ = true;
            write();
            return;
        }
        serve(searched);
    }

    /// The first whole request of text_, of which `searched` bytes are known to hold none.
    void serve(std::size_t searched) {
        const std::size_t size = find_uapi_request(text_, searched);
        if (size == 0) {
            read();
            return;
        }
        answer_ = answer_to(std::string_view{text_}.substr(0, size));
        const std::size_t rest = text_.size() - size;
        std::string next = text_.substr(size, rest);
        wipe(text_);
        text_ = std::move(next);
        write();
    }

    std::string answer_to(std::string_view text) {
        const Result<UapiRequest> request = parse_uapi_request(
            text, [](const std::string& name) { return if_nametoindex(name.c_str()); });
        if (!request) {
            last_ = true;  // wg-go does so too: who cannot write one request had better start anew
            return refuse(request.error());
        }
        if (const auto* const edit = std::get_if<control::DeviceEdit>(&*request)) {
            const Result<> applied = node_.apply(*edit);
            return applied ? print_uapi_errno(0) : refuse(applied.error());
        }
        return print_uapi_device(node_.view(true));
    }

    std::string refuse(const Error& error) {
        log_.warn("wg_request_refused", {{"cause", error.message()}});
        return print_uapi_errno(errno_of(error));
    }

    void write() {
        arm_timer();
        asio::async_write(socket_,
                          asio::buffer(answer_),
                          [self = shared_from_this()](const error_code& error, std::size_t) {
                              self->on_written(error);
                          });
    }

    void on_written(const error_code& error) {
        wipe(answer_);
        if (error || last_ || !socket_.is_open()) {
            close();
            return;
        }
        serve(0);
    }

    void arm_timer() {
        timer_.expires_after(kTimeout);
        timer_.async_wait([weak = weak_from_this()](const error_code& cancelled) {
            const auto self = weak.lock();
            if (self && !cancelled) {
                self->close();
            }
        });
    }

    StreamSocket socket_;
    asio::steady_timer timer_;
    control::Node& node_;
    Log& log_;
    std::array<char, kChunk> chunk_{};
    std::string text_;
    std::string answer_;
    bool last_ = false;
};

}  // namespace

class UapiServer::Impl {
  public:
    Impl(asio::io_context& loop, UnixListener unix_listener)
        : listener(std::move(unix_listener)),
          acceptor(std::make_shared<Acceptor>(loop, kUapiConnectionsMax)) {}
    std::optional<UnixListener> listener;
    std::shared_ptr<Acceptor> acceptor;
};

UapiServer::UapiServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
UapiServer::~UapiServer() {
    stop();
}

Result<std::unique_ptr<UapiServer>> UapiServer::start(const std::filesystem::path& directory,
                                                      control::Node& node,
                                                      asio::io_context& loop,
                                                      Log& log) {
    ListenerConfig config;
    config.path = directory / (node.interface() + ".sock");
    config.mode = 0600;
    Result<UnixListener> listener = UnixListener::open(config);
    if (!listener) {
        return listener.error();
    }
    auto impl = std::make_shared<Impl>(loop, std::move(*listener));
    Result<> started =
        impl->acceptor->start(impl->listener->fd(), [&node, &log](StreamSocket socket) {
            return std::make_shared<UapiConnection>(std::move(socket), node, log);
        });
    if (!started) {
        return started.error();
    }
    return std::unique_ptr<UapiServer>{new UapiServer{std::move(impl)}};
}

void UapiServer::stop() {
    impl_->acceptor->stop();
    impl_->listener.reset();
}

}  // namespace weft::server
