// SPDX-License-Identifier: Apache-2.0
// Which request goes where, and the limits of a ping.
#include "api_routes.hpp"

#include <gtest/gtest.h>

#include "ping.hpp"

namespace weft::server {
namespace {

TEST(ApiRoutes, FindsRoutesByMethodAndPath) {
    std::string allow;
    EXPECT_EQ(find_route("GET", "/v1/status", allow), Route::kStatus);
    EXPECT_EQ(find_route("GET", "/v1/status?pretty=1", allow), Route::kStatus);
    EXPECT_EQ(find_route("POST", "/v1/ping", allow), Route::kPing);
    EXPECT_TRUE(allow.empty());
    EXPECT_EQ(find_route("DELETE", "/v1/reload", allow), Route::kWrongMethod);
    EXPECT_EQ(allow, "POST");
    EXPECT_EQ(find_route("GET", "/v1/status/", allow), Route::kUnknown);
    EXPECT_EQ(find_route("GET", "/v1/../v1/status", allow), Route::kUnknown);
    EXPECT_EQ(find_route("GET", "", allow), Route::kUnknown);
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
