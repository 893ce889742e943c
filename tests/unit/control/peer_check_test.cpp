// SPDX-License-Identifier: Apache-2.0
// What is said of a way between two ends, for each fault that it may have.
#include "peer_check.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace weft::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

api::Sight good_sight() {
    api::Sight sight;
    sight.version = "0.1.0";
    sight.isa = "avx2";
    sight.interface_mtu = sight.path_mtu = 1420;
    sight.session = "up";
    sight.sent = sight.answered = Measurement::kPings;
    sight.rtt_us = 400;
    return sight;
}

class PeerCheck : public ::testing::Test {
  protected:
    PeerCheck() {
        findings.name = "b";
        findings.endpoint = "192.0.2.2:51840";
        findings.heard = true;
        findings.here = good_sight();
        findings.there = good_sight();
    }
    [[nodiscard]] api::Check row(const std::string& name) const {
        const auto rows = peer_checks(findings);
        const auto found = std::find_if(
            rows.begin(), rows.end(), [&](const auto& each) { return each.name == name; });
        return found == rows.end() ? api::Check{} : *found;
    }
    void expect_wrong(const std::string& name, const std::string& state) const {
        const api::Check wrong = row(name);
        EXPECT_EQ(wrong.state, state) << name << ": " << wrong.detail;
        EXPECT_FALSE(wrong.remedy.empty()) << name;
        EXPECT_FALSE(wrong.detail.empty()) << name;
    }
    PeerFindings findings;
};

TEST_F(PeerCheck, FindsNothingWhereNothingIs) {
    EXPECT_EQ(api::count_failed(peer_checks(findings)), 0U);
    EXPECT_EQ(row("mtu").detail, "packets of 1420 here, 1420 there pass");
    EXPECT_EQ(row("rtt").detail, "0.4 ms here, 0.4 ms there");
}

TEST_F(PeerCheck, TellsSilenceFromAWayThatIsBlockedInOneDirection) {
    findings.there.reset();
    findings.here.answered = 0;
    findings.here.rtt_us.reset();
    expect_wrong("reach", "error");
    EXPECT_NE(row("reach").detail.find("but is heard"), std::string::npos);
    findings.heard = false;
    EXPECT_NE(row("reach").detail.find("nothing is heard"), std::string::npos);
    EXPECT_EQ(row("other_end").state, "skipped");
    findings.endpoint.clear();
    expect_wrong("reach", "error");
    EXPECT_NE(row("reach").detail.find("no address"), std::string::npos);
}

TEST_F(PeerCheck, TellsThatTheOthersOwnPingsComeToNothing) {
    findings.there->answered = 0;
    expect_wrong("reach", "error");
}

TEST_F(PeerCheck, TellsOfLossFromTheSecondLostPingOn) {
    findings.there->answered -= 1;
    EXPECT_EQ(row("loss").state, "ok");
    findings.there->answered -= 1;
    expect_wrong("loss", "warning");
    EXPECT_EQ(row("loss").detail, "0 of 20 here, 2 of 20 there pings lost");
}

TEST_F(PeerCheck, TellsOfALinkOnTheWay) {
    findings.there->path_mtu = 1328;
    expect_wrong("mtu", "warning");
    EXPECT_NE(row("mtu").remedy.find("node.mtu = 1328"), std::string::npos);
    findings.there->path_mtu = 0;
    EXPECT_EQ(row("mtu").state, "ok");
}

TEST_F(PeerCheck, TellsOfClocks) {
    findings.clock_ahead_s = 599;
    EXPECT_EQ(row("clock").state, "ok");
    findings.clock_ahead_s = -3600;
    expect_wrong("clock", "error");
    EXPECT_NE(row("clock").detail.find("b is 3600 s behind"), std::string::npos);
    findings.clock_ahead_s = 0;
    findings.there->clock_trusted = false;
    expect_wrong("clock", "error");
}

TEST_F(PeerCheck, TellsWhoseFirewallDrops) {
    findings.there->firewall_drops = 2;
    expect_wrong("firewall", "error");
    EXPECT_NE(row("firewall").remedy.find("on b"), std::string::npos);
}

TEST_F(PeerCheck, NamesProblemsOfBoth) {
    findings.here.problems = {"clock_not_trusted"};
    findings.there->problems = {"guards_missing"};
    expect_wrong("problems", "warning");
    EXPECT_EQ(row("problems").detail, "here clock_not_trusted; there guards_missing");
}

TEST_F(PeerCheck, ManagesWithoutTheOtherEnd) {
    findings.there.reset();
    expect_wrong("other_end", "warning");
    findings.understands = false;
    EXPECT_EQ(row("other_end").state, "skipped");
    EXPECT_EQ(api::count_failed(peer_checks(findings)), 0U);
}

TEST(MeasurementOfPings, CountsWhatIsAnsweredAndTheShortestTime) {
    const Time begin{seconds{1000}};
    Measurement measurement{{}, begin};
    Time now = begin;
    for (gossip::ProbeNumber number = 0; measurement.is_due(now); ++number) {
        measurement.on_sent(number, now);
        EXPECT_FALSE(measurement.is_due(now));
        if (number % 2 == 0) {
            measurement.on_answer(number, 3, now + milliseconds{number + 1});
            measurement.on_answer(number, 3, now + milliseconds{number + 1});
        }
        now += Measurement::kInterval;
    }
    EXPECT_EQ(measurement.sent(), Measurement::kPings);
    EXPECT_EQ(measurement.answered(), Measurement::kPings / 2);
    EXPECT_EQ(measurement.rtt_us(), 1'000U);
    EXPECT_EQ(measurement.ahead_s(), 3);
    EXPECT_FALSE(measurement.is_over(now));
    EXPECT_TRUE(measurement.is_over(begin + Measurement::kLasts));
}

}  // namespace
}  // namespace weft::control
