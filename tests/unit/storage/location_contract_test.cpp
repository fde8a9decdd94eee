// Runs the contract suite on every location.

#include "contract/location_suite.hpp"
#include "storage/archive/archive_location.hpp"
#include "storage/archive/archive_writer.hpp"
#include "storage/fan_out/fan_out.hpp"
#include "storage/local/local_location.hpp"
#include "storage/memory/memory_location.hpp"
#include "storage/sftp/sftp_location.hpp"
#include "support/sshd_server.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::storage::contract {
namespace {

std::shared_ptr<Location> fill(std::shared_ptr<Location> location) {
    if (!location) return nullptr;
    for (const auto& [name, contents] : sample_objects())
        if (!location->put(name, bytes_of(contents))) throw std::logic_error("the name is taken");
    return location;
}

std::shared_ptr<Location> in_memory() {
    return std::make_shared<memory::MemoryLocation>();
}

/// A location and the folder that it stands in.
std::shared_ptr<Location> in_folder() {
    struct Owner {
        support::TemporaryFolder folder;
        local::LocalLocation location{folder / "repo sitory \xC3\xA4"};
    };
    const auto owner = std::make_shared<Owner>();
    return {owner, &owner->location};
}

std::shared_ptr<Location> in_archive() {
    struct Owner {
        support::TemporaryFolder folder;
        std::unique_ptr<archive::ArchiveLocation> location;
    };
    const auto owner = std::make_shared<Owner>();
    archive::ArchiveWriter writer(owner->folder / "export", false);
    for (const auto& [name, contents] : sample_objects())
        writer.add(name, bytes_of(contents), std::string(64, '0'));
    writer.commit();
    owner->location = std::make_unique<archive::ArchiveLocation>(owner->folder / "export");
    return {owner, owner->location.get()};
}

/// A location and the server that keeps it.
std::shared_ptr<Location> on_server() {
    struct Owner {
        support::SshdServer server;
        sftp::SftpLocation location{{.host = "127.0.0.1",
                                     .port = server.port(),
                                     .user = server.user(),
                                     .path = "repo sitory \xC3\xA4",
                                     .key_file = server.key(),
                                     .known_hosts_file = server.known_hosts()}};
    };
    if (!support::sshd_is_installed()) return nullptr;
    const auto owner = std::make_shared<Owner>();
    return {owner, &owner->location};
}

std::shared_ptr<Location> in_fan() {
    return std::make_shared<fan_out::FanOut>(std::vector<fan_out::Place>{{"folder", in_folder(), false, 1},
                                                                         {"memory", in_memory(), true, 4},
                                                                         {"other", in_memory(), true, 1}});
}

const Maker fan_maker{"fan", [] { return fill(in_fan()); }, in_fan};
const Maker memory_maker{"memory", [] { return fill(in_memory()); }, in_memory};
const Maker local_maker{"local", [] { return fill(in_folder()); }, in_folder};
const Maker sftp_maker{"sftp", [] { return fill(on_server()); }, on_server};
const Maker archive_maker{"archive", in_archive, {}};

INSTANTIATE_TEST_SUITE_P(Storage, LocationRead,
                         testing::Values(memory_maker, local_maker, archive_maker, sftp_maker, fan_maker),
                         maker_name);
INSTANTIATE_TEST_SUITE_P(Storage, LocationWrite,
                         testing::Values(memory_maker, local_maker, sftp_maker, fan_maker), maker_name);

}  // namespace
}  // namespace bt2c::storage::contract
