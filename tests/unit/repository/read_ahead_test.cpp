// Reading versions of pages from where each reading takes its time. [B4]

#include "repository/read_ahead.hpp"

#include <algorithm>
#include <thread>

#include "repository/image_reader.hpp"
#include "storage/fan_out/fan_out.hpp"
#include "support/unruly_location.hpp"
#include "unit/repository/fixture.hpp"

namespace bt2c::repository {
namespace {

using base::Bytes;
using support::UnrulyLocation;
using test::BackedUpHome;

std::shared_ptr<UnrulyLocation> copy_of(storage::Location& location) {
    auto copy = std::make_shared<UnrulyLocation>();
    for (const auto& object : location.list(""))
        copy->memory.overwrite(object.name, location.get(object.name).value());
    return copy;
}

/// What a manifest calls an image.
std::string image_digest(const Repository& repository, const Manifest& manifest, const Bytes& image) {
    crypto::Sha256 digest;
    for (const ContentId& id : repository.keys().hasher().of_pieces(image, manifest.image->page_size))
        digest.update(id);
    return base::to_hex(digest.finish());
}

/// A full backup and two of what changed since.
class PageVersions : public testing::Test {
 protected:
    BackedUpHome home{400};
    Manifest full = home.back_up(BackupType::full);
    Manifest middle = changed(60);
    Manifest last = changed(60);

