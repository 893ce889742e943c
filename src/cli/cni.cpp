// SPDX-License-Identifier: Apache-2.0
// weft cni install and uninstall. A runtime that watches its configuration directory begins with
// the network at once: so the binary comes first, the node must be ready, and the configuration is
// renamed into place under its name last.
#include <cerrno>
#include <ostream>
#include <thread>

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>

#include <weft/api/node_file.hpp>
#include <weft/base/read_to_end.hpp>
#include <weft/base/write_file.hpp>
#include <weft/ipam/store.hpp>

#include "commands.hpp"

namespace weft::cli {
namespace {

using api::kConflistName;
using api::kPluginName;
constexpr const char* kBeside = "../libexec/weft/weft-cni";  // of the directory of weft
constexpr std::size_t kPluginMax = 64 << 20;
constexpr mode_t kPluginMode = 0755;
constexpr mode_t kConflistMode = 0644;
constexpr mode_t kStateMode = 0750;
constexpr std::chrono::milliseconds kReadyPause{100};

using Path = std::filesystem::path;

config::CniConfig configured(const Context& context, const CniPlaces& places) {
    config::CniConfig cni;
    if (const Result<config::Config> config = config::load(context.paths)) {
        cni = config->cni;
    }
    if (!places.conf_dir.empty()) {
        cni.conf_dir = places.conf_dir;
    }
    if (!places.bin_dir.empty()) {
        cni.bin_dir = places.bin_dir;
    }
    return cni;
}

Result<Path> find_plugin(const CniPlaces& places) {
    if (!places.binary.empty()) {
        return Path{places.binary};
    }
    std::error_code error;
    const Path self = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    for (const Path& candidate : {self / kPluginName, self / kBeside}) {
        if (std::filesystem::is_regular_file(candidate, error)) {
            return candidate;
        }
    }
    return invalid("weft-cni is neither beside weft nor in ../libexec/weft",
                   "say where it is: --binary FILE");
}

Result<std::string> read_plugin(const Path& file) {
    const UniqueFd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd.valid()) {
        return errno_error(errno, file.string());
    }
    return read_to_end(fd, kPluginMax, file.string());
}

/// Under a name that no runtime takes for a configuration, then renamed; in the same directory, for
/// containerd sees a file that leaves its name and none that comes from elsewhere.
Result<> put(const Path& file, std::string_view text, mode_t mode) {
    std::error_code error;
    std::filesystem::create_directories(file.parent_path(), error);
    if (error) {
        return errno_error(error.value(), file.parent_path().string());
    }
    return replace_file(file, bytes_of(text), mode);
}

/// Nothing where it is there already under this name.
Result<> put_plugin(const Path& source, const Path& file) {
    std::error_code error;
    if (std::filesystem::equivalent(source, file, error)) {
        return {};
    }
    const Result<std::string> plugin = read_plugin(source);
    if (!plugin) {
        return plugin.error();
    }
    return put(file, *plugin, kPluginMode);
}

/// An existing directory is made over only where it is the plugin's or empty: not /var/lib, say.
Result<> check_is_a_ledgers(int directory, const Path& path) {
    struct stat about {};
    if (::fstat(directory, &about) != 0) {
        return errno_error(errno, path.string());
    }
    std::error_code error;
    const bool is_a_ledgers = std::filesystem::exists(path / ipam::kLockName, error) ||
                              std::filesystem::is_empty(path, error);
    if (about.st_uid != ::geteuid() || (about.st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
        !is_a_ledgers) {
        return invalid(path.string() + " is another's, or there is something else in it",
                       "choose a directory of its own: --state-dir DIR");
    }
    return {};
}

/// Who may ask the daemon may read the ledger. Nothing: there is no such group, and root alone may.
std::optional<gid_t> readers(const Context& context) {
    std::string name = config::ApiConfig{}.group;
    if (const Result<config::Config> config = config::load(context.paths)) {
        name = config->api.group;
    }
    const group* const found = ::getgrnam(name.c_str());  // NOLINT(concurrency-mt-unsafe)
    return found == nullptr ? std::nullopt : std::optional{found->gr_gid};
}

/// The ledger's directory, and the journal that the plugin may have made before.
Result<> make_state_directory(const Context& context, const Path& path) {
    if (!path.is_absolute()) {
        return invalid("--state-dir " + path.string() + " is no absolute path");
    }
    if (::mkdir(path.c_str(), kStateMode) != 0 && errno != EEXIST) {
        return errno_error(errno, path.string());
    }
    const UniqueFd directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!directory.valid()) {
        return errno_error(errno, path.string());
    }
    if (Result<> checked = check_is_a_ledgers(directory.get(), path); !checked) {
        return checked;
    }
    const gid_t gid = readers(context).value_or(static_cast<gid_t>(-1));
    constexpr auto kSameOwner = static_cast<uid_t>(-1);
    if (::fchmod(directory.get(), kStateMode) != 0 ||
        ::fchown(directory.get(), kSameOwner, gid) != 0 ||
        (::fchownat(directory.get(), ipam::kJournalName, kSameOwner, gid, AT_SYMLINK_NOFOLLOW) !=
             0 &&
         errno != ENOENT)) {
        return errno_error(errno, path.string());
    }
    return {};
}

/// In the words of CNI 1.0: with a later version in "cniVersions" runtimes that know it use it for
/// the whole chain, and the portmap of today's distributions does not. portmap is left out where it
/// is not installed, for a network with a plugin that is missing is none.
std::string conflist(const Context& context, const CniPlaces& places, const Path& bin_dir) {
    namespace json = boost::json;
    json::object plugin{{"type", kPluginName}};
    if (context.paths.run_dir != config::Paths{}.run_dir) {
        plugin["nodeFile"] = (context.paths.run_dir / api::kNodeFileName).string();
    }
    if (places.state_dir != CniPlaces{}.state_dir) {
        plugin["stateDir"] = places.state_dir;
    }
    plugin["capabilities"] = {{"ips", true}, {"mac", true}};
    json::array plugins{plugin};
    std::error_code error;
    if (std::filesystem::exists(bin_dir / "portmap", error)) {
        plugins.push_back({{"type", "portmap"}, {"capabilities", {{"portMappings", true}}}});
    }
    const json::object network{{"cniVersion", "1.0.0"}, {"name", "weft"}, {"plugins", plugins}};
    return json::serialize(network) + "\n";
}

/// Why the node is not ready, once `patience` is over.
std::optional<Error> wait_until_ready(const Path& file, std::chrono::seconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
        const Result<api::NodeFile> node = api::read_node_file(file);
        if (node && node->ready) {
            return std::nullopt;
        }
        if (std::chrono::steady_clock::now() >= deadline) {
            Error error = node ? Error{std::make_error_code(std::errc::timed_out),
                                       "the node is not ready: " + node->reason,
                                       {}}
                               : node.error();
            error.remedy = "weft status says more; weft cni install --wait-ready waits";
            return error;
        }
        std::this_thread::sleep_for(kReadyPause);
    }
}

