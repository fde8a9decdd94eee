#include <future>
#include <memory>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "repository/copies.hpp"
#include "repository/image_reader.hpp"
#include "restore/image_in_flight.hpp"
#include "restore/source.hpp"
#include "restore/write_behind.hpp"

namespace bt2c::restore {

using base::Bytes;
using base::Error;
using base::ErrorKind;
using repository::FileEntry;
using repository::FileKind;
using repository::Manifest;
using repository::Repository;

namespace {

/// Groups that one thread reads, checks and writes at a time: 1 MiB, as ImageInFlight counts on.
constexpr std::uint32_t unit_groups = 4;
constexpr std::string_view database_path = "data/blockchain.db";
/// What is in flight and the blocks of a proof at once are too much memory together beyond this many; a
/// taller chain is proved once it is written, in parts.
constexpr std::int64_t blocks_in_flight_max = 400'000;

std::uint64_t unit_bytes_of(const repository::ImageInfo& image) {
    return std::uint64_t{unit_groups} * image.group_pages * image.page_size;
}

void write_image(const Repository& repository, const Manifest& manifest,
                 const repository::ImageReader& reader, platform::DurableFile& file, ImageInFlight& flight,
                 base::Progress& progress) {
    const repository::ImageInfo& image = reader.image();
    const std::uint32_t groups = reader.group_count();
    const std::uint64_t units = (std::uint64_t{groups} + unit_groups - 1) / unit_groups;
    const std::uint64_t unit_bytes = unit_bytes_of(image);
    progress.phase("writing the database", image.bytes());
    file.allocate(image.bytes());
    crypto::Sha256 digest;
    const crypto::ContentHasher hasher = repository.keys().hasher();
    WriteBehind disk(file);
    base::ordered_parallel(
        repository::readers_at_once(repository.location()), units,
        [&](std::uint64_t unit) {
            auto memory = flight.begin_unit(unit);
            const auto first = static_cast<std::uint32_t>(unit * unit_groups);
            const base::MutableBytes bytes =
                memory->bytes().first(std::min(unit_bytes, image.bytes() - unit * unit_bytes));
            reader.read_groups(first, std::min(unit_groups, groups - first), bytes);
            auto unwritten = disk.write(memory, bytes.size(), unit * unit_bytes);
            auto ids = hasher.of_pieces(bytes, image.page_size);
            flight.made(unit, std::move(memory), std::move(unwritten));
            return ids;
        },
        [&](std::uint64_t, const std::vector<repository::ContentId>& ids) {
            for (const repository::ContentId& id : ids) digest.update(id);
            progress.advance(ids.size() * image.page_size);
        });
    disk.finish();
    if (base::to_hex(digest.finish()) != image.digest)
        throw Error(ErrorKind::failed, base::format("backup {} is damaged", manifest.id.brief()))
            .cause("the database put together from it is not the one that was backed up")
            .hint("run 'bt2c-dr repository check --read-data', and restore another backup");
}

/// While the image is written its chain is proved out of memory, since reading it back would take longer than
/// writing it. Without `prove` it is only written.
void write_database(const Repository& repository, const Manifest& manifest, platform::DurableFile& file,
                    const DatabaseSource::Prove& prove, base::Progress& progress) {
    const repository::ImageReader reader(repository, manifest);
    const repository::ImageInfo& image = reader.image();
    ImageInFlight flight({image.page_size, image.page_count}, unit_bytes_of(image), file,
                         [&](std::uint32_t page, base::MutableBytes out) { reader.read_pages(page, out); });
    if (!prove) {
        flight.reading_ended();
        write_image(repository, manifest, reader, file, flight, progress);
        return;
    }
    auto proved = std::async(std::launch::async, [&, stop = base::present_stop()] {
        const base::StopScope scope(stop);
        try {
            prove(flight.image());
        } catch (...) {
            flight.reading_ended();
            throw;
        }
        flight.reading_ended();
    });
    try {
        write_image(repository, manifest, reader, file, flight, progress);
    } catch (...) {
        flight.abandon();
        throw;  // once the proof has ended too, whose result does not matter any more
    }
    progress.phase("proving the chain", 0);
    proved.get();
}

bool fits_in_flight(const Manifest& manifest) {
    std::int64_t blocks = 0;
    for (const auto& network : manifest.networks) {
        if (network.height >= blocks_in_flight_max) return false;
        blocks += network.height + 1;
    }
    return blocks <= blocks_in_flight_max;
}

/// Reads pieces of one file of a backup, and checks each piece's seal and the whole's content id.
class FileReader {
 public:
    FileReader(const Repository& repository, std::shared_ptr<const repository::PackSet> packs,
               FileEntry entry)
        : repository_(repository), packs_(std::move(packs)), entry_(std::move(entry)) {}

