// SPDX-License-Identifier: Apache-2.0
// Owners and values of base: descriptors, secrets, clocks, wire integers.
#include <array>
#include <type_traits>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <weft/base/clock.hpp>
#include <weft/base/endian.hpp>
#include <weft/base/secret.hpp>
#include <weft/base/unique_fd.hpp>

namespace weft {
namespace {

bool is_open(int fd) {
    return ::fcntl(fd, F_GETFD) != -1;
}

int open_something() {
    return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

TEST(UniqueFd, ClosesWhatItOwnsOnce) {
    const int fd = open_something();
    {
        UniqueFd owner{fd};
        EXPECT_TRUE(owner.valid());
        EXPECT_EQ(owner.get(), fd);
        EXPECT_TRUE(is_open(fd));
    }
    EXPECT_FALSE(is_open(fd));
}

TEST(UniqueFd, MovesItsDescriptorAndForgetsIt) {
    const int fd = open_something();
    UniqueFd first{fd};
    UniqueFd second{std::move(first)};
    EXPECT_FALSE(first.valid());
    EXPECT_EQ(second.get(), fd);
    EXPECT_TRUE(is_open(fd));
}

TEST(UniqueFd, ClosesTheOldDescriptorWhenItTakesANewOne) {
    const int old_fd = open_something();
    const int new_fd = open_something();
    UniqueFd owner{old_fd};
    owner = UniqueFd{new_fd};
    EXPECT_FALSE(is_open(old_fd));
    EXPECT_EQ(owner.get(), new_fd);
    owner.reset();
    owner.reset();
    EXPECT_FALSE(is_open(new_fd));
    EXPECT_FALSE(owner.valid());
}

TEST(Secret, IsWipedWhenItIsMovedFrom) {
    ByteArray<4> bytes{};
    bytes.fill(std::byte{0x55});
    Secret<4> from{bytes};
    EXPECT_FALSE(from.is_zero());
    const Secret<4> to{std::move(from)};
    EXPECT_TRUE(from.is_zero());
    EXPECT_TRUE(to == Secret<4>{bytes});
    EXPECT_TRUE(to.clone() == to);
    EXPECT_FALSE(to == Secret<4>{});
}

TEST(Secret, IsNotCopiedByAccident) {
    EXPECT_FALSE(std::is_copy_constructible_v<Secret<32>>);
    EXPECT_FALSE(std::is_copy_assignable_v<Secret<32>>);
}

TEST(BootClock, NeverGoesBack) {
    const Time first = BootClock::now();
    const Time second = BootClock::now();
    EXPECT_GT(first.time_since_epoch().count(), 0);
    EXPECT_LE(first, second);
}

TEST(WallTime, IsTheTimeOfTheSystemClock) {
    const auto before = std::chrono::system_clock::now();
    const WallTime now = wall_now();
    EXPECT_LT(now - before, std::chrono::hours{1});
    EXPECT_GT(now - before, -std::chrono::hours{1});
}

TEST(Endian, LoadsAndStoresAtAnyAddress) {
    for (std::size_t offset = 0; offset < 8; ++offset) {
        ByteArray<16> buffer{};
        std::byte* const at = &buffer[offset];
        store_be64(at, 0x0102030405060708);
        EXPECT_EQ(load_be64(at), 0x0102030405060708u);
        EXPECT_EQ(load_le64(at), 0x0807060504030201u);
        EXPECT_EQ(load_be32(at), 0x01020304u);
        EXPECT_EQ(load_le32(at), 0x04030201u);
        EXPECT_EQ(load_be16(at), 0x0102u);
        store_le64(at, 0x0102030405060708);
        EXPECT_EQ(*at, std::byte{8});
        store_le32(at, 0x01020304);
        EXPECT_EQ(*at, std::byte{4});
        store_be32(at, 0x01020304);
        EXPECT_EQ(*at, std::byte{1});
        store_be16(at, 0x0102);
        EXPECT_EQ(load_be16(at), 0x0102u);
    }
}

}  // namespace
}  // namespace weft
