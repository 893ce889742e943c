// SPDX-License-Identifier: Apache-2.0
// Which machines are found, as sources answer, fail, hang, come and go; with programs and files as
// sources, on a loop of the test's own.
#include "discovered.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "counting_log.hpp"
#include "parsed.hpp"
#include "temp_directory.hpp"

namespace weft::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string document(const std::string& address) {
    return R"({"schema":1,"machines":[{"name":"a","public":[")" + address + R"("],"private":[]}]})";
}

class DiscoveredTest : public ::testing::Test {
  protected:
    using Machines = std::vector<net::IpAddress>;

    DiscoveredTest() { start(); }

    void start() {
        list_.emplace(loop_, root_ / "weft0.discovered", log_, [this](Machines machines) {
            told_.push_back(std::move(machines));
        });
    }
    /// As after a restart: what is told from here on is its own.
    void restart() {
        list_.reset();
        told_.clear();
        start();
    }
    config::DiscoveryConfig file(const std::string& name) {
        config::DiscoveryConfig source;
        source.file = root_ / name;
        return with_times(source);
    }
    config::DiscoveryConfig script(const std::string& text) {
        config::DiscoveryConfig source;
        source.exec = {"/bin/sh", "-c", text};
        return with_times(source);
    }
    static config::DiscoveryConfig with_times(config::DiscoveryConfig source) {
        source.interval = seconds{1};
        source.where = "weft.toml:7:1";
        return source;
    }
    template <class Condition>
    [[nodiscard]] bool run_until(const Condition& condition, milliseconds limit = seconds{10}) {
        const Time until = BootClock::now() + limit;
        while (!condition() && BootClock::now() < until) {
            loop_.restart();
            loop_.run_one_for(milliseconds{50});
        }
        return condition();
    }
    [[nodiscard]] bool run_until_told(const Machines& wanted) {
        return run_until([&] { return !told_.empty() && told_.back() == wanted; });
    }
    [[nodiscard]] std::vector<api::Problem> problems() const {
        std::vector<api::Problem> out;
        list_->add_problems(out);
        std::erase_if(out, [](const auto& problem) { return problem.code != "discovery_failed"; });
        return out;
    }

    test::TempDirectory root_;
    test::CountingLog log_;
    boost::asio::io_context loop_{1};
    std::vector<Machines> told_;
    std::optional<Discovered> list_;
};

TEST_F(DiscoveredTest, WithoutSourcesThereIsNobody) {
    list_->configure({});
    EXPECT_EQ(told_, (std::vector<Machines>{{}}));
    list_->configure({});
    EXPECT_EQ(told_.size(), 1U);  // nothing new
    EXPECT_FALSE(std::filesystem::exists(root_ / "weft0.discovered"));
}

TEST_F(DiscoveredTest, SourcesAreMergedAndFollowed) {
    root_.write("machines", document("192.0.2.7"));
    list_->configure({file("machines"), script("echo '" + document("192.0.2.8") + "'")});
    EXPECT_TRUE(run_until_told({test::address("192.0.2.7"), test::address("192.0.2.8")}));
    EXPECT_TRUE(problems().empty());
    root_.write("machines", document("192.0.2.9"));
    EXPECT_TRUE(run_until_told({test::address("192.0.2.8"), test::address("192.0.2.9")}));
}

TEST_F(DiscoveredTest, WhomProgramsRunAsIsAdvice) {
    const auto advice = [this] {
        std::vector<api::Problem> out;
        list_->add_problems(out);
        return out.empty() ? "" : out.at(0).code;
    };
    list_->configure({script("sleep 60")});
    const auto runs_as = discovery::programs_run_as();
    EXPECT_EQ(advice(),
              runs_as == discovery::RunAs::kRoot          ? "discovery_as_root"
              : runs_as == discovery::RunAs::kDaemonsUser ? "discovery_as_weft"
                                                          : "");
    list_->configure({file("machines")});
    EXPECT_EQ(advice(), "");
}