int fail_with_permission(const Context& context, const Error& error) {
    const bool permission = error.code == std::errc::permission_denied ||
                            error.code == std::errc::operation_not_permitted;
    return fail(context, error, permission ? kPermission : kFailed);
}

}  // namespace

int install_cni(const Context& context, const CniPlaces& places, std::chrono::seconds patience) {
    const config::CniConfig cni = configured(context, places);
    const Result<Path> source = find_plugin(places);
    if (!source) {
        return fail(context, source.error());
    }
    if (Result<> made = make_state_directory(context, places.state_dir); !made) {
        return fail_with_permission(context, made.error());
    }
    if (Result<> put_there = put_plugin(*source, cni.bin_dir / kPluginName); !put_there) {
        return fail_with_permission(context, put_there.error());
    }
    if (const auto error = wait_until_ready(context.paths.run_dir / api::kNodeFileName, patience)) {
        return fail(context, *error, patience.count() == 0 ? kFailed : kTimeout);
    }
    const Path file = cni.conf_dir / kConflistName;
    if (Result<> put_there = put(file, conflist(context, places, cni.bin_dir), kConflistMode);
        !put_there) {
        return fail_with_permission(context, put_there.error());
    }
    context.terminal.out << "installed " << (cni.bin_dir / kPluginName).string() << " and "
                         << file.string() << "\n";
    return kOk;
}

int uninstall_cni(const Context& context, const CniPlaces& places) {
    const config::CniConfig cni = configured(context, places);
    for (const Path& file : {cni.conf_dir / kConflistName, cni.bin_dir / kPluginName}) {
        if (::unlink(file.c_str()) == 0) {
            context.terminal.out << "removed " << file.string() << "\n";
        } else if (errno != ENOENT && errno != ENOTDIR) {
            return fail_with_permission(context, errno_error(errno, file.string()));
        }
    }
    return kOk;
}

}  // namespace weft::cli
