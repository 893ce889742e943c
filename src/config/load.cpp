// SPDX-License-Identifier: Apache-2.0
// load(): weft.toml, then weft.toml.d/*.toml in name order, then the environment, then the checks.
// Control thread (start and reload), or the CLI (weft config check), from the same code.
#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <weft/base/read_to_end.hpp>
#include <weft/base/unique_fd.hpp>

#include "draft.hpp"
#include "show.hpp"

namespace weft::config {
namespace {

constexpr std::size_t kFileMost = 4 << 20;  // the largest file that is read
constexpr std::size_t kFilesMost = 1000;    // in weft.toml.d
constexpr std::size_t kHostNameMost = 64;   // HOST_NAME_MAX

Result<std::string> read_file(const std::filesystem::path& path) {
    const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd.valid()) {
        const bool missing = errno == ENOENT;
        return errno_error(
            errno, path.string(), missing ? "write it, or name another: --config FILE" : "");
    }
    Result<std::string> text = read_to_end(fd, kFileMost, path.string());
    if (!text && text.error().code == std::errc::file_too_large) {
        return invalid(path.string() + ": larger than 4 MiB");
    }
    return text;
}

/// The files of FILE.d that count: *.toml, not hidden, in name order.
Result<std::vector<std::filesystem::path>> drop_ins(const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    std::filesystem::directory_iterator entry{directory, error};
    for (; !error && entry != std::filesystem::directory_iterator{}; entry.increment(error)) {
        const auto& path = entry->path();
        if (path.extension() == ".toml" && path.filename().native().front() != '.') {
            files.push_back(path);
        }
        if (files.size() > kFilesMost) {
            return invalid(directory.string() + ": more than 1000 files");
        }
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        return errno_error(error.value(), directory.string());
    }
    std::sort(files.begin(), files.end());
    return files;
}

/// Whether a file that is not there is as good as an empty one: nobody named it.
bool may_be_missing(const std::filesystem::path& main) {
    std::error_code error;
    return main == Paths{}.config && !std::filesystem::exists(main, error) && !error;
}

/// Every file that makes up the configuration, with the name it has in messages.
Result<std::vector<std::pair<std::filesystem::path, std::string>>> files_of(
    const std::filesystem::path& main) {
    std::filesystem::path directory = main;
    directory += ".d";
    const auto extra = drop_ins(directory);
    if (!extra) {
        return extra.error();
    }
    std::vector<std::pair<std::filesystem::path, std::string>> files;
    if (!may_be_missing(main)) {
        files.emplace_back(main, main.filename().string());
    }
    for (const auto& file : *extra) {
        files.emplace_back(file, (directory.filename() / file.filename()).string());
    }
    return files;
}

std::string host_name() {
    std::array<char, kHostNameMost + 1> buffer{};
    if (::gethostname(buffer.data(), buffer.size() - 1) != 0) {
        return "node";
    }
    const std::string name{buffer.data()};
    const std::string label = name.substr(0, name.find('.'));
    return label.empty() ? "node" : label;
}

void resolve_paths(Draft& draft) {
    const auto resolve = [&](std::filesystem::path& file) {
        if (!file.empty() && file.is_relative()) {
            file = draft.directory / file;
        }
    };
    resolve(draft.node.private_key_file);
    for (PeerDraft& peer : draft.peers) {
        resolve(peer.peer.preshared_key_file);
    }
    for (DiscoveryDraft& discovery : draft.discovery) {
        resolve(discovery.source.file);
    }
}

Config finish(Draft draft) {
    Config config;
    config.node = std::move(draft.node);
    config.network = draft.network;
    config.cni = std::move(draft.cni);
    config.firewall = std::move(draft.firewall);
    config.gossip = draft.gossip;
    config.api = std::move(draft.api);
    config.log = std::move(draft.log);
    config.offloads = draft.offloads;
    config.origins = std::move(draft.origins);
    for (PeerDraft& peer : draft.peers) {
        for (auto& [key, where] : peer.origins) {
            config.origins["peer." + peer.peer.name + "." + key] = std::move(where);
        }
        config.peers.push_back(std::move(peer.peer));
    }
    for (DiscoveryDraft& discovery : draft.discovery) {
        const std::string path = "discovery." + std::to_string(config.discovery.size()) + ".";
        for (auto& [key, where] : discovery.origins) {
            config.origins[path + key] = std::move(where);
        }
        config.discovery.push_back(std::move(discovery.source));
    }
    for (const Section& section : sections_of(config)) {
        for (const Setting& setting : section.settings) {
            config.origins.try_emplace(section.path + "." + setting.key, "default");
        }
    }
    return config;
}

}  // namespace

Result<Config> load(const Paths& paths) {
    Draft draft;
    draft.main_file = paths.config.filename().string();
    std::error_code error;  // only where there is no current directory: paths stay relative
    draft.directory = std::filesystem::absolute(paths.config, error).parent_path();
    const auto files = files_of(paths.config);
    if (!files) {
        return files.error();
    }
    for (const auto& [path, name] : *files) {
        const auto text = read_file(path);
        if (!text) {
            return text.error();
        }
        if (auto added = add_file(draft, *text, name); !added) {
            return added.error();
        }
    }
    if (draft.node.name.empty()) {
        draft.node.name = host_name();
    }
    resolve_paths(draft);
    if (auto applied = apply_environment(draft, paths); !applied) {
        return applied.error();
    }
    if (auto checked = check(draft); !checked) {
        return checked.error();
    }
    return finish(std::move(draft));
}

std::filesystem::path find_socket(const Paths& paths) {
    if (paths.socket) {
        return *paths.socket;
    }
    std::filesystem::path found = paths.run_dir / "weftd.sock";
    const auto files = files_of(paths.config);
    if (!files) {
        return found;
    }
    for (const auto& [path, name] : *files) {
        const auto text = read_file(path);
        const auto socket = text ? socket_in(*text) : std::filesystem::path{};
        if (!socket.empty()) {
            found = socket;
        }
    }
    return found;
}

}  // namespace weft::config
