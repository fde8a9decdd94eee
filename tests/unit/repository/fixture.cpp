#include "unit/repository/fixture.hpp"

#include "chaindb/sqlite/connection.hpp"
#include "repository/image_reader.hpp"
#include "sample/append_blocks.hpp"
#include "sample/create_chain.hpp"

namespace bt2c::repository::test {

namespace {

Repository make(const fs::path& home, const std::shared_ptr<storage::Location>& location, int blocks) {
    fs::create_directories(home / "data");
    sample::ChainOptions options;
    options.blocks = blocks;
    options.transactions_per_block = 8;
    sample::create_chain(home / "data/blockchain.db", options);
    std::vector<Repository::LabelledSecret> secrets;
    secrets.push_back({key_secret(), "test"});
    return Repository::init(location, secrets);
}

}  // namespace

BackedUpHome::BackedUpHome(int blocks) : repository(make(home.root, location, blocks)) {
    folder.write("home/config/validator.json", R"({"node_name": "n"})");
    folder.write("home/config/na\xC3\xAFve % \xFF.json", "{}");
    folder.write("home/keys/validator.pem", std::string(3'000'000, 'k') + "end");
    folder.write("home/wallets/empty", "");
    fs::create_symlink("../keys/validator.pem", home.config() / "link");
}

void BackedUpHome::grow(int blocks) const {
    auto connection =
        chaindb::sqlite::Connection::open(home.database(), chaindb::sqlite::Connection::Mode::read_write);
    sample::append_blocks(connection, blocks);
}

Manifest BackedUpHome::back_up(BackupType type) const {
    base::SilentProgress progress;
    backup::BackupRequest request;
    request.type = type;
    request.program = "test";
    return backup::make_backup(home, repository, request, progress).manifest;
}

void overwrite(const fs::path& file, const std::string& contents) {
    fs::permissions(file, fs::perms(0600));
    std::ofstream(file, std::ios::binary) << contents;
}

void flip_bit(const fs::path& file, std::size_t offset) {
    std::string contents = support::file_text(file);
    contents.at(offset) = static_cast<char>(contents.at(offset) ^ 0x10);
    overwrite(file, contents);
}

void truncate(const fs::path& file, std::size_t size) {
    fs::permissions(file, fs::perms(0600));
    fs::resize_file(file, size);
}

base::Bytes image_of(const Repository& repository, const Manifest& manifest) {
    const ImageReader reader(repository, manifest);
    base::Bytes image(reader.image().bytes());
    reader.read_groups(0, reader.group_count(), image);
    return image;
}

}  // namespace bt2c::repository::test
