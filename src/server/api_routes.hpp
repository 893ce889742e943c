// SPDX-License-Identifier: Apache-2.0
// What the HTTP API answers, without HTTP: a request in, a status and a JSON body out. The table of
// routes is in api_routes.cpp; the network's part is network_routes.cpp, its keys' is
// key_routes.cpp. Control thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <weft/control/log_sink.hpp>
#include <weft/control/node.hpp>

#include "http_message.hpp"

namespace weft::server {

enum class Route : std::uint8_t {
    kStatus,
    kPeers,
    kConfig,
    kCheck,
    kCheckPeer,
    kEvents,
    kDown,
    kPing,
    kReload,
    kInit,
    kJoin,
    kLeave,
    kTokens,
    kCreateToken,
    kWithdrawToken,
    kMembers,
    kRemoveNode,
    kIpam,
    kGossip,
    kRotate,
    kCertificate,
    kRequestCertificate,
    kSignCertificate,
    kInstallCertificate,
    kExportRoot,
    kImportRoot,
    kRemoveRoot,
    kIssuers,
    kRequestIssuer,
    kAddIssuer,
    kRevokeIssuer,
    kIssueAlone,
    kUnknown,
    kWrongMethod
};

struct FoundRoute {
    Route route = Route::kUnknown;
    std::string allow;    // for kWrongMethod: the methods there are
    std::string subject;  // what stands for ID or NAME
};
/// Pure.
[[nodiscard]] FoundRoute find_route(std::string_view method, std::string_view target);

class ApiRoutes {
  public:
    using Reply = HttpReply;

    static constexpr unsigned kPingsMax = 16;  // at once; root's count, but are never refused

    ApiRoutes(control::Node& node, const control::LogSink& log, boost::asio::io_context& loop)
        : node_(node), log_(log), loop_(loop) {}

    /// Calls `reply` once: now, or when it is over: a ping, a check from both ends.
    void handle(const HttpRequest& request, const Reply& reply);

  private:
    [[nodiscard]] HttpResponse answer(const FoundRoute& found, const HttpRequest& request);
    [[nodiscard]] HttpResponse peers();
    [[nodiscard]] HttpResponse reload();
    void ping(const HttpRequest& request, const Reply& reply);
    void check_peer(const std::string& name, const Reply& reply);

    // ---- The network: network_routes.cpp -----------------------------------------------------
    [[nodiscard]] HttpResponse init(const HttpRequest& request);
    void join(const HttpRequest& request, const Reply& reply);
    void leave(const Reply& reply);
    [[nodiscard]] HttpResponse tokens();
    [[nodiscard]] HttpResponse create_token(const HttpRequest& request);

    // ---- Its keys: key_routes.cpp ------------------------------------------------------------
    [[nodiscard]] HttpResponse key_answer(const FoundRoute& found, const HttpRequest& request);
    void root_answer(const FoundRoute& found, const HttpRequest& request, const Reply& reply);

    control::Node& node_;
    const control::LogSink& log_;
    boost::asio::io_context& loop_;
    unsigned pings_ = 0;  // under way
};

[[nodiscard]] HttpResponse error_response(unsigned status,
                                          std::string_view code,
                                          const Error& error);
/// {} or the error, with the status and the word of its kind (weft/control/network.hpp).
[[nodiscard]] HttpResponse network_response(const Result<>& outcome);
[[nodiscard]] HttpResponse network_error(const Error& error);
/// The value's JSON, or the error as above.
template <class Value>
[[nodiscard]] HttpResponse network_response(const Result<Value>& answer) {
    return answer ? HttpResponse{200, api::to_json(*answer), {}} : network_error(answer.error());
}

}  // namespace weft::server