    Bytes operator()(std::uint64_t piece) const {
        if (piece == 0) check();
        return packs_->contents(entry_.pieces.at(piece));
    }

 private:
    void check() const {
        crypto::ContentHasher hasher = repository_.keys().hasher();
        Bytes ids;
        std::uint64_t bytes = 0;
        for (const repository::BlobReference& reference : entry_.pieces) {
            const Bytes piece = packs_->contents(reference);
            const repository::ContentId id = hasher(piece);
            ids.insert(ids.end(), id.begin(), id.end());
            bytes += piece.size();
        }
        repository::ContentId whole{};
        if (ids.size() == whole.size())
            std::copy(ids.begin(), ids.end(), whole.begin());
        else
            whole = hasher(ids);
        if (bytes != entry_.bytes || whole != entry_.content_id)
            throw Error(ErrorKind::failed,
                        base::format("file {} in the backup is damaged", base::printable(entry_.path)));
    }

    const Repository& repository_;
    std::shared_ptr<const repository::PackSet> packs_;
    FileEntry entry_;
};

/// A database that was kept as plain files, since SQLite could not read it.
std::optional<DatabaseSource> raw_database(const std::vector<FileSource>& files) {
    std::optional<DatabaseSource> database;
    const auto copy = [](const FileSource& source, platform::DurableFile& file) {
        for (std::uint64_t piece = 0; piece < source.entry.pieces.size(); ++piece)
            file.append(source.read_piece(piece));
    };
    for (const FileSource& source : files) {
        const FileEntry& entry = source.entry;
        if (entry.kind != FileKind::file || !entry.path.starts_with(database_path)) continue;
        const std::string suffix = entry.path.substr(database_path.size());
        if (suffix.empty()) {
            if (!database) database.emplace();
            database->bytes = entry.bytes;
            database->mode = entry.mode;
            database->uid = entry.uid;
            database->gid = entry.gid;
            database->readable = false;
            database->write = [source, copy](platform::DurableFile& file, base::Progress&) {
                copy(source, file);
            };
        } else if (suffix == "-wal" || suffix == "-journal") {  // the index of a log (-shm) is made anew
            if (!database) database.emplace();
            database->sidecars.push_back(
                {suffix, [source, copy](platform::DurableFile& file) { copy(source, file); }});
        }
    }
    if (database && !database->write) database.reset();
    return database;
}

}  // namespace

RestoreSource source_of_backup(const Repository& repository, const Manifest& manifest) {
    RestoreSource source;
    source.name = "backup " + manifest.id.brief();
    source.networks = manifest.networks;
    source.safety = manifest.type == repository::BackupType::safety;
    const auto packs = std::make_shared<const repository::PackSet>(repository, manifest);
    for (const FileEntry& entry : manifest.files) {
        FileSource file{entry, {}};
        if (entry.kind == FileKind::file) file.read_piece = FileReader(repository, packs, entry);
        source.files.push_back(std::move(file));
    }
    if (manifest.image) {
        source.database.emplace();
        source.database->bytes = manifest.image->bytes();
        source.database->mode = manifest.image->mode;
        source.database->uid = manifest.image->uid;
        source.database->gid = manifest.image->gid;
        source.database->write = [&repository, manifest](platform::DurableFile& file,
                                                         base::Progress& progress) {
            write_database(repository, manifest, file, {}, progress);
        };
        if (fits_in_flight(manifest))
            source.database->write_proved = [&repository, manifest](platform::DurableFile& file,
                                                                    const DatabaseSource::Prove& prove,
                                                                    base::Progress& progress) {
                write_database(repository, manifest, file, prove, progress);
            };
    } else {
        source.database = raw_database(source.files);
    }
    std::erase_if(source.files, [](const FileSource& file) { return file.entry.path.starts_with("data/"); });
    return source;
}

}  // namespace bt2c::restore
