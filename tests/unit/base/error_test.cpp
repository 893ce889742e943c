// SPDX-License-Identifier: Apache-2.0
// Errors as people read them, and asserts.
#include <cerrno>

#include <gtest/gtest.h>

#include <weft/base/assert.hpp>
#include <weft/base/error.hpp>
#include <weft/base/result.hpp>

namespace weft {
namespace {

TEST(Error, ShowsTheRemedyInBrackets) {
    EXPECT_EQ(invalid("port 0 is not a port", "give one of 1-65535").message(),
              "port 0 is not a port (give one of 1-65535)");
}

TEST(Error, WithoutARemedyIsItsCauseAlone) {
    EXPECT_EQ(invalid("port 0 is not a port").message(), "port 0 is not a port");
}

TEST(Error, OfASystemCallNamesWhatWasBeingDone) {
    const Error error = errno_error(ENOENT, "opening /dev/net/tun", "modprobe tun");
    EXPECT_EQ(error.message(), "opening /dev/net/tun: No such file or directory (modprobe tun)");
    EXPECT_EQ(error.code, std::errc::no_such_file_or_directory);
}

TEST(Error, OfBadInputIsEinvalForPrograms) {
    EXPECT_EQ(invalid("no").code, std::errc::invalid_argument);
}

TEST(Result, OfAnErrorThrowsItsMessageWhenItsValueIsTaken) {
    const Result<int> result = invalid("no", "yes");
    ASSERT_FALSE(result);
    try {
        static_cast<void>(result.value());
        FAIL() << "did not throw";
    } catch (const std::runtime_error& thrown) {
        EXPECT_STREQ(thrown.what(), "no (yes)");
    }
}

TEST(AssertDeathTest, StopsTheProgramAndTellsWhere) {
    EXPECT_DEATH(WEFT_ASSERT(1 + 1 == 3), "error_test.cpp:[0-9]+: assertion failed: 1 \\+ 1 == 3");
}

TEST(Assert, EvaluatesItsExpressionOnce) {
    int count = 0;
    WEFT_ASSERT(++count == 1);
    EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace weft