TEST_F(DiscoveredTest, AFailureChangesNothingAndIsAProblemUntilItIsOver) {
    root_.write("machines", document("192.0.2.7"));
    const auto source = script("cat " + (root_ / "machines").string());
    list_->configure({source});
    ASSERT_TRUE(run_until_told({test::address("192.0.2.7")}));
    const std::size_t told = told_.size();
    std::filesystem::rename(root_ / "machines", root_ / "away");
    ASSERT_TRUE(run_until([&] { return !problems().empty(); }));
    const api::Problem problem = problems().at(0);
    EXPECT_EQ(problem.code, "discovery_failed");
    EXPECT_EQ(problem.subject, "/bin/sh (weft.toml:7:1)");
    EXPECT_NE(problem.cause.find("No such file"), std::string::npos) << problem.cause;
    EXPECT_NE(problem.cause.find(", since 20"), std::string::npos) << problem.cause;
    EXPECT_NE(problem.cause.find("1 addresses stay"), std::string::npos) << problem.cause;
    EXPECT_FALSE(problem.remedy.empty());
    EXPECT_FALSE(run_until([] { return false; }, milliseconds{2500}));  // two more failures
    EXPECT_EQ(log_.events["discovery_failed"], 1);
    EXPECT_EQ(problems().at(0).cause, problem.cause);
    EXPECT_EQ(told_.size(), told);

    restart();
    list_->configure({source});
    EXPECT_EQ(told_,
              (std::vector<Machines>{{test::address("192.0.2.7")}}));  // kept over the restart
    ASSERT_TRUE(run_until([&] { return !problems().empty(); }));
    std::filesystem::rename(root_ / "away", root_ / "machines");
    EXPECT_TRUE(run_until([&] { return problems().empty(); }));
    EXPECT_EQ(log_.events["discovery_recovered"], 1);
    EXPECT_EQ(told_.size(), 1U);
}

TEST_F(DiscoveredTest, AnEmptyAnswerIsAFailure) {
    list_->configure({script(R"(echo '{"schema":1,"machines":[]}')")});
    ASSERT_TRUE(run_until([&] { return !problems().empty(); }));
    EXPECT_NE(problems().at(0).cause.find("no machine"), std::string::npos);
    EXPECT_NE(problems().at(0).cause.find("no answer of it is known"), std::string::npos);
    EXPECT_EQ(told_, (std::vector<Machines>{{}}));
}

TEST_F(DiscoveredTest, AnotherSourceTakesOverOnceItHasAnswered) {
    root_.write("old", document("192.0.2.7"));
    list_->configure({file("old")});
    ASSERT_TRUE(run_until_told({test::address("192.0.2.7")}));
    list_->configure({file("new")});
    ASSERT_TRUE(run_until([&] { return !problems().empty(); }));
    EXPECT_EQ(told_.back(), (Machines{test::address("192.0.2.7")}));
    root_.write("new", document("192.0.2.8"));
    EXPECT_TRUE(run_until_told({test::address("192.0.2.8")}));
    list_->configure({});
    EXPECT_EQ(told_.back(), Machines{});
}

TEST_F(DiscoveredTest, AStopEndsAProgramThatHangs) {
    list_->configure({script(": >" + (root_ / "begun").string() + "; exec sleep 60")});
    ASSERT_TRUE(run_until([&] { return std::filesystem::exists(root_ / "begun"); }));
    const Time started = BootClock::now();
    list_->stop();
    list_->stop();
    EXPECT_LT(BootClock::now() - started, seconds{5});
}

TEST_F(DiscoveredTest, WithoutAUsableFileItGoesOnAndSaysSo) {
    root_.write("weft0.discovered", "nonsense");
    root_.write("machines", document("192.0.2.7"));
    list_->configure({file("machines")});
    EXPECT_EQ(log_.events["discovered_unusable"], 1);
    EXPECT_TRUE(run_until_told({test::address("192.0.2.7")}));  // and the file is a good one again
    restart();
    list_->configure({file("machines")});
    EXPECT_EQ(log_.events["discovered_unusable"], 1);
    EXPECT_EQ(told_.at(0), (Machines{test::address("192.0.2.7")}));
}

TEST_F(DiscoveredTest, NamesAreSources) {
    config::DiscoveryConfig source;
    source.dns = "name.invalid";
    list_->configure({with_times(source)});
    ASSERT_TRUE(run_until([&] { return !problems().empty(); }));
    EXPECT_EQ(problems().at(0).subject, "dns name.invalid (weft.toml:7:1)");
    EXPECT_NE(problems().at(0).cause.find("does not resolve"), std::string::npos);
}

}  // namespace
}  // namespace weft::control