    Manifest changed(int blocks) const {
        home.grow(blocks);
        return home.back_up(BackupType::incremental);
    }
    /// Differences of the last backup that are blobs of their own in one pack, by their places there.
    std::vector<PageEntry> neighbours() const {
        const ImageReader reader(home.repository, last);
        std::vector<PageEntry> entries;
        for (const PageEntry& entry : reader.differences())
            if (reader.packs().entry(entry.blob).kind == BlobKind::page_difference &&
                entry.blob.pack + 1 == reader.packs().size())
                entries.push_back(entry);
        std::ranges::sort(entries, {}, [](const PageEntry& entry) { return entry.blob; });
        return entries;
    }
    /// Where the blob of one of them is in its pack's file.
    std::size_t offset(const PageEntry& entry) const {
        return PackSet(home.repository, last).entry(entry.blob).offset;
    }
    std::string pack_of_neighbours() const { return object_name(ObjectType::pack, last.packs.back().id); }
};

TEST_F(PageVersions, AreReadManyAtATime) {
    const auto server = copy_of(*home.location);
    std::atomic<int> readings = 0;
    server->before = [&](const std::string&, const std::string& object) {
        if (object.starts_with("packs/")) ++readings;
    };
    const Repository there = home.repository.at(server);
    const ImageReader reader(there, last);
    Bytes image(reader.image().bytes());
    constexpr std::uint32_t at_once = 4;
    std::size_t units = 0;
    for (std::uint32_t group = 0; group < reader.group_count(); group += at_once, ++units) {
        const std::size_t from = std::size_t{group} * reader.group_pages() * reader.image().page_size;
        const std::size_t size = std::min<std::size_t>(
            std::size_t{at_once} * reader.group_pages() * reader.image().page_size, image.size() - from);
        reader.read_groups(group, std::min(at_once, reader.group_count() - group),
                           base::MutableBytes(image).subspan(from, size));
    }
    EXPECT_EQ(image_digest(there, last, image), last.image->digest);
    // The full backup's groups, a piece or two of each of the others' packs, and the tables.
    const std::size_t few = units + 2 * last.packs.size() + 4;
    EXPECT_LE(static_cast<std::size_t>(readings), few);
    EXPECT_GT(neighbours().size(), 2 * few) << "the test says nothing";
}

TEST_F(PageVersions, OneIsReadAloneWhereANeighbourIsDamaged) {
    const std::vector<PageEntry> entries = neighbours();
    ASSERT_GT(entries.size(), 2U);
    const PageEntry& bad = entries[entries.size() / 2];
    test::flip_bit(home.root / pack_of_neighbours(), offset(bad));
    const ImageReader reader(home.repository, last);
    ImageReader::LooseBlob loose;
    for (const PageEntry& entry : entries) {
        const std::uint32_t group = (entry.page - 1) / reader.group_pages();
        const Bytes pages = reader.full_group(group);
        const std::size_t at =
            std::size_t{(entry.page - 1) % reader.group_pages()} * reader.image().page_size;
        ASSERT_LE(at + reader.image().page_size, pages.size());
        Bytes page(&pages[at], &pages[at] + reader.image().page_size);
        if (entry.page == bad.page) {
            EXPECT_EQ(test::error_of([&] { reader.apply(entry, page, loose); }).cause(),
                      "its seal does not verify");
        } else {
            reader.apply(entry, page, loose);
            EXPECT_EQ(home.repository.keys().hasher()(page), entry.id);
        }
    }
}

TEST_F(PageVersions, OfCopiesThatAreDamagedInDifferentPlacesGiveTheWhole) {
    const std::vector<PageEntry> entries = neighbours();
    const auto server = copy_of(*home.location);
    test::flip_bit(home.root / pack_of_neighbours(), offset(entries.front()));
    Bytes pack = server->memory.get(pack_of_neighbours()).value();
    pack.at(offset(entries.back())) ^= 1;
    server->memory.overwrite(pack_of_neighbours(), pack);
    const auto both = std::make_shared<storage::fan_out::FanOut>(std::vector<storage::fan_out::Place>{
        {"server", server, true, 1}, {"folder", home.location, false, 1}});
    const Repository there = home.repository.at(both);
    EXPECT_EQ(image_digest(there, last, test::image_of(there, last)), last.image->digest);
    ASSERT_EQ(both->faults().size(), 1U);
    EXPECT_EQ(both->faults()[0].part, "folder");  // which is the nearest
}

TEST_F(PageVersions, AreTheSameForManyThreadsAndInSmallPieces) {
    const PackSet packs(home.repository, last);
    const std::vector<PageEntry> entries = neighbours();
    for (const std::size_t spread : {1U, 1'000'000U}) {
        ReadAhead ahead(spread);
        std::vector<std::thread> threads;
        for (std::size_t begin = 0; begin < 4; ++begin)
            threads.emplace_back([&, begin] {
                for (std::size_t i = begin; i < entries.size(); ++i)
                    EXPECT_EQ(ahead.payload(packs, entries[i].blob), packs.payload(entries[i].blob));
            });
        for (std::thread& thread : threads) thread.join();
    }
}

TEST(ReadAhead, DropsWhatWasUsedLongAgo) {
    BackedUpHome home(20);
    std::string noise(std::size_t{40} << 20, '\0');
    std::uint64_t state = 1;
    for (char& byte : noise) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        byte = static_cast<char>(state >> 56);
    }
    home.folder.write("home/wallets/large", noise);
    const Manifest manifest = home.back_up(BackupType::full);
    const auto file = std::ranges::find(manifest.files, "wallets/large", &FileEntry::path);
    ASSERT_NE(file, manifest.files.end());
    ASSERT_EQ(file->pieces.size(), 40U);
    const auto server = copy_of(*home.location);
    const Repository there = home.repository.at(server);
    const PackSet packs(there, manifest);
    std::atomic<int> readings = 0;
    server->before = [&](const std::string&, const std::string&) { ++readings; };
    ReadAhead ahead(1);
    for (const BlobReference& piece : file->pieces) ahead.payload(packs, piece);
    EXPECT_EQ(readings, 40);
    for (std::size_t i = 20; i < 40; ++i) ahead.payload(packs, file->pieces[i]);
    EXPECT_EQ(readings, 40);
    ahead.payload(packs, file->pieces[0]);
    EXPECT_EQ(readings, 41);
}

}  // namespace
}  // namespace bt2c::repository
