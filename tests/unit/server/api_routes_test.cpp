// SPDX-License-Identifier: Apache-2.0
// Which request goes where, and the limits of a ping.
#include "api_routes.hpp"

#include <gtest/gtest.h>

#include "ping.hpp"

namespace weft::server {
namespace {

TEST(ApiRoutes, FindsRoutesByMethodAndPath) {
    EXPECT_EQ(find_route("GET", "/v1/status").route, Route::kStatus);
    EXPECT_EQ(find_route("GET", "/v1/status?pretty=1").route, Route::kStatus);
    EXPECT_EQ(find_route("POST", "/v1/ping").route, Route::kPing);
    EXPECT_EQ(find_route("GET", "/v1/events").route, Route::kEvents);
    EXPECT_EQ(find_route("GET", "/v1/check").route, Route::kCheck);
    EXPECT_EQ(find_route("GET", "/v1/check/b").route, Route::kCheckPeer);
    EXPECT_EQ(find_route("GET", "/v1/check/b").subject, "b");
    EXPECT_TRUE(find_route("POST", "/v1/ping").allow.empty());
    EXPECT_EQ(find_route("DELETE", "/v1/reload").route, Route::kWrongMethod);
    EXPECT_EQ(find_route("DELETE", "/v1/reload").allow, "POST");
    EXPECT_EQ(find_route("DELETE", "/v1/tokens").allow, "GET, POST");
    EXPECT_EQ(find_route("GET", "/v1/status/").route, Route::kUnknown);
    EXPECT_EQ(find_route("GET", "/v1/../v1/status").route, Route::kUnknown);
    EXPECT_EQ(find_route("GET", "").route, Route::kUnknown);
}

TEST(ApiRoutes, TakesOneWordBehindAPath) {
    EXPECT_EQ(find_route("DELETE", "/v1/nodes/b").route, Route::kRemoveNode);
    EXPECT_EQ(find_route("DELETE", "/v1/nodes/b?now=1").subject, "b");
    EXPECT_EQ(find_route("GET", "/v1/nodes/b").allow, "DELETE");
    EXPECT_EQ(find_route("DELETE", "/v1/nodes/").route, Route::kUnknown);
    EXPECT_EQ(find_route("DELETE", "/v1/nodes/a/b").route, Route::kUnknown);
    EXPECT_EQ(find_route("DELETE", "/v1/nodes").route, Route::kUnknown);
}

TEST(ApiRoutes, TellsAWordFromAPathOfItsOwn) {
    EXPECT_EQ(find_route("POST", "/v1/issuers").route, Route::kAddIssuer);
    EXPECT_EQ(find_route("POST", "/v1/issuers/request").route, Route::kRequestIssuer);
    EXPECT_EQ(find_route("DELETE", "/v1/issuers/request").subject, "request");  // a node's name
    EXPECT_EQ(find_route("DELETE", "/v1/issuers/2").route, Route::kRevokeIssuer);
    EXPECT_EQ(find_route("POST", "/v1/issuers/alone").route, Route::kIssueAlone);
    EXPECT_EQ(find_route("POST", "/v1/issuers/2").allow, "DELETE");
    EXPECT_EQ(find_route("GET", "/v1/root").allow, "DELETE");
    EXPECT_EQ(find_route("GET", "/v1/root/export").allow, "POST");
    EXPECT_EQ(find_route("DELETE", "/v1/root/").route, Route::kUnknown);
}

TEST(Ping, BoundsItsCountAndItsTime) {
    PingPlan plan;
    EXPECT_TRUE(check_ping_plan(plan));
    plan.count = api::kPingCountMax;
    EXPECT_TRUE(check_ping_plan(plan));
    plan.count = api::kPingCountMax + 1;
    EXPECT_FALSE(check_ping_plan(plan));
    plan.count = 0;
    EXPECT_FALSE(check_ping_plan(plan));
    plan.count = api::kPingCountMax;
    plan.interval = std::chrono::milliseconds{1000};
    EXPECT_FALSE(check_ping_plan(plan));
    plan.count = 1;
    plan.interval = std::chrono::milliseconds{0};
    EXPECT_FALSE(check_ping_plan(plan));
    plan.interval = std::chrono::milliseconds{UINT32_MAX};
    EXPECT_FALSE(check_ping_plan(plan));
}

}  // namespace
}  // namespace weft::server
