// SPDX-License-Identifier: Apache-2.0
// A unix socket that answers each connection with fixed bytes, from a thread of its own: with the
// next of several answers, the last of them from then on. It keeps what it was asked. Stops when it
// dies.
#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace weft::test {

/// An HTTP answer as weftd writes it.
inline std::string http(const std::string& status, const std::string& body) {
    return "HTTP/1.1 " + status +
           "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\nConnection: close\r\n\r\n" + body;
}

class FakeDaemon {
  public:
    explicit FakeDaemon(std::string answer)
        : FakeDaemon(std::vector<std::string>{std::move(answer)}) {}
    explicit FakeDaemon(std::vector<std::string> answers) : answers_(std::move(answers)) {
        std::string pattern = (std::filesystem::temp_directory_path() / "weft-XXXXXX").string();
        directory_ = ::mkdtemp(pattern.data());
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = socket().string();
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listener_, 8) != 0) {
            ::abort();
        }
        thread_ = std::thread{[this] { serve(); }};
    }
    FakeDaemon(const FakeDaemon&) = delete;
    FakeDaemon& operator=(const FakeDaemon&) = delete;
    ~FakeDaemon() {
        ::shutdown(listener_, SHUT_RDWR);  // wakes accept
        thread_.join();
        ::close(listener_);
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }

    [[nodiscard]] std::filesystem::path socket() const { return directory_ / "weftd.sock"; }
    /// The requests so far, whole.
    [[nodiscard]] std::vector<std::string> requests() {
        const std::lock_guard lock{mutex_};
        return requests_;
    }

  private:
    void serve() {
        for (;;) {
            const int client = ::accept(listener_, nullptr, nullptr);
            if (client < 0) {
                return;
            }
            answer(client);
            ::close(client);
        }
    }

    void answer(int client) {
        std::string request;
        char buffer[4096];
        while (!is_whole(request)) {
            const ssize_t size = ::recv(client, buffer, sizeof buffer, 0);
            if (size <= 0) {
                return;
            }
            request.append(buffer, static_cast<std::size_t>(size));
        }
        const std::string& bytes = answers_[std::min(answered_++, answers_.size() - 1)];
        {
            const std::lock_guard lock{mutex_};
            requests_.push_back(request);
        }
        if (bytes.empty()) {  // never answers; ends when the client does
            static_cast<void>(::recv(client, buffer, sizeof buffer, 0));
            return;
        }
        static_cast<void>(::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL));
    }

    static bool is_whole(const std::string& request) {
        const std::size_t head = request.find("\r\n\r\n");
        if (head == std::string::npos) {
            return false;
        }
        const std::size_t length = request.find("Content-Length: ");
        return length == std::string::npos ||
               request.size() - head - 4 >= std::stoul(request.substr(length + 16));
    }

    const std::vector<std::string> answers_;
    std::size_t answered_ = 0;  // of thread_
    std::filesystem::path directory_;
    int listener_ = -1;
    std::mutex mutex_;
    std::vector<std::string> requests_;  // guarded by mutex_
    std::thread thread_;
};

}  // namespace weft::test
