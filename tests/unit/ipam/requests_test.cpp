// SPDX-License-Identifier: Apache-2.0
// Requests are counted by many at once, read by others, and never in a file that is not weft-cni's.
#include <fstream>
#include <thread>
#include <vector>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include <weft/ipam/requests.hpp>
#include <weft/ipam/store.hpp>

#include "temp_directory.hpp"

namespace weft::ipam {
namespace {

using std::chrono::microseconds;
using test::TempDirectory;

RequestCount count_of(const std::filesystem::path& directory, Verb verb) {
    const Result<RequestCounts> counts = read_request_counts(directory);
    EXPECT_TRUE(counts) << (counts ? "" : counts.error().message());
    return counts ? (*counts)[static_cast<std::size_t>(verb)] : RequestCount{};
}

struct Requests : testing::Test {
    TempDirectory temporary;
    std::filesystem::path directory = temporary.path() / "cni";
    void SetUp() override { ASSERT_TRUE(Store::open(directory, std::chrono::seconds{1})); }
};

TEST_F(Requests, are_counted_by_verb_and_outcome) {
    count_request(directory, Verb::kAdd, false, microseconds{5});
    count_request(directory, Verb::kAdd, true, microseconds{7});
    count_request(directory, Verb::kGc, false, microseconds{1});
    const RequestCount adds = count_of(directory, Verb::kAdd);
    EXPECT_EQ(adds.done, 2U);
    EXPECT_EQ(adds.failed, 1U);
    EXPECT_EQ(adds.microseconds, 12U);
    EXPECT_EQ(count_of(directory, Verb::kGc).done, 1U);
    EXPECT_EQ(count_of(directory, Verb::kDel).done, 0U);
}

TEST_F(Requests, at_once_are_all_counted) {
    constexpr std::uint64_t kEach = 50;
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&] {
            for (std::uint64_t n = 0; n < kEach; ++n) {
                count_request(directory, Verb::kDel, false, microseconds{1});
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(count_of(directory, Verb::kDel).done, 2 * kEach);
}

TEST_F(Requests, without_a_ledger_are_none) {
    count_request(temporary.path() / "absent", Verb::kDel, false, microseconds{1});
    EXPECT_FALSE(std::filesystem::exists(temporary.path() / "absent"));
    EXPECT_EQ(count_of(temporary.path() / "absent", Verb::kDel).done, 0U);
}

TEST_F(Requests, are_not_counted_in_what_is_not_theirs) {
    const std::filesystem::path target = temporary.path() / "target";
    std::ofstream{target} << "precious";
    std::filesystem::create_symlink(target, directory / "requests");
    count_request(directory, Verb::kAdd, false, microseconds{1});
    EXPECT_EQ(std::filesystem::file_size(target), 8U);
    EXPECT_FALSE(read_request_counts(directory));

    std::filesystem::remove(directory / "requests");
    std::ofstream{directory / "requests"} << "something else";
    count_request(directory, Verb::kAdd, false, microseconds{1});
    EXPECT_EQ(std::filesystem::file_size(directory / "requests"), 14U);
    EXPECT_FALSE(read_request_counts(directory));
}

TEST_F(Requests, can_be_read_by_the_group_of_the_directory) {
    count_request(directory, Verb::kAdd, false, microseconds{1});
    struct stat about {};
    ASSERT_EQ(::stat((directory / "requests").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0640U);
}

}  // namespace
}  // namespace weft::ipam
