// SPDX-License-Identifier: Apache-2.0
// The store as a service manager sees it: a socket of the test's own in NOTIFY_SOCKET's place, and
// a child process to which descriptors are handed.
#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <weft/control/descriptor_store.hpp>

#include "temp_directory.hpp"

namespace weft::control {
namespace {

/// A message to the manager, and the descriptor that came with it.
struct Told {
    std::string text;
    UniqueFd fd;
};

class Manager {
  public:
    Manager() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        const std::string path = (directory_ / "notify").string();
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        EXPECT_EQ(
            ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        ::setenv("NOTIFY_SOCKET", path.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
    }
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;
    ~Manager() { ::unsetenv("NOTIFY_SOCKET"); }  // NOLINT(concurrency-mt-unsafe)

    [[nodiscard]] Told next() const {
        std::array<char, 256> text{};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
        iovec part{text.data(), text.size()};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const ssize_t size = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
        Told told{{text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))}, {}};
        const cmsghdr* const head = size < 0 ? nullptr : CMSG_FIRSTHDR(&message);
        if (head != nullptr && head->cmsg_type == SCM_RIGHTS) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(head), sizeof fd);
            told.fd = UniqueFd{fd};
        }
        return told;
    }

  private:
    test::TempDirectory directory_;
    UniqueFd socket_;
};

bool same_file(int a, int b) {
    struct stat of_a {};
    struct stat of_b {};
    return ::fstat(a, &of_a) == 0 && ::fstat(b, &of_b) == 0 && of_a.st_ino == of_b.st_ino &&
           of_a.st_dev == of_b.st_dev;
}

TEST(DescriptorStore, TellsTheManagerWhatToKeepAndWhatNoLonger) {
    const Manager manager;
    DescriptorStore store;
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    const UniqueFd read{pipe[0]};
    const UniqueFd write{pipe[1]};
    store.keep("nft-owner", read.get());
    const Told removed = manager.next();
    if (removed.text.empty()) {
        GTEST_SKIP() << "built without systemd";
    }
    EXPECT_EQ(removed.text, "FDSTOREREMOVE=1\nFDNAME=nft-owner");
    EXPECT_FALSE(removed.fd.valid());
    const Told kept = manager.next();
    EXPECT_EQ(kept.text, "FDSTORE=1\nFDPOLL=0\nFDNAME=nft-owner");
    EXPECT_TRUE(same_file(kept.fd.get(), read.get()));
    store.forget("nft-owner");
    EXPECT_EQ(manager.next().text, "FDSTOREREMOVE=1\nFDNAME=nft-owner");
    EXPECT_EQ(manager.next().text, "");
}

/// Texts of what the manager is told, but for what is to make room for another.
std::vector<std::string> all_told(const Manager& manager) {
    std::vector<std::string> all;
    for (std::string text = manager.next().text; !text.empty(); text = manager.next().text) {
        all.push_back(std::move(text));
    }
    return all;
}

TEST(DescriptorStore, KeepsAllOfAKindInsteadOfThoseBefore) {
    const Manager manager;
    DescriptorStore store;
    const UniqueFd null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    store.keep_all("tun", std::array{null.get(), null.get()});
    if (all_told(manager).empty()) {
        GTEST_SKIP() << "built without systemd";
    }
    store.keep_all("tun", std::array{null.get()});
    const std::vector<std::string> told = all_told(manager);
    ASSERT_EQ(told.size(), 4U);
    EXPECT_EQ(told[0], "FDSTOREREMOVE=1\nFDNAME=tun-00");
    EXPECT_EQ(told[1], "FDSTOREREMOVE=1\nFDNAME=tun-01");
    EXPECT_EQ(told[3], "FDSTORE=1\nFDPOLL=0\nFDNAME=tun-00");
    store.keep("nft-owner", null.get());
    static_cast<void>(all_told(manager));
    store.forget_all("udp4");
    EXPECT_TRUE(all_told(manager).empty());
    store.forget_all();
    EXPECT_EQ(all_told(manager),
              (std::vector<std::string>{"FDSTOREREMOVE=1\nFDNAME=nft-owner",
                                        "FDSTOREREMOVE=1\nFDNAME=tun-00"}));
    store.forget_all();
    EXPECT_TRUE(all_told(manager).empty());
}

/// In a process of its own, to which `names` are handed by pid `offset` from its own; 0: all is as
/// `check` wants.
template <class Check>
int in_child(const char* names, int offset, const Check& check) {
    const pid_t child = ::fork();
    if (child == 0) {
        const UniqueFd null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
        for (const int fd : {3, 4}) {
            ::dup2(null.get(), fd);
        }
        // NOLINTBEGIN(concurrency-mt-unsafe)
        ::setenv("LISTEN_PID", std::to_string(::getpid() + offset).c_str(), 1);
        ::setenv("LISTEN_FDS", "2", 1);
        ::setenv("LISTEN_FDNAMES", names, 1);
        DescriptorStore store = DescriptorStore::open();
        const bool unset = std::getenv("LISTEN_FDS") == nullptr;
        // NOLINTEND(concurrency-mt-unsafe)
        ::_exit(check(store) && unset ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return status;
}

TEST(DescriptorStore, HandsOutWhatWasKeptOnceAndForgetsTheRest) {
    const Manager manager;
    DescriptorStore{}.forget("x");
    if (manager.next().text.empty()) {
        GTEST_SKIP() << "built without systemd";
    }
    EXPECT_EQ(in_child("nft-owner:other",
                       0,
                       [](DescriptorStore& store) {
                           const UniqueFd owner = store.take("nft-owner");
                           const bool is_it = owner.get() == 3 &&
                                              (::fcntl(3, F_GETFD) & FD_CLOEXEC) != 0 &&
                                              !store.take("nft-owner").valid();
                           store.forget_rest();
                           return is_it && ::fcntl(4, F_GETFD) < 0 && !store.take("other").valid();
                       }),
              0);
    EXPECT_EQ(manager.next().text, "FDSTOREREMOVE=1\nFDNAME=other");
    EXPECT_EQ(manager.next().text, "");
}

TEST(DescriptorStore, HandsOutAKindInTheOrderOfItsNumbers) {
    EXPECT_EQ(in_child("tun-01:tun-00",
                       0,
                       [](DescriptorStore& store) {
                           if (store.take_all("tu").size() + store.take_all("tun-0").size() != 0) {
                               return false;
                           }
                           const std::vector<UniqueFd> taken = store.take_all("tun");
                           return taken.size() == 2 && taken[0].get() == 4 && taken[1].get() == 3 &&
                                  store.take_all("tun").empty();
                       }),
              0);
}

TEST(DescriptorStore, TakesNothingThatWasMeantForAnotherProcess) {
    EXPECT_EQ(in_child("nft-owner:other",
                       1,
                       [](DescriptorStore& store) { return !store.take("nft-owner").valid(); }),
              0);
}

}  // namespace
}  // namespace weft::control
