// SPDX-License-Identifier: Apache-2.0
// What is wrong with a directory of state is named, with the command that mends it.
#include <cerrno>

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <weft/api/state_check.hpp>

#include "temp_directory.hpp"

namespace weft::api {
namespace {

class StateCheck : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(::chmod(directory_.path().c_str(), 0700), 0);
        file_ = directory_.write("node.key", "x").string();
        ASSERT_EQ(::chmod(file_.c_str(), 0600), 0);
    }
    [[nodiscard]] Check check() const { return check_state(directory_.path()); }

    test::TempDirectory directory_;
    std::string file_;
};

TEST_F(StateCheck, a_good_one_is_left_as_it_was) {
    EXPECT_EQ(check().state, "ok") << check().detail;
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& each :
         std::filesystem::directory_iterator{directory_.path()}) {
        ++files;
    }
    EXPECT_EQ(files, 1U);
    EXPECT_EQ(check_state(directory_.path() / "none").state, "ok");
}

TEST_F(StateCheck, files_that_others_can_use_are_named) {
    ASSERT_EQ(::chmod(file_.c_str(), 0640), 0);
    EXPECT_EQ(check().state, "error");
    EXPECT_EQ(check().remedy, "chmod 600 " + file_);
    ASSERT_EQ(::chmod(directory_.path().c_str(), 0711), 0);
    EXPECT_EQ(check().remedy, "chmod 700 " + directory_.path().string());
}

TEST_F(StateCheck, links_are_named_in_folders_too) {
    const auto folder = directory_.path() / "weft0.network";
    ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
    ASSERT_EQ(::symlink(file_.c_str(), (folder / "network").c_str()), 0);
    EXPECT_NE(check().detail.find("weft0.network/network is a link"), std::string::npos)
        << check().detail;
}

TEST_F(StateCheck, files_of_another_user_are_named) {
    if (::chown(file_.c_str(), 65'534, 65'534) != 0) {
        GTEST_SKIP() << "only root can give files away";
    }
    EXPECT_EQ(check().remedy, "chown --reference=" + directory_.path().string() + " " + file_);
}

TEST(StateRemedy, each_failure_of_a_disk_has_one) {
    for (const int error : {ENOSPC, EDQUOT, EROFS, EACCES, EPERM, EIO}) {
        EXPECT_NE(state_remedy(error, "/var/lib/weft"), "") << error;
    }
    EXPECT_EQ(state_remedy(EINVAL, "/var/lib/weft"), "");
}

}  // namespace
}  // namespace weft::api
