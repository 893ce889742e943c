// SPDX-License-Identifier: Apache-2.0
// A passphrase asked for on a terminal (a pseudo terminal's): not shown, twice, and the terminal is
// as it was afterwards.
#include "passphrase.hpp"

#include <csignal>
#include <future>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <weft/base/unique_fd.hpp>

namespace weft::cli {
namespace {

/// The end at which somebody types.
class Keyboard {
  public:
    Keyboard() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
        EXPECT_EQ(::grantpt(master_.get()), 0);
        EXPECT_EQ(::unlockpt(master_.get()), 0);
        path_ = ::ptsname(master_.get());
        terminal_ = UniqueFd{::open(path_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC)};
    }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] bool shows_typing() const {
        termios state{};
        EXPECT_EQ(::tcgetattr(terminal_.get(), &state), 0);
        return (state.c_lflag & ECHO) != 0;
    }
    /// Types once `prompt` is there.
    void answer(const std::string& prompt, const std::string& typed) {
        await(prompt);
        EXPECT_FALSE(shows_typing());
        EXPECT_EQ(::write(master_.get(), typed.data(), typed.size()),
                  static_cast<ssize_t>(typed.size()));
    }
    /// All that the screen has shown.
    std::string screen() {
        read_some(0);
        return screen_;
    }

  private:
    void await(const std::string& text) {
        constexpr int kLongMs = 10'000;
        while (screen_.find(text, seen_) == std::string::npos) {
            ASSERT_TRUE(read_some(kLongMs)) << screen_;
        }
        seen_ = screen_.find(text, seen_) + text.size();
    }
    bool read_some(int timeout_ms) {
        pollfd poll{master_.get(), POLLIN, 0};
        char bytes[256];
        if (::poll(&poll, 1, timeout_ms) != 1) {
            return false;
        }
        const ssize_t size = ::read(master_.get(), bytes, sizeof bytes);
        screen_.append(bytes, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
        return size > 0;
    }

    UniqueFd master_;
    UniqueFd terminal_;  // kept open: a terminal whose last user is gone hangs up
    std::string path_;
    std::string screen_;
    std::size_t seen_ = 0;
};

std::future<Result<std::string>> ask_on(const Keyboard& keyboard, Prompts prompts) {
    return std::async(std::launch::async,
                      [path = keyboard.path(), prompts] { return ask_passphrase(path, prompts); });
}

TEST(Passphrase, is_asked_twice_and_never_shown) {
    Keyboard keyboard;
    auto asked = ask_on(keyboard, Prompts::kTwice);
    keyboard.answer("passphrase: ", "correct horse\n");
    keyboard.answer("again: ", "correct horse\n");
    const auto passphrase = asked.get();
    ASSERT_TRUE(passphrase) << passphrase.error().message();
    EXPECT_EQ(*passphrase, "correct horse");
    EXPECT_TRUE(keyboard.shows_typing());
    EXPECT_EQ(keyboard.screen(), "passphrase: \r\nagain: \r\n");
}

TEST(Passphrase, of_an_import_is_asked_once_and_may_be_short) {
    Keyboard keyboard;
    auto asked = ask_on(keyboard, Prompts::kOnce);
    keyboard.answer("passphrase: ", "short\n");
    EXPECT_EQ(asked.get().value(), "short");
}

TEST(Passphrase, two_that_differ_are_refused) {
    Keyboard keyboard;
    auto asked = ask_on(keyboard, Prompts::kTwice);
    keyboard.answer("passphrase: ", "correct horse\n");
    keyboard.answer("again: ", "correct house\n");
    const auto passphrase = asked.get();
    ASSERT_FALSE(passphrase);
    EXPECT_EQ(passphrase.error().message(), "the two passphrases differ (the same command again)");
    EXPECT_TRUE(keyboard.shows_typing());
}

TEST(Passphrase, a_short_or_empty_or_endless_one_is_refused_at_once) {
    Keyboard keyboard;
    auto asked = ask_on(keyboard, Prompts::kTwice);
    keyboard.answer("passphrase: ", "elevenchars\n");
    EXPECT_EQ(asked.get().error().cause, "the passphrase has fewer than 12 characters");
    asked = ask_on(keyboard, Prompts::kOnce);
    keyboard.answer("passphrase: ", "\n");
    EXPECT_EQ(asked.get().error().cause, "no passphrase was typed");
    asked = ask_on(keyboard, Prompts::kOnce);
    keyboard.answer("passphrase: ", std::string(kPassphraseMax + 1, 'x') + "\n");
    EXPECT_EQ(asked.get().error().cause, "the passphrase is longer than 1024 bytes");
    EXPECT_TRUE(keyboard.shows_typing());
}

TEST(Passphrase, what_is_no_terminal_is_not_asked) {
    EXPECT_FALSE(ask_passphrase("/dev/null", Prompts::kOnce));
    EXPECT_FALSE(ask_passphrase("/nonexistent", Prompts::kOnce));
}

}  // namespace
}  // namespace weft::cli
