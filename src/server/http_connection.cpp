// SPDX-License-Identifier: Apache-2.0
// See http_connection.hpp. Control thread.
#include "http_connection.hpp"

#include <utility>

#include <sodium.h>

#include <boost/beast.hpp>

#include <weft/api/status.hpp>
#include <weft/base/wipe.hpp>

#include "unix_listener.hpp"

namespace weft::server {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

class HttpConnection final : public Connection,
                             public std::enable_shared_from_this<HttpConnection> {
  public:
    HttpConnection(StreamSocket socket, HttpLimits limits, HttpHandler handler)
        : uid_(peer_uid(socket.native_handle())),
          stream_(std::move(socket)),
          limits_(limits),
          handler_(std::move(handler)),
          buffer_(kHttpHeaderMax + limits.body) {
        buffer_.reserve(buffer_.max_size());  // it never moves, and leaves nothing behind
    }

    void start() override { read(); }
    void close() override { stream_.close(); }

  private:
    void read() {
        parser_.emplace();
        parser_->body_limit(limits_.body);
        parser_->header_limit(kHttpHeaderMax);
        stream_.expires_after(kHttpTimeout);
        http::async_read(stream_,
                         buffer_,
                         *parser_,
                         [self = shared_from_this()](const error_code& error, std::size_t) {
                             self->on_read(error);
                         });
    }

    void on_read(const error_code& error) {
        if (!stream_.socket().is_open()) {
            return;
        }
        if (error) {
            wipe_read();
            refuse(error);
            return;
        }
        stream_.expires_never();  // a ping takes its own time, which is bounded
        http::request<http::string_body>& message = parser_->get();
        keep_alive_ = limits_.keep_alive && message.keep_alive();
        head_only_ = message.method() == http::verb::head;
        HttpRequest request{std::string{message.method_string()},
                            std::string{message.target()},
                            std::move(message.body()),
                            uid_,
                            std::string{message[http::field::host]}};
        handler_(request, [self = shared_from_this()](HttpResponse response) {
            self->write(std::move(response));
        });
        wipe(request.body);  // it may have a passphrase
        wipe_read();
    }

    /// What was read lies in the buffer still, and short bodies in the parser.
    void wipe_read() {
        const auto free = buffer_.prepare(buffer_.max_size() - buffer_.size());
        sodium_memzero(free.data(), free.size());
        if (parser_) {
            wipe(parser_->get().body());
        }
    }

    /// What could not be read is answered where that can help, and ends the connection.
    void refuse(const error_code& error) {
        unsigned status = 400;
        std::string_view code = "bad_request";
        if (error == http::error::body_limit || error == http::error::buffer_overflow) {
            status = 413;
            code = "too_large";
        } else if (error == http::error::header_limit) {
            status = 431;
            code = "too_large";
        } else if (error.category() != make_error_code(http::error::bad_method).category() ||
                   error == http::error::end_of_stream || error == http::error::partial_message) {
            close();  // gone, or too slow
            return;
        }
        keep_alive_ = false;
        write({status, api::error_to_json(code, invalid("not a request: " + error.message())), {}});
    }

    void write(HttpResponse answer) {
        if (!stream_.socket().is_open()) {
            return;
        }
        response_ = {};
        response_.version(11);
        response_.result(answer.status);
        response_.set(http::field::content_type, answer.content_type);
        // A browser takes what it gets as it is called, gives it to no other site's pages, and
        // tells none where it was.
        response_.set("X-Content-Type-Options", "nosniff");
        response_.set("Content-Security-Policy", answer.policy);
        response_.set("Cross-Origin-Resource-Policy", "same-origin");
        response_.set("Referrer-Policy", "no-referrer");
        response_.set(http::field::cache_control, "no-store");
        if (!answer.allow.empty()) {
            response_.set(http::field::allow, answer.allow);
        }
        response_.keep_alive(keep_alive_);
        response_.body() = std::move(answer.body);
        if (!response_.body().ends_with('\n')) {
            response_.body() += '\n';
        }
        response_.prepare_payload();
        if (head_only_) {
            response_.body().clear();  // its length stays told (RFC 9110, 9.3.2)
        }
        stream_.expires_after(kHttpTimeout);
        http::async_write(
            stream_, response_, [self = shared_from_this()](const error_code& error, std::size_t) {
                self->on_written(error);
            });
    }

    void on_written(const error_code& error) {
        if (error || !keep_alive_) {
            error_code ignored;
            stream_.socket().shutdown(StreamSocket::shutdown_send, ignored);
            close();
            return;
        }
        read();
    }

    std::optional<uid_t> uid_;
    beast::basic_stream<StreamProtocol> stream_;
    HttpLimits limits_;
    HttpHandler handler_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
    bool keep_alive_ = false;
    bool head_only_ = false;
};

}  // namespace

std::shared_ptr<Connection> make_http_connection(StreamSocket socket,
                                                 HttpLimits limits,
                                                 HttpHandler handler) {
    return std::make_shared<HttpConnection>(std::move(socket), limits, std::move(handler));
}

}  // namespace weft::server
