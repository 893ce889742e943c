// SPDX-License-Identifier: Apache-2.0
// What the HTTP API answers, without HTTP: a request in, a status and a JSON body out. The table of
// routes is in api_routes.cpp; the network's part is network_routes.cpp, its keys' is
// key_routes.cpp. Control thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include <weft/control/node.hpp>

namespace weft::server {

struct ApiRequest {
    std::string method;
    std::string target;  // path and query
    std::string body;
    std::optional<uid_t> uid;  // of the caller
};

struct ApiResponse {
    unsigned status = 200;
    std::string body;   // JSON
    std::string allow;  // for 405: the method there is
};

enum class Route : std::uint8_t {
    kStatus,
    kPeers,
    kConfig,
    kCheck,
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
    using Reply = std::function<void(ApiResponse)>;

    static constexpr unsigned kPingsMax = 16;  // at once; root's count, but are never refused

    ApiRoutes(control::Node& node, boost::asio::io_context& loop) : node_(node), loop_(loop) {}

    /// Calls `reply` once: now, or for a ping when it is over.
    void handle(const ApiRequest& request, const Reply& reply);

  private:
    [[nodiscard]] ApiResponse answer(const FoundRoute& found, const ApiRequest& request);
    [[nodiscard]] ApiResponse peers();
    [[nodiscard]] ApiResponse reload();
    void ping(const ApiRequest& request, const Reply& reply);

    // ---- The network: network_routes.cpp -----------------------------------------------------
    [[nodiscard]] ApiResponse init(const ApiRequest& request);
    void join(const ApiRequest& request, const Reply& reply);
    void leave(const Reply& reply);
    [[nodiscard]] ApiResponse tokens();
    [[nodiscard]] ApiResponse create_token(const ApiRequest& request);

    // ---- Its keys: key_routes.cpp ------------------------------------------------------------
    [[nodiscard]] ApiResponse key_answer(const FoundRoute& found, const ApiRequest& request);
    void root_answer(const FoundRoute& found, const ApiRequest& request, const Reply& reply);

    control::Node& node_;
    boost::asio::io_context& loop_;
    unsigned pings_ = 0;  // under way
};

[[nodiscard]] ApiResponse error_response(unsigned status,
                                         std::string_view code,
                                         const Error& error);
/// {} or the error, with the status and the word of its kind (weft/control/network.hpp).
[[nodiscard]] ApiResponse network_response(const Result<>& outcome);
[[nodiscard]] ApiResponse network_error(const Error& error);
/// The value's JSON, or the error as above.
template <class Value>
[[nodiscard]] ApiResponse network_response(const Result<Value>& answer) {
    return answer ? ApiResponse{200, api::to_json(*answer), {}} : network_error(answer.error());
}

}  // namespace weft::server
