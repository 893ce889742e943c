// SPDX-License-Identifier: Apache-2.0
// Which container of this node has which addresses. A journal of events is the truth; what is in
// memory follows from replaying it. An event is written before anything that it allows is done:
// what may be handed out twice is handed out never, what may leak is found again (stale()).
//
//   record:  len u16 (of the payload)  type u8  version u8  payload  crc32c u32 (of all before it)
//
// Little-endian. Pure: the files are store.hpp's. One owner, one thread. The plugin writes, in one
// process per request; weft and weftd only read.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/net/address.hpp>

namespace weft::ipam {

using UnixMs = std::uint64_t;
using Addresses = std::vector<net::IpAddress>;

inline constexpr const char* kDirectoryDefault = "/var/lib/weft-cni";  // where its files lie
inline constexpr std::size_t kTextMax = 255;                           // of each text in a record
inline constexpr std::size_t kAddressesMax = 8;                        // of an attachment
inline constexpr std::size_t kJournalMax = 64 << 20;                   // a larger one is not ours
/// Of a journal between two syncs (store.hpp): what a crash may leave unreadable at its end.
inline constexpr std::size_t kUnsyncedMax = 64 << 10;
/// How long an address that a container had is given to nobody: neighbours and conntrack entries
/// of it die meanwhile.
inline constexpr std::chrono::milliseconds kRest{60'000};
/// How long an ADD may take between its reservation and its link.
inline constexpr std::chrono::milliseconds kInFlightMax{60'000};

/// An interface of a container.
struct Attachment {
    std::string container;
    std::string interface;

    friend auto operator<=>(const Attachment&, const Attachment&) = default;
};

/// On the clock that runs from the machine's start and is never set (CLOCK_BOOTTIME).
using UptimeMs = std::uint64_t;

struct Lease {
    std::string network;  ///< the CNI network's name
    std::string link;     ///< the host's end of the container's veth pair
    std::string boot;     ///< boot_id() when it was made
    UnixMs since = 0;     ///< shown; may be wrong
    Addresses addresses;
    std::optional<UptimeMs> uptime = {};  ///< when it was made; comparable within `boot`

    friend bool operator==(const Lease&, const Lease&) = default;
};

/// An ADD begins: before the container has its addresses. Takes the place of an earlier lease of
/// the same attachment, whose addresses are free at once.
struct Reserved {
    Attachment attachment;
    Lease lease;
};
/// A container has lost its addresses: they rest.
struct Released {
    Attachment attachment;
    UnixMs at = 0;
};
/// The container never had them, or the machine was started anew: they are free at once.
struct Dropped {
    Attachment attachment;
};
/// In snapshots: an address that rests.
struct Resting {
    net::IpAddress address;
    UnixMs since = 0;
};
/// In snapshots: where the search of its family goes on.
struct Cursor {
    net::IpAddress address;
};
using Event = std::variant<Reserved, Released, Dropped, Resting, Cursor>;

/// A whole record. Texts are at most kTextMax bytes long.
[[nodiscard]] std::vector<std::byte> encode(const Event& event);

struct Journal {
    std::vector<Event> events;
    std::size_t size = 0;  ///< of their records; what is behind them was torn off by a crash
};
/// All records up to the end or a torn tail, in which there is no whole record: at most what is
/// written between two syncs, and the record that this cuts. Zeroes, too, where the file had grown
/// and its bytes were not there yet. Errors (EBADMSG) name the record, its place and what to do.
[[nodiscard]] Result<Journal> read_journal(ConstBytes bytes);

/// What to do about a ledger that cannot be read.
inline constexpr const char* kNewLedgerRemedy =
    "move the file 'journal' away: a new ledger is begun, and addresses that running containers "
    "have are seen by their routes and not given again; a link that no container has any more "
    "(ip -o link show type veth) keeps its addresses until: ip link del NAME";

/// Now, on both clocks.
struct Moment {
    std::string boot;  ///< boot_id()
    UptimeMs uptime = 0;
    UnixMs now = 0;
};

class Ledger {
  public:
    /// Errors (EBADMSG): an address that another attachment has.
    Result<> apply(const Event& event);
    /// The records that make the same ledger; what has rested is left out.
    [[nodiscard]] std::vector<std::byte> snapshot(UnixMs now) const;

    [[nodiscard]] const std::map<Attachment, Lease>& leases() const { return leases_; }
    /// nullptr: it has none.
    [[nodiscard]] const Lease* lease(const Attachment& attachment) const;
    /// nullptr: nobody has it.
    [[nodiscard]] const Attachment* owner(const net::IpAddress& address) const;
    [[nodiscard]] bool is_resting(const net::IpAddress& address, UnixMs now) const;
    /// Of the block.
    [[nodiscard]] std::size_t count_resting(const net::Prefix& block, UnixMs now) const;

    /// The first free address of the block behind the one that was handed out last; neither the
    /// block's own, nor the gateway's (Prefix::first_host), nor IPv4's last; none of `in_use`.
    [[nodiscard]] std::optional<net::IpAddress> next(const net::Prefix& block,
                                                     const std::set<net::IpAddress>& in_use,
                                                     UnixMs now) const;

    /// Attachments that are gone although nobody said so: of an earlier boot, or without their link
    /// although they are older than an ADD may take.
    [[nodiscard]] std::vector<Event> stale(const Moment& moment,
                                           const std::set<std::string>& links) const;

  private:
    struct Apply;
    void forget(const Attachment& attachment, std::optional<UnixMs> rests_since);

    std::map<Attachment, Lease> leases_;
    std::map<net::IpAddress, Attachment> owners_;
    std::map<net::IpAddress, UnixMs> resting_;
    std::map<net::Family, net::IpAddress> cursors_;
};

/// The ledger that the events make. Errors: as apply().
[[nodiscard]] Result<Ledger> replay(const Journal& journal);

/// The host's name of a container's veth: net::kContainerLinkPrefix and 12 hex digits, of FNV-1a 64
/// over container, NUL and interface, folded to 48 bits. Never to change: DEL finds the link by it.
[[nodiscard]] std::string link_name(const Attachment& attachment);

/// Whether an address of the block may be a container's at all.
[[nodiscard]] bool is_assignable(const net::IpAddress& address, const net::Prefix& block);
/// How many there are: more in a /64 than an integer holds.
[[nodiscard]] double count_assignable(const net::Prefix& block);

}  // namespace weft::ipam
